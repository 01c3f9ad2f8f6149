"""Trunkline's media service."""
