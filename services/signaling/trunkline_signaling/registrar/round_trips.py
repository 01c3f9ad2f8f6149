"""What a test of the network finds: round trips, loss, SIP status (MGT-08)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ..sip.flow import Address, Transport

PROBES: Final = 10


@dataclass(frozen=True, slots=True)
class Probe:
    """One OPTIONS and one ICMP echo. Round trips are in seconds, None without an answer."""

    number: int
    """From 1 on."""
    sip: float | None
    sip_status: int
    """0 without an answer."""
    icmp: float | None


@dataclass(frozen=True, slots=True)
class RoundTrips:
    """Seconds; None when every probe was lost."""

    shortest: float | None
    mean: float | None
    longest: float | None
    loss_percent: int


@dataclass(frozen=True, slots=True)
class NetworkTest:
    """A finished test."""

    target: str
    """As asked for."""
    address: Address
    transport: Transport
    start_time: float
    """UNIX seconds."""
    probes: tuple[Probe, ...]
    icmp_problem: str
    """Why no ICMP echo was sent; empty when they were."""

    @property
    def sip(self) -> RoundTrips:
        """Round trips of the OPTIONS."""
        return round_trips([probe.sip for probe in self.probes])

    @property
    def sip_status(self) -> int:
        """Status of the last response; 0 when none came."""
        return next((each.sip_status for each in reversed(self.probes) if each.sip_status), 0)

    @property
    def icmp(self) -> RoundTrips | None:
        """Round trips of the ICMP echoes; None when none was sent."""
        return None if self.icmp_problem else round_trips([each.icmp for each in self.probes])


def round_trips(times: Sequence[float | None]) -> RoundTrips:
    """Sum up one or more probes."""
    answered = [time for time in times if time is not None]
    loss = round(100 * (1 - len(answered) / len(times)))
    if not answered:
        return RoundTrips(None, None, None, loss)
    return RoundTrips(min(answered), sum(answered) / len(answered), max(answered), loss)
