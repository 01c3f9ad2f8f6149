"""What every service stands on; it names no domain."""
