"""Answers trunkline.routing.v1.RoutingService: decodes, asks the domain, encodes."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Final

from trunkline.routing.v1 import routing_pb2 as pb
from trunkline.routing.v1.routing_pb2_grpc import RoutingServiceServicer
from trunkline_kernel.rpc import Context

from ..calls.announcement import announced
from ..calls.explain import explain
from ..calls.health import GatewayReport
from ..calls.refusals import Refusal
from ..calls.router import Router
from ..calls.status import statuses
from ..observation import Observation
from .decode import attempt_from_proto, call_from_proto, report_from_proto, seat_from_proto
from .encode import candidate_to_proto, decision_to_proto, explanation_to_proto, refusal_to_proto
from .status import status_to_proto

SEED_BITS: Final = 63
"""What a seed of routing's own choosing has, so that it fits everybody's integers."""


Reports = Callable[[str, list[GatewayReport], datetime], None]
"""Takes what an instance reports about gateways."""


class RoutingServicer(RoutingServiceServicer):
    """One router over the contract. `clock` gives the present in UTC."""

    def __init__(
        self,
        router: Router,
        reports: Reports,
        observation: Observation,
        clock: Callable[[], datetime],
    ) -> None:
        self._router = router
        self._reports = reports
        self._observation = observation
        self._clock = clock

    async def Route(self, request: pb.RouteRequest, context: Context) -> pb.RouteResponse:
        """Decide over a call and take its seats."""
        now = self._clock()
        call = call_from_proto(request, now)
        with self._observation.deciding("route"):
            decision = await self._router.route(call, now)
        self._observation.routed(decision)
        return decision_to_proto(decision)

    async def NextCandidate(
        self, request: pb.NextCandidateRequest, context: Context
    ) -> pb.NextCandidateResponse:
        """Book a failed attempt and offer the next candidate."""
        failed = attempt_from_proto(request.failed)
        with self._observation.deciding("next_candidate"):
            following = await self._router.next(request.call_id, failed, self._clock())
        self._observation.switched(found=not isinstance(following, Refusal))
        if isinstance(following, Refusal):
            return pb.NextCandidateResponse(exhausted=refusal_to_proto(following))
        return pb.NextCandidateResponse(candidate=candidate_to_proto(following, failed.number + 1))

    async def Release(self, request: pb.ReleaseRequest, context: Context) -> pb.ReleaseResponse:
        """Free a call's seats and book its outcome."""
        talk = request.talk_duration.ToTimedelta()
        last = attempt_from_proto(request.last, talk) if request.HasField("last") else None
        await self._router.release(request.call_id, last, self._clock())
        return pb.ReleaseResponse()

    async def RenewLeases(
        self, request: pb.RenewLeasesRequest, context: Context
    ) -> pb.RenewLeasesResponse:
        """Keep an instance's seats."""
        known = await self._router.renew(request.signaling_instance, request.epoch, self._clock())
        return pb.RenewLeasesResponse(known=known)

    async def AnnounceSeats(
        self, request: pb.AnnounceSeatsRequest, context: Context
    ) -> pb.AnnounceSeatsResponse:
        """Take the seats of live calls again."""
        calls = map(seat_from_proto, request.seats)
        view = self._router.view
        taken = announced(calls, request.signaling_instance, view.snapshot)
        await view.seats.announce(
            request.signaling_instance, request.epoch, taken, self._clock().timestamp()
        )
        return pb.AnnounceSeatsResponse()

    async def ReportGateways(
        self, request: pb.ReportGatewaysRequest, context: Context
    ) -> pb.ReportGatewaysResponse:
        """Take what an instance learnt about gateways."""
        reports = [report_from_proto(each) for each in request.gateways]
        self._reports(request.signaling_instance, reports, self._clock())
        return pb.ReportGatewaysResponse()

    async def Explain(self, request: pb.ExplainRequest, context: Context) -> pb.ExplainResponse:
        """Say what would become of a call, and why."""
        call = call_from_proto(request.call, self._clock(), thought_of=True)
        seed = request.seed or secrets.randbits(SEED_BITS)
        return explanation_to_proto(
            explain(call, self._router.view, self._router.portability, seed), seed
        )

    async def ListGateways(
        self, request: pb.ListGatewaysRequest, context: Context
    ) -> pb.ListGatewaysResponse:
        """List gateways as they are now."""
        found = statuses(self._router.view, self._clock())
        return pb.ListGatewaysResponse(gateways=map(status_to_proto, found))
