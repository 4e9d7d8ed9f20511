"""``PolicyService``: policies for a platform's own editor. What takes long is done in a process of its own."""
