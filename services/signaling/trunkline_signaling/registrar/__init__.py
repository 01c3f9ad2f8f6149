"""Requests that belong to no call: REGISTER (SIG-24), OPTIONS, and the methods we don't do."""
