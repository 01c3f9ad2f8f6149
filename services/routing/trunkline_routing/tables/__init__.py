"""Tables in bulk: reading rows as others send them, and what importing them changes (RTE-24)."""
