"""The money of a call before, during and after it (BIL-04 to BIL-08): decisions without I/O."""
