"""CRM history: a mapping file says where its tables are, a snapshot keeps what is known of each customer as of one time."""
