"""What the transports have seen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class TransportCounters:
    """Plain numbers that only grow, but for `connections`."""

    datagrams_received: int = 0
    datagrams_sent: int = 0
    datagrams_dropped: int = 0
    """Not sent, because the socket's buffer was full."""
    frames_received: int = 0
    frames_sent: int = 0
    connections: int = 0
    """Open now, in both directions."""
    connections_refused: int = 0
    """Closed at once, because there were too many."""
    handshakes_failed: int = 0
    """TLS handshakes that came to nothing."""
    limited: int = 0
    """Messages and connections dropped unread, because their source sends too many."""
    connections_broken: int = 0
    """Closed because a stream could not be cut into messages, or its peer did not read."""
    connections_failed: int = 0
    """Could not be opened."""
