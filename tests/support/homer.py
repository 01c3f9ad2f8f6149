"""A collector of SIP messages that decodes HEP version 3 by its public document."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from trunkline_signaling.sip.flow import Address


def chunks(packet: bytes) -> dict[int, bytes]:
    """Decode a packet by the public document: type by value."""
    assert packet[:4] == b"HEP3"
    assert struct.unpack("!H", packet[4:6]) == (len(packet),)
    found, at = {}, 6
    while at < len(packet):
        vendor, kind, size = struct.unpack("!HHH", packet[at : at + 6])
        assert vendor == 0
        found[kind] = packet[at + 6 : at + size]
        at += size
    return found


class Homer(asyncio.DatagramProtocol):
    """A collector."""

    def __init__(self) -> None:
        self.packets: list[dict[int, bytes]] = []

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Decode a packet."""
        self.packets.append(chunks(data))


@asynccontextmanager
async def homer() -> AsyncIterator[tuple[Homer, Address]]:
    """Give a collector on loopback, and its address."""
    made, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
        Homer, local_addr=("127.0.0.1", 0)
    )
    yield protocol, made.get_extra_info("sockname")
    made.close()
    await asyncio.sleep(0)  # lets it report that it is closed
