"""One call's way through routing: what it says, what is decided, what is remembered of it."""
