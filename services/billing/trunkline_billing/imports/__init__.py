"""Rate decks from files as vendors send them: read, compared, taken over, taken back (BIL-01)."""
