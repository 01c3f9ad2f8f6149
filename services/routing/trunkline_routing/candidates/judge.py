"""Whether a gateway that serves the number is a candidate now (RTE-07, filter)."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from ..calls.facts import Facts
from ..capacity.seats import refusal
from ..documents.profit import ProfitLimits
from ..documents.routing_gateway import CostPolicy
from ..model.callers import Claim
from ..model.gateways import RoutingGateway
from ..numbers.errors import NumberTooLong
from ..numbers.pipeline import Rules, route_numbers
from ..rates.book import Rate
from ..rates.deck import encode
from ..view import View

_HUNDRED: Final = Decimal(100)


class Excluded(StrEnum):
    """What keeps a gateway out. Stable words."""

    LOCKED = "LOCKED"
    PREFIX = "PREFIX"
    LONGER_PREFIX = "LONGER_PREFIX"
    DISABLED = "DISABLED"
    GROUP = "GROUP"
    SAME_PEER = "SAME_PEER"
    PERIOD = "PERIOD"
    RATE = "RATE"
    COST = "COST"
    PROFIT = "PROFIT"
    CAPACITY = "CAPACITY"
    NUMBERS = "NUMBERS"


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Why one gateway is out."""

    gateway: RoutingGateway
    reason: Excluded
    detail: str


@dataclass(slots=True)
class Fit:
    """A gateway that can take the call, with what sorts it among the others."""

    gateway: RoutingGateway
    prefix: str
    priority: int
    calls: int
    claims: tuple[Claim, ...]
    rules: Rules
    rate: Rate | None

    @property
    def limit(self) -> int | None:
        """Calls it may have at this hour."""
        return self.claims[0].limit


def judge(
    gateway: RoutingGateway, prefix: str, facts: Facts, view: View, rng: random.Random
) -> Fit | Exclusion:
    """Return how the gateway fits the call, or the first thing that keeps it out.

    What depends on the numbers as sent is decided when the attempt is made (0.5, step 10).
    """
    if detail := _unavailable(gateway, facts, view):
        return Exclusion(gateway, Excluded.DISABLED, detail)
    if not facts.caller.may_use(gateway.groups):
        return Exclusion(gateway, Excluded.GROUP, "its groups are closed to the caller")
    if facts.call.source in gateway.peers:
        detail = f"the call came from its address {facts.call.source}"
        return Exclusion(gateway, Excluded.SAME_PEER, detail)
    fit = _at_this_hour(gateway, prefix, facts, view)
    if isinstance(fit, Exclusion):
        return fit
    return _affordable(fit, facts, view, rng) or _with_seats(fit, view)


def _unavailable(gateway: RoutingGateway, facts: Facts, view: View) -> str | None:
    until = view.health.disabled_until(gateway.name, facts.call.time)
    return f"a Retry-After keeps it out until {until:%H:%M:%S} UTC" if until else None


def _at_this_hour(
    gateway: RoutingGateway, prefix: str, facts: Facts, view: View
) -> Fit | Exclusion:
    """Apply period control (RTE-20, RTE-21)."""
    fit = Fit(gateway, prefix, gateway.priority, 0, gateway.claims, gateway.rules, None)
    control = gateway.control
    if control is None:
        return fit
    local, calendars = facts.local, view.snapshot.is_working
    for restriction in control.restrictions.active(local, calendars):
        if restriction.objects(facts.routed):
            detail = f"a period restriction keeps {facts.routed} off it at {local:%a %H:%M}"
            return Exclusion(gateway, Excluded.PERIOD, detail)
    if limits := control.capacity.active(local, calendars):
        own, *shared = gateway.claims
        fit.claims = (own._replace(limit=min(limits)), *shared)
    if plans := control.plans.first(local, calendars):
        fit.rules = gateway.rules.with_plans(plans.caller, plans.callee)
    priority = control.priorities.first(local, calendars)
    fit.priority = gateway.priority if priority is None else priority
    return fit


