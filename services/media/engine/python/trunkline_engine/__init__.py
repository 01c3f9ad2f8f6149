"""The media engine: commands go down, facts come up; nothing in Python runs per packet."""
