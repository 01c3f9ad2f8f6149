"""The SIP network of the simulation: UDP that loses, repeats, delays and so reorders."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random

from support.network import Weather
from trunkline_signaling.sip.flow import Address, Flow, Transport

from .trace import Trace

Receiver = Callable[[bytes, Flow], None]


class Wire:
    """Carries datagrams between addresses."""

    def __init__(self, random: Random, weather: Weather, trace: Trace) -> None:
        self.weather = weather
        self.datagrams = 0
        """How many were sent."""
        self._random = random
        self._trace = trace
        self._receivers: dict[Address, Receiver] = {}

    def attach(self, address: Address, receiver: Receiver) -> None:
        """Give what arrives at `address` to `receiver`."""
        self._receivers[address] = receiver

    def detach(self, address: Address) -> None:
        """Let what arrives at `address` vanish."""
        self._receivers.pop(address, None)

    def send(self, data: bytes, source: Address, destination: Address) -> None:
        """Send a datagram."""
        loop = asyncio.get_running_loop()
        self.datagrams += 1
        self._trace.note(loop.time(), _subject(data), _describe(data, source, destination), data)
        weather = self.weather
        if self._random.random() < weather.loss:
            return
        copies = 2 if self._random.random() < weather.duplication else 1
        for _ in range(copies):
            delay = self._random.uniform(weather.min_delay, weather.max_delay)
            loop.call_later(delay, self._deliver, data, source, destination)

    def _deliver(self, data: bytes, source: Address, destination: Address) -> None:
        receiver = self._receivers.get(destination)
        if receiver is not None:
            receiver(data, Flow(Transport.UDP, source, destination))


def _subject(data: bytes) -> str:
    """Return the Call-ID: what lets a leg's messages be found."""
    _, found, rest = data.partition(b"Call-ID: ")
    return rest.partition(b"\r\n")[0].decode("utf-8", "replace") if found else ""


def _describe(data: bytes, source: Address, destination: Address) -> str:
    line = data.partition(b"\r\n")[0].decode("utf-8", "backslashreplace")
    _, _, cseq = data.partition(b"CSeq: ")
    number = cseq.partition(b"\r\n")[0].decode("utf-8", "backslashreplace")
    return f"{source[0]} -> {destination[0]}  {line}  [{number}]"
