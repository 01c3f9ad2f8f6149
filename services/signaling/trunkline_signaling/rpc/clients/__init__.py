"""Clients of the other services: domain values to protos and back, a deadline on each call."""
