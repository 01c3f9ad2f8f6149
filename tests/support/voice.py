"""A telephone's ear and mouth: RTP with a tone of its own, and what it hears of the other one.

Packets of 20 ms of G.711 A-law (RFC 3550, RFC 3551). Small enough to run hundreds in one process.
"""

import asyncio
import struct
from dataclasses import dataclass, field
from random import Random
from typing import Final, cast

from .g711 import PCMA, SAMPLES, strength, tone

HEADER: Final = struct.Struct("!BBHII")
VERSION_2: Final = 0x80
PACKET_TIME: Final = 0.020
PATIENCE: Final = 10.0
HEARD: Final = 0.5
"""Share of the energy from which on a tone counts as heard."""
KEPT_PAYLOADS: Final = 25
"""Half a second is enough to tell tones 50 Hz apart."""

Address = tuple[str, int]


@dataclass
class Heard:
    """What arrived."""

    packets: int = 0
    lost: int = 0
    """Sequence numbers that were passed over."""
    ssrcs: set[int] = field(default_factory=set)
    payload_types: set[int] = field(default_factory=set)
    sources: set[Address] = field(default_factory=set)
    payloads: list[bytes] = field(default_factory=list)
    """The last ones."""
    _expected: int | None = None

    def add(self, packet: bytes, source: Address) -> bytes:
        """Count a packet and return its payload."""
        _, marked_type, sequence_number, _, ssrc = HEADER.unpack_from(packet)
        self.packets += 1
        self.ssrcs.add(ssrc)
        self.payload_types.add(marked_type & 0x7F)
        self.sources.add(source)
        if self._expected is not None:
            self.lost += (sequence_number - self._expected) & 0xFFFF
        self._expected = (sequence_number + 1) & 0xFFFF
        payload = packet[HEADER.size :]
        self.payloads = [*self.payloads[-KEPT_PAYLOADS + 1 :], payload]
        return payload

    def hears(self, frequency: int) -> bool:
        """Return whether the last half second is mostly this tone."""
        return strength(self.payloads, frequency) > HEARD


class RtpSocket(asyncio.DatagramProtocol):
    """One RTP port. Sends a tone, or what it hears, once it knows where to."""

    def __init__(self, frequency: int, random: Random, echo: bool = False) -> None:
        self.heard = Heard()
        self.frequency = frequency
        """Hertz of our tone, a multiple of 50."""
        self.sent = 0
        self.remote: Address | None = None
        self._echo = echo
        self._ssrc = random.getrandbits(32)
        self._sequence_number = random.getrandbits(15)
        self._timestamp = random.getrandbits(31)
        self._transport: asyncio.DatagramTransport | None = None
        self._sender: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()

    @classmethod
    async def open(
        cls, host: str, frequency: int, random: Random, echo: bool = False
    ) -> "RtpSocket":
        """Open a port of the system's choice."""
        loop = asyncio.get_running_loop()
        _, protocol = await loop.create_datagram_endpoint(
            lambda: cls(frequency, random, echo), local_addr=(host, 0)
        )
        return protocol

    @property
    def port(self) -> int:
        """Our port."""
        assert self._transport is not None
        return int(self._transport.get_extra_info("sockname")[1])

    def talk(self, remote: Address) -> None:
        """Send to `remote` from now on; a later call moves the stream there."""
        self.remote = remote
        if self._sender is None and not self._echo:
            self._sender = asyncio.create_task(self._send_tone())

    def be_quiet(self) -> None:
        """Send nothing until the next `talk`."""
        self.remote = None

    async def hear(self, packets: int, timeout: float = PATIENCE) -> Heard:
        """Wait until `packets` more have arrived. Raises `AssertionError` when they don't."""
        before = self.heard.packets
        try:
            async with asyncio.timeout(timeout):
                while self.heard.packets < before + packets:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            heard = self.heard.packets - before
            raise AssertionError(f"heard {heard} of {packets} packets in {timeout} s") from None
        return self.heard

    def close(self) -> None:
        """Stop sending and close the port."""
        if self._sender is not None:
            self._sender.cancel()
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        if len(data) < HEADER.size or data[0] & 0xC0 != VERSION_2:
            return
        payload = self.heard.add(data, addr)
        self._changed.set()
        if self._echo and self.remote is not None:
            self._send(payload)

    async def _send_tone(self) -> None:
        loop = asyncio.get_running_loop()
        payloads = tone(self.frequency)
        due = loop.time()
        while True:
            if self.remote is not None:
                self._send(payloads[self.sent % len(payloads)])
            due += PACKET_TIME
            await asyncio.sleep(due - loop.time())

    def _send(self, payload: bytes) -> None:
        assert self._transport is not None
        header = HEADER.pack(VERSION_2, PCMA, self._sequence_number, self._timestamp, self._ssrc)
        self._transport.sendto(header + payload, self.remote)
        self.sent += 1
        self._sequence_number = (self._sequence_number + 1) & 0xFFFF
        self._timestamp = (self._timestamp + SAMPLES) & 0xFFFFFFFF
