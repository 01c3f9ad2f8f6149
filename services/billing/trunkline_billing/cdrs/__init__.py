"""Call detail records (BIL-10): what a call was and what it cost."""
