"""Who would be treated differently by another version of a policy: counted over a backlog or the decision log."""
