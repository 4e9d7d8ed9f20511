"""Decides how a customer-service case is handled: who the customer is to the company, what went wrong, what to do next."""
