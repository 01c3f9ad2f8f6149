"""Prices of numbers, as replicated from billing: compact, read-only, looked up on every call."""
