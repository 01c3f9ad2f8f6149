"""Ports for what a test starts.

They lie above Linux's ephemeral ports (32768 to 60999), so that no outgoing connection takes one
between this look and the bind.
"""

import random
import socket

FIRST, LAST = 61_000, 65_535
PROBED = 4_000
"""So many are looked at before it is said that there is none."""

_given: set[int] = set()
"""Ports that were asked for, though maybe nothing is bound to them yet."""


def free_port(*others: int) -> int:
    """Return a port that is free on every address, UDP and TCP, and so are those `others` above it.

    No port is given twice before all were. Raises `RuntimeError` when there is none.
    """
    for _ in range(2):
        for port in random.sample(range(FIRST, LAST + 1 - max(others, default=0)), PROBED):
            ports = {port, *(port + other for other in others)}
            if _given.isdisjoint(ports) and all(map(is_free, ports)):
                _given.update(ports)
                return port
        _given.clear()
    raise RuntimeError(f"no free port between {FIRST} and {LAST}")


def free_ports(count: int) -> list[int]:
    """Return that many different free ports. Raises `RuntimeError` if there are too few."""
    return [free_port() for _ in range(count)]


def is_free(port: int) -> bool:
    """Return whether a port is free on every address, for UDP and TCP."""
    return all(_can_bind(kind, port) for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM))


def _can_bind(kind: socket.SocketKind, port: int) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind(("0.0.0.0", port))  # noqa: S104 - looked at, closed again
        except OSError:
            return False
    return True
