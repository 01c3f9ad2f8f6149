"""Tests of the network as the contract spells them (MGT-08)."""

from __future__ import annotations

from datetime import timedelta

from google.protobuf.duration_pb2 import Duration
from trunkline.signaling.v1 import signaling_pb2 as pb

from ..registrar.round_trips import NetworkTest, Probe, RoundTrips
from .clients.shared import TRANSPORTS, encode_address, encode_span, encode_time


def encode_step(step: Probe | NetworkTest, instance: str) -> pb.TestNetworkResponse:
    """Encode what a test on `instance` yields."""
    if isinstance(step, NetworkTest):
        return pb.TestNetworkResponse(result=encode_test(step, instance))
    probe = pb.NetworkProbe(
        number=step.number,
        sip_duration=_span(step.sip),
        sip_status=step.sip_status,
        icmp_duration=_span(step.icmp),
    )
    return pb.TestNetworkResponse(probe=probe)


def encode_test(test: NetworkTest, instance: str) -> pb.NetworkTest:
    """Encode a finished test."""
    return pb.NetworkTest(
        signaling_instance=instance,
        target=test.target,
        address=encode_address(test.address),
        transport=TRANSPORTS[test.transport],
        start_time=encode_time(test.start_time),
        sip=_round_trips(test.sip),
        sip_status=test.sip_status,
        icmp=_round_trips(test.icmp) if test.icmp is not None else None,
        icmp_problem=test.icmp_problem,
    )


def _round_trips(times: RoundTrips) -> pb.RoundTrips:
    return pb.RoundTrips(
        min_duration=_span(times.shortest),
        avg_duration=_span(times.mean),
        max_duration=_span(times.longest),
        loss_percent=times.loss_percent,
    )


def _span(seconds: float | None) -> Duration | None:
    return None if seconds is None else encode_span(timedelta(seconds=seconds))
