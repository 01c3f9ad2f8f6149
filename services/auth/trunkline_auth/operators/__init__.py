"""Management users: how they log in and what they may do. No I/O, no clock."""
