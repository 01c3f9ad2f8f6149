"""Sessions, leases and quality, decided without I/O: facts and `now` come in as arguments."""
