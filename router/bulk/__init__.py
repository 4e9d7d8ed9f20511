"""A whole backlog, decided and put in order: the tables that come in, the queue that goes out, and what is said of it."""
