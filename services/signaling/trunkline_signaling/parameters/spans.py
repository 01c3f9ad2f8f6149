"""How spans of time are declared."""

from __future__ import annotations

from trunkline_kernel.parameters import IntParameter


def wait(name: str, default: int, maximum: int, meaning: str, scope: str = "sip") -> IntParameter:
    """Declare a wait of 1 to `maximum` seconds."""
    return IntParameter(
        name,
        default=default,
        minimum=1,
        maximum=maximum,
        unit="s",
        scope=scope,
        meaning=meaning,
    )


def seconds(name: str, default: int, minimum: int, maximum: int, meaning: str) -> IntParameter:
    """Declare a span of seconds in SIP."""
    return IntParameter(
        name,
        default=default,
        minimum=minimum,
        maximum=maximum,
        unit="s",
        scope="sip",
        meaning=meaning,
    )
