"""The switch of `support.switch` with the real routing behind it: documents in, messages out."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from support.routing import CUSTOMER, Specs, documents
from support.switch import SWITCH, VENDOR, SwitchBench, answers, caller
from support.user_agent import UserAgent
from trunkline.routing.v1.routing_pb2_grpc import add_RoutingServiceServicer_to_server
from trunkline_kernel.metrics import Metrics
from trunkline_kernel.parameters import Parameters
from trunkline_kernel.rpc import Dispatcher, InProcessChannel
from trunkline_routing.composition import Routing
from trunkline_routing.declarations import DECLARED
from trunkline_routing.model.builder import build_snapshot
from trunkline_signaling.calls.parties import Endpoint, EndpointKind
from trunkline_signaling.calls.services import Allowed, GatewayReport
from trunkline_signaling.rpc.clients.routing import RoutingClient
from trunkline_signaling.shell.handovers import Handovers
from trunkline_signaling.shell.ports import Observer
from trunkline_signaling.sip.flow import Address
from trunkline_signaling.sip.message import Request

ACME = Endpoint(EndpointKind.MAPPING_GATEWAY, CUSTOMER.name)
VENDOR_ADDRESS = f"{VENDOR[0]}:{VENDOR[1]}"


class RoutedBench(SwitchBench):
    """Documents are given by kind as `support.routing.documents` takes them."""

    def __init__(
        self,
        *agents: UserAgent,
        parameters: Mapping[str, str] | None = None,
        observer: Observer | None = None,
        handovers: Handovers | None = None,
        address: Address = SWITCH,
        instance: str = "signaling-1",
        **specs: Specs | None,
    ) -> None:
        self.service = _routing(parameters or {}, specs)
        dispatcher = Dispatcher(Metrics("routing"))
        dispatcher.add(add_RoutingServiceServicer_to_server, self.service.servicer)
        self.client = RoutingClient(InProcessChannel(dispatcher))
        super().__init__(
            *agents,
            routing=self.client,
            observer=observer,
            handovers=handovers,
            address=address,
            instance=instance,
        )
        self.auth.decision = Allowed(ACME)


async def sent_invite(
    invite: Request,
    *,
    vendor: Mapping[str, Any] | None = None,
    customer: Mapping[str, Any] | None = None,
    **parameters: str,
) -> Request:
    """Return what a vendor of this document gets when the customer sends that INVITE."""
    alice, bob = caller(), UserAgent(VENDOR, script=answers)
    bench = RoutedBench(
        alice,
        bob,
        parameters=parameters,
        mapping={CUSTOMER.name: customer or {}},
        routing={"vox": {"address": VENDOR_ADDRESS, **(vendor or {})}},
    )
    await bench.client.report_gateways("signaling-1", [GatewayReport("vox", reachable=True)])
    bench.call(alice, invite)
    await asyncio.sleep(1)
    (sent,) = bench.requests(VENDOR)
    return sent


def _routing(parameters: Mapping[str, str], specs: Mapping[str, Specs | None]) -> Routing:
    values = Parameters(DECLARED)
    values.replace(dict(parameters))
    routing = Routing(
        clock=lambda: datetime.fromtimestamp(asyncio.get_running_loop().time(), UTC),
        rng=random.Random(1),
        metrics=Metrics("routing"),
        zone=UTC,
        values=values,
    )
    routing.view.snapshot = build_snapshot(documents(**specs))
    return routing
