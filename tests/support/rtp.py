"""RTP endpoints on the loopback interface, and free ports for a relay between them."""

import asyncio
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

LOOPBACK: Final = "127.0.0.1"
PATIENCE: Final = 2.0
"""Seconds after which a packet counts as lost."""

LONGEST: Final = 2048


class RtpPeer:
    """One endpoint's RTP socket."""

    def __init__(self, ip: str = LOOPBACK) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((ip, 0))
        self._socket.setblocking(False)
        self.address: tuple[str, int] = self._socket.getsockname()
        """Where it receives."""

    def send(self, to: tuple[str, int], packet: bytes) -> None:
        """Send one datagram."""
        self._socket.sendto(packet, to)

    async def receive(self, patience: float = PATIENCE) -> bytes:
        """Return the next datagram. Raises TimeoutError."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(patience):
            return await loop.sock_recv(self._socket, LONGEST)

    async def receive_payload(self, payload: bytes) -> bytes:
        """Return the next packet with this payload; others are skipped. Raises TimeoutError."""
        while (packet := await self.receive())[12:] != payload:
            continue
        return packet

    def close(self) -> None:
        """Give the port back."""
        self._socket.close()


@contextmanager
def rtp_peers(count: int) -> Iterator[list[RtpPeer]]:
    """Open endpoints for a block."""
    peers = [RtpPeer() for _ in range(count)]
    try:
        yield peers
    finally:
        for peer in peers:
            peer.close()


def rtp_packet(
    sequence_number: int, payload: bytes = b"\xd5" * 160, *, payload_type: int = 8, ssrc: int = 7
) -> bytes:
    """Return an RTP packet of 20 ms (RFC 3550 section 5.1)."""
    timestamp = 160 * sequence_number & 0xFFFFFFFF
    header = struct.pack("!BBHII", 0x80, payload_type, sequence_number & 0xFFFF, timestamp, ssrc)
    return header + payload


def free_port_range(pairs: int) -> tuple[int, int]:
    """Return a range of ports for `pairs` pairs, beginning at one the system just had free."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((LOOPBACK, 0))
        first = min(probe.getsockname()[1] & ~1, 60_000)
    return first, first + 2 * pairs - 1
