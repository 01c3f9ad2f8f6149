"""The rules of RFC 3261 section 25.1 that more than one header field shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ._wire import (
    format_host_port,
    format_params,
    is_token,
    parse_host,
    parse_host_port,
    parse_params,
    parse_uint,
    quote,
    unescape_quoted,
)

__all__ = [
    "NO_PARAMS",
    "Params",
    "format_host_port",
    "format_params",
    "is_token",
    "parse_host",
    "parse_host_port",
    "parse_params",
    "parse_uint",
    "quote",
    "unescape_quoted",
]

Params = Mapping[str, str | None]
"""Parameters by lower-case name, values unquoted; None for a parameter without a value."""

NO_PARAMS: Final[Params] = {}
