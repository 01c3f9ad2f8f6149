"""The configuration as decisions see it: immutable, compiled once, replaced as a whole."""
