"""Trunkline's auth service."""
