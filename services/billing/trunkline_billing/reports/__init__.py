"""Sums over CDRs (BIL-16, MGT-11) and their comparison with a peer's books (BIL-14)."""
