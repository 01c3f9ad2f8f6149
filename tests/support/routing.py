"""A routing service without a service: documents in, decisions out, at a time of the test's own."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from pydantic import BaseModel
from trunkline_routing.calls.call import Call, Identity, PassedOn
from trunkline_routing.calls.decision import Attempt, Decision, Plan
from trunkline_routing.calls.explain import Explanation, Verdict, explain
from trunkline_routing.calls.health import MemoryHealth
from trunkline_routing.calls.outcomes import Outcomes
from trunkline_routing.calls.refusals import Refusal
from trunkline_routing.calls.router import Router
from trunkline_routing.candidates.offer import Offer
from trunkline_routing.capacity.memory import MemorySeats
from trunkline_routing.capacity.rotation import MemoryRotation
from trunkline_routing.capacity.seats import Seats
from trunkline_routing.documents.kinds import KINDS
from trunkline_routing.lrn.portability import LrnError, Portability
from trunkline_routing.model.builder import build_snapshot
from trunkline_routing.model.callers import Endpoint, Kind
from trunkline_routing.parameters import Parameters
from trunkline_routing.quality.windows import MemoryQuality
from trunkline_routing.rates.book import RateBook, Tariff
from trunkline_routing.rates.deck import Deck
from trunkline_routing.rates.price import Price
from trunkline_routing.view import View

NOON = datetime(2026, 1, 14, 12, tzinfo=UTC)
"""A Wednesday."""

CUSTOMER = Endpoint(Kind.MAPPING_GATEWAY, "acme")

Specs = Mapping[str, Mapping[str, Any]]


def documents(
    *,
    mapping: Specs | None = None,
    routing: Specs | None = None,
    phones: Specs | None = None,
    bound_numbers: Specs | None = None,
    groups: Specs | None = None,
    transforms: Specs | None = None,
    calendars: Specs | None = None,
    areas: Specs | None = None,
    mobiles: Specs | None = None,
    lrn: Specs | None = None,
    domains: Specs | None = None,
) -> dict[str, dict[str, BaseModel]]:
    """Read documents as they would be applied; `acme` and static addresses are filled in."""
    given: dict[str, tuple[Specs | None, Mapping[str, Any]]] = {
        "Domain": (domains, {}),
        "GatewayGroup": (groups, {}),
        "Calendar": (calendars, {}),
        "AreaTable": (areas, {}),
        "MobileTable": (mobiles, {}),
        "NumberTransform": (transforms, {}),
        "MappingGateway": ({"acme": {}} if mapping is None else mapping, {"account": "{name}"}),
        "RoutingGateway": (routing, {"account": "{name}", "address": "{name}.example:5060"}),
        "Phone": (phones, {"account": "{name}"}),
        "BoundNumber": (bound_numbers, {}),
        "RouteTest": (None, {}),
        "LrnTable": (lrn, {}),
    }
    return {
        kind.name: {
            name: kind.spec.model_validate({**_named(defaults, name), **spec})
            for name, spec in (specs or {}).items()
        }
        for kind in KINDS
        for specs, defaults in [given[kind.name]]
    }


def _named(defaults: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {field: value.format(name=name) for field, value in defaults.items()}


def per_minute(price: str) -> Price:
    """Return a price a minute that is charged by the minute."""
    return Price(Decimal(price), 60)


def rate_book(rates: Mapping[str, Mapping[str, Price]]) -> RateBook:
    """Return the book in which each account has a rate group of its own."""
    return RateBook(
        {account: Tariff(account, "USD") for account in rates},
        {
            account: Deck(zip(prices, range(len(prices)), strict=True), list(prices.values()))
            for account, prices in rates.items()
        },
    )


class LrnServer:
    """Answers from `ported`; silent, broken or counting as the test wants."""

    def __init__(self) -> None:
        self.ported: dict[str, str] = {}
        self.asked: list[str] = []
        self.silent = False
        self.broken = ""

    async def ask(self, address: str, key: str) -> str | None:
        """Return the routing number of `key`."""
        self.asked.append(key)
        if self.silent:
            await asyncio.Event().wait()
        if self.broken:
            raise LrnError(self.broken)
        await asyncio.sleep(0)
        return self.ported.get(key)


class Bench:
    """A router over given documents, prices and parameters."""

    def __init__(
        self,
        *,
        rates: Mapping[str, Mapping[str, Price]] | None = None,
        parameters: Parameters | None = None,
        seed: int = 1,
        one_seed: bool = False,
        seats: Seats | None = None,
        **specs: Specs | None,
    ) -> None:
        rng = random.Random(seed)
        self.seats = seats or MemorySeats()
        self.health = MemoryHealth()
        self.quality = MemoryQuality()
        self.now = NOON
        self.view = View(
            self.seats,
            self.health,
            self.quality,
            build_snapshot(documents(**specs)),
            rate_book(rates or {}),
            parameters or Parameters(),
        )
        outcomes = Outcomes(self.health, self.quality, self.view)
        self.lrn_server = LrnServer()
        self.portability = Portability(self.view, self.lrn_server, lambda: self.now)
        self.router = Router(
            self.view,
            portability=self.portability,
            rotation=MemoryRotation(),
            outcomes=outcomes,
            seeds=(lambda: seed) if one_seed else lambda: rng.getrandbits(63),
        )
        self._calls = 0

    def call(
        self,
        callee: str = "442071234567",
        caller: str = "15551234",
        *,
        id: str = "",
        endpoint: Endpoint = CUSTOMER,
        source: str = "192.0.2.10",
        passed_on: PassedOn | None = None,
        **headers: str,
    ) -> Call:
        """Return a call to `callee`, arriving now, with an id of its own."""
        self._calls += 1
        identity = {"from_user": caller, "to_user": callee, "request_uri_user": callee, **headers}
        call_id = id or f"call-{self._calls}"
        return Call(
            call_id, "signaling-1", endpoint, source, Identity(**identity), self.now, passed_on
        )

    async def route(self, *args: str, **kwargs: Any) -> Decision:
        """Route a call built as `call` builds it."""
        return await self.router.route(self.call(*args, **kwargs), self.now)

    async def plan(self, *args: str, **kwargs: Any) -> Plan:
        """Route a call that goes somewhere."""
        outcome = (await self.route(*args, **kwargs)).outcome
        assert isinstance(outcome, Plan), outcome
        return outcome

    async def refusal(self, *args: str, **kwargs: Any) -> Refusal:
        """Route a call that goes nowhere."""
        outcome = (await self.route(*args, **kwargs)).outcome
        assert isinstance(outcome, Refusal), outcome
        return outcome

    async def fail(
        self, call_id: str, number: int, gateway: str, *, retry_after: timedelta | None = None
    ) -> Offer | Refusal:
        """Say that an attempt failed; return what comes next."""
        endpoint = Endpoint(Kind.ROUTING_GATEWAY, gateway)
        attempt = Attempt(number, endpoint, retry_after=retry_after)
        return await self.router.next(call_id, attempt, self.now)

    def explain(self, *args: str, seed: int = 1, **kwargs: Any) -> Explanation:
        """Explain a call built as `call` builds it."""
        return self.explain_call(self.call(*args, **kwargs), seed)

    def explain_call(self, call: Call, seed: int = 1) -> Explanation:
        """Explain a call."""
        return explain(call, self.view, self.portability, seed)

    def verdict(self, gateway: str, *args: str, **kwargs: Any) -> Verdict:
        """Explain one gateway for a call."""
        verdicts = self.explain(*args, **kwargs).verdicts
        return next(each for each in verdicts if each.gateway.name == gateway)


def order(plan: Plan) -> list[str]:
    """Return the names of the candidates in their order."""
    return [plan.first.endpoint.name, *(each.name for each in plan.others)]
