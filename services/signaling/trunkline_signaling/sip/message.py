"""Requests and responses (RFC 3261 section 7): what they hold, and how they are printed."""

from __future__ import annotations

from typing import TypeAlias

from ._wire import Request, Response

__all__ = ["Message", "Request", "Response"]

Message: TypeAlias = Request | Response
