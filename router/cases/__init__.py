"""The case, its timeline, and the facts of one case."""
