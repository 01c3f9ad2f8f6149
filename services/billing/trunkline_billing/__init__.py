"""Trunkline's billing service."""
