"""Who may come in, and what the others get (AUT-01 to AUT-07). No I/O, no clock."""
