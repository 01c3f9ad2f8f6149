"""CDRs leave the house: text files and pushes, off the path of every call (BIL-11, BIL-12)."""
