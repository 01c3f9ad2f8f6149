"""Trunkline's routing service."""