def _affordable(fit: Fit, facts: Facts, view: View, rng: random.Random) -> Exclusion | None:
    """Apply the rate check, the cost caps and the profit limits (RTE-15, RTE-18, RTE-19)."""
    cost = fit.gateway.spec.cost
    if fit.gateway.spec.account is None:
        return None
    fit.rate = _clearing_rate(fit, facts, view, rng)
    if fit.rate is None:
        if not cost.check_rate:
            return None
        detail = f"account {fit.gateway.spec.account} has no rate for {facts.numbers.callee}"
        return Exclusion(fit.gateway, Excluded.RATE, detail)
    if too_dear := _too_dear(fit.rate, cost, facts.caller.profit):
        return Exclusion(fit.gateway, Excluded.COST, too_dear)
    if not cost.check_rate or facts.price is None:
        return None
    loss = _unprofitable(fit.rate, facts.price, cost, facts.caller.profit)
    return Exclusion(fit.gateway, Excluded.PROFIT, loss) if loss else None


def _clearing_rate(fit: Fit, facts: Facts, view: View, rng: random.Random) -> Rate | None:
    account, callee, place = fit.gateway.spec.account, facts.numbers.callee, facts.place
    if fit.gateway.spec.cost.charge_sent_number:
        try:
            sent = route_numbers(facts.numbers, fit.rules, view.snapshot.tables, rng)
        except NumberTooLong:
            return None
        callee = sent.numbers.callee
        place = encode(callee)
    return view.rates.rate(account, callee, place)


def _too_dear(rate: Rate, own: CostPolicy, callers: ProfitLimits) -> str | None:
    cap = _strictest(min, own.max_cost_per_minute, callers.max_cost_per_minute)
    per_minute = rate.found.price.per_minute
    if cap is None or per_minute <= cap:
        return None
    return f"{per_minute.normalize():f} a minute is above the cap of {cap:f}"


def _unprofitable(rate: Rate, price: Rate, own: CostPolicy, callers: ProfitLimits) -> str | None:
    least = _strictest(max, own.min_profit_per_second, callers.min_profit_per_second)
    percent = _strictest(max, own.min_profit_percent, callers.min_profit_percent)
    if least is None and percent is None:
        return None
    if rate.currency != price.currency:
        return f"profit can't be told between {price.currency} and {rate.currency}"
    sold, bought = price.found.price.first_per_second, rate.found.price.first_per_second
    profit = sold - bought
    if least is not None and profit < least:
        return f"a profit of {profit:f} a second is below {least:f}"
    if percent is not None and (share := _percent(sold, bought)) < percent:
        return f"a profit of {share:.2f} % is below {percent:f} %"
    return None


def _percent(sold: Decimal, bought: Decimal) -> Decimal:
    if not sold:
        return -_HUNDRED if bought else Decimal(0)
    return (sold - bought) / sold * _HUNDRED


def _strictest(
    choose: Callable[[Decimal, Decimal], Decimal], *limits: Decimal | None
) -> Decimal | None:
    one, other = limits
    if one is None or other is None:
        return other if one is None else one
    return choose(one, other)


def _with_seats(fit: Fit, view: View) -> Fit | Exclusion:
    """Look, without taking, whether there are seats (RTE-20, RTE-22)."""
    fit.calls = view.seats.calls(fit.gateway.key)
    for claim in fit.claims:
        if claim.limit is None:
            continue
        calls = view.seats.calls(claim.key)
        if refusal(claim, calls):
            return Exclusion(fit.gateway, Excluded.CAPACITY, no_seat(claim, calls))
    return fit


def no_seat(claim: Claim, calls: int) -> str:
    """Say why `claim` found no seat."""
    if claim.limit is None or calls < claim.limit - claim.left_free:
        return f"{claim.key} begins {claim.per_second} calls a second already"
    if claim.left_free and calls < claim.limit:
        return f"{claim.key} keeps its last {claim.left_free} lines for other members"
    return f"{claim.key} has {calls} of {claim.limit} calls"
