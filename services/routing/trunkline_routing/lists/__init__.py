"""Numbers on lists, as replicated from auth (AUT-13 to AUT-15)."""
