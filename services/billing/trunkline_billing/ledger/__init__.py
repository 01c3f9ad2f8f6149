"""The append-only double-entry ledger: every transaction sums to zero, nothing is ever changed."""
