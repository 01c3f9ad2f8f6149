"""Deadlines of many things at once."""

from __future__ import annotations

from ._wire import Deadlines

__all__ = ["Deadlines"]
