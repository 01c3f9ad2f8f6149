"""What is wrong now, told once, until it is over (MGT-13)."""
