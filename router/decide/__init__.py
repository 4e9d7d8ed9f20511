"""From a case and what the CRM knows to a decision."""
