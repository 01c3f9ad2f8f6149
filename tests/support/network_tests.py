"""Tests of the network from a `SwitchBench`, with an ICMP that is none."""

from random import Random

from support.reach import Changes
from support.switch import KnownAddresses, LoopClock, OneAddress, SwitchBench
from trunkline_signaling.registrar.gateways import Gateway
from trunkline_signaling.shell.network_tests import NetworkTests
from trunkline_signaling.shell.probes import Probes


class Ping:
    """Gives an ICMP reply after 10 ms but for the third, unless it is forbidden."""

    def __init__(self) -> None:
        self.forbidden = ""

    def problem(self, ip: str) -> str:
        """Return why not."""
        return self.forbidden

    async def round_trip(self, ip: str, sequence: int, patience: float) -> float | None:
        """Lose the third."""
        return None if sequence == 3 else 0.01


def network_tests(bench: SwitchBench, ping: Ping, *gateways: Gateway) -> NetworkTests:
    """Return the tests of a switch that knows these gateways."""
    inquiries, own, random = bench.switch.inquiries, OneAddress(), Random(1)
    probes = Probes(inquiries, KnownAddresses(), own, random, Changes(), lambda: 60)
    for gateway in gateways:
        probes.put(gateway)
    return NetworkTests(
        inquiries, probes, KnownAddresses(), KnownAddresses, own, random, LoopClock(), ping
    )
