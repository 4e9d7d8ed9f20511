"""Between the wire and the domain: the only code that knows the generated messages."""
