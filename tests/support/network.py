"""A lossy, seeded network on virtual time, for peers that are driven by input and `now` alone."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Protocol

from trunkline_signaling.sip.flow import Address, Flow, Transport
from trunkline_signaling.sip.outputs import Transmit


class Node(Protocol):
    """A peer: it takes datagrams and time, and hands out what it wants to send."""

    def receive(self, data: bytes, flow: Flow, now: float) -> None:
        """Take a datagram."""

    def on_timer(self, now: float) -> None:
        """Do what is due."""

    def next_deadline(self) -> float | None:
        """Return when `on_timer` wants to be called."""

    def transmissions(self) -> list[Transmit]:
        """Return what is to be sent, and forget it."""


@dataclass(frozen=True)
class Weather:
    """How badly the network treats each datagram."""

    loss: float = 0.0
    """Probability that it vanishes."""
    duplication: float = 0.0
    """Probability that it arrives twice."""
    min_delay: float = 0.001
    max_delay: float = 0.001
    """Seconds; with different delays datagrams overtake each other."""


@dataclass(frozen=True)
class Datagram:
    """What went over the wire, for traces."""

    sent_at: float
    source: Address
    destination: Address
    data: bytes

    def __str__(self) -> str:
        line = self.data.partition(b"\r\n")[0].decode("utf-8", "replace")
        return f"{self.sent_at:8.3f} {self.source[0]} -> {self.destination[0]}  {line}"


class LossyNetwork:
    """Connects nodes by address and runs them until nothing is left to do.

    The same seed gives the same run. `trace` holds all that was sent, lost or not.
    """

    def __init__(self, seed: int = 0, weather: Weather | None = None) -> None:
        self.now = 0.0
        self.weather = weather or Weather()
        self.trace: list[Datagram] = []
        self._random = Random(seed)
        self._nodes: dict[Address, Node] = {}
        self._arrivals: list[tuple[float, int, Datagram]] = []
        self._serial = count()

    def attach(self, address: Address, node: Node) -> None:
        """Give a node its address."""
        self._nodes[address] = node

    def run(self, until: float) -> None:
        """Deliver and wake up in order of time, up to and including `until`."""
        self._collect()
        while (moment := self._next_moment()) is not None and moment <= until:
            self.now = max(self.now, moment)
            self._deliver_due()
            for node in self._nodes.values():
                node.on_timer(self.now)
            self._collect()
        self.now = until

    def sent_from(self, address: Address) -> list[str]:
        """Return the start lines a node has sent."""
        return [
            datagram.data.partition(b"\r\n")[0].decode()
            for datagram in self.trace
            if datagram.source == address
        ]

    def _next_moment(self) -> float | None:
        moments = [node.next_deadline() for node in self._nodes.values()]
        if self._arrivals:
            moments.append(self._arrivals[0][0])
        return min((moment for moment in moments if moment is not None), default=None)

    def _deliver_due(self) -> None:
        while self._arrivals and self._arrivals[0][0] <= self.now:
            _, _, datagram = heappop(self._arrivals)
            node = self._nodes.get(datagram.destination)
            if node is not None:
                flow = Flow(Transport.UDP, datagram.source, datagram.destination)
                node.receive(datagram.data, flow, self.now)

    def _collect(self) -> None:
        for address, node in self._nodes.items():
            for transmit in node.transmissions():
                self._post(Datagram(self.now, address, transmit.flow.remote, transmit.data))

    def _post(self, datagram: Datagram) -> None:
        self.trace.append(datagram)
        weather = self.weather
        if self._random.random() < weather.loss:
            return
        for _ in range(1 + (self._random.random() < weather.duplication)):
            delay = self._random.uniform(weather.min_delay, weather.max_delay)
            heappush(self._arrivals, (self.now + delay, next(self._serial), datagram))
