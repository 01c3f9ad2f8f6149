"""Clients of the other services: domain values to protos and back, and the deadline of each call."""
