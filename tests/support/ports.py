"""Ports for what a test starts.

They lie above Linux's ephemeral ports (32768 to 60999), so that no outgoing connection takes one
between this look and the bind.
"""

import random
import socket

FIRST, LAST = 61_000, 65_535


def free_port() -> int:
    """Return a port that is free on every address, for UDP and TCP."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """Return that many different free ports. Raises `RuntimeError` if there are too few."""
    some = [port for port in random.sample(range(FIRST, LAST + 1), 20 * count) if is_free(port)]
    if len(some) < count:
        raise RuntimeError(f"fewer than {count} free ports between {FIRST} and {LAST}")
    return some[:count]


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
