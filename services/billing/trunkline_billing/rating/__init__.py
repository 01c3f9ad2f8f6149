"""What a call costs (BIL-01, BIL-02, BIL-05): pure functions of values, without I/O or a clock."""
