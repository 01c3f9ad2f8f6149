"""Seats: calls in progress against the limits of gateways, groups and phones, kept as leases."""
