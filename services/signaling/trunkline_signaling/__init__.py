"""Trunkline's signaling service."""
