"""Policies: from text to a plan, and the plan as a function."""
