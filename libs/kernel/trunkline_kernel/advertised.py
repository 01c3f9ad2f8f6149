"""The check that what peers are told is an address they can reach."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address


def require_public(setting: str, addresses: Iterable[IPv4Address | IPv6Address | None]) -> None:
    """Raise `ValueError` unless every address is said and belongs to the internet (RFC 6890)."""
    for address in addresses:
        if address is None:
            raise ValueError(f"{setting} must be set when private addresses are not allowed")
        if not address.is_global:
            raise ValueError(
                f"{setting}: {address} is no address of the internet; give the public one, or set"
                " ALLOW_PRIVATE_ADDRESS when peers are on the same network"
            )
