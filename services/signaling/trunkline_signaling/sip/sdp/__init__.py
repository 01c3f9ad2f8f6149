"""Session descriptions (RFC 8866, RFC 4566): lines kept as they came, read and rewritten by name.

Offer and answer are policy and live with the calls.
"""

from typing import Final

from .description import SessionDescription
from .sections import MediaDescription, Section
from .values import Crypto, Direction, Origin, RtpMap, address_type

CONTENT_TYPE: Final = "application/sdp"

__all__ = [
    "CONTENT_TYPE",
    "Crypto",
    "Direction",
    "MediaDescription",
    "Origin",
    "RtpMap",
    "Section",
    "SessionDescription",
    "address_type",
]
