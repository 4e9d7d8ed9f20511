"""Scenarios: cases with what a policy is expected to decide of them, and their runner."""
