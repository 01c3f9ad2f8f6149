"""From bytes to messages (RFC 3261 sections 7 and 18.3).

A message is split once; what a header field means is found out when somebody asks (`Headers`).
Only the frame is judged here: start line, header lines, body length. `validation` does the rest.
"""

from __future__ import annotations

from ._wire import parse_datagram, parse_framed

__all__ = ["parse_datagram", "parse_framed"]
