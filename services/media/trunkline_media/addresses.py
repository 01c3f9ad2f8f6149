"""Which of this machine's addresses a peer is told to send to.

The relay listens on `bind` addresses. What peers are told is configured beside each, or else found
by asking the system which source address it would use towards the peer; nothing is sent for that.
"""

import socket
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import ip_address
from typing import Final

from .domain.session import LocalAddress

ELSEWHERE: Final = {4: "192.0.2.1", 6: "2001:db8::1"}
"""Documentation addresses (RFC 5737, RFC 3849): routed by default, never reached."""

LOOPBACK: Final = {4: "127.0.0.1", 6: "::1"}


class LocalAddresses:
    """The relay's addresses, in the order in which the engine has them."""

    def __init__(self, bind: Sequence[str], advertised: Sequence[str] = ()) -> None:
        self._bind = [ip_address(ip) for ip in bind]
        self._advertised = list(advertised)
        self.towards = lru_cache(maxsize=4096)(self._towards)

    def _towards(self, remote_ip: str | None) -> LocalAddress:
        """Choose the local address for a peer, by its IP version.

        A peer that is not known, or whose IP version nothing here speaks, gets the first address.
        """
        version = ip_address(remote_ip).version if remote_ip else self._bind[0].version
        index = next((i for i, ip in enumerate(self._bind) if ip.version == version), 0)
        if self._advertised:
            return LocalAddress(index, self._advertised[index])
        bound = self._bind[index]
        if not bound.is_unspecified:
            return LocalAddress(index, str(bound))
        return LocalAddress(index, source_address(remote_ip, bound.version))


def source_address(remote_ip: str | None, version: int) -> str:
    """Return the address this machine would send from to `remote_ip`, or to anywhere."""
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((remote_ip or ELSEWHERE[version], 9))
        except OSError:  # no route: this machine speaks to itself only
            return LOOPBACK[version]
        name: str = probe.getsockname()[0]
        return name
