"""Whether a gateway that serves the number is a candidate now (RTE-07, filter)."""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from ..calls.facts import Facts
from ..capacity.seats import refusal
from ..model.callers import Claim
from ..model.gateways import Control, RoutingGateway
from ..model.limits import Limits, stricter
from ..numbers.errors import NumberTooLong
from ..numbers.pipeline import Rules, route_numbers
from ..rates.book import Rate
from ..rates.deck import encode
from ..view import View
from .reasons import Excluded

_HUNDRED: Final = Decimal(100)
_DEAREST: Final = 1 << 62
"""Cost of a gateway that takes no part in the order by cost."""


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Why one gateway is out."""

    gateway: RoutingGateway
    reason: Excluded
    detail: str


@dataclass(slots=True)
class Fit:
    """A gateway that can take the call, with what sorts it among the others (RTE-07)."""

    gateway: RoutingGateway
    prefix: str
    priority: int
    claims: tuple[Claim, ...]
    rules: Rules
    rate: Rate | None = None
    calls: int = 0
    shortness: int = 0
    """Less for a longer prefix."""
    cost: int = _DEAREST
    """By the second, in the last of ten places (RTE-17)."""
    load: float = 0.0
    failures: int = 0
    """Hundred less the answer ratio, when that sorts."""
    draw: float = 0.0

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
    condition = view.health.condition(gateway.name, facts.call.time)
    if condition.disabled_until is not None:
        detail = f"a Retry-After keeps it out until {condition.disabled_until:%H:%M:%S} UTC"
        return Exclusion(gateway, Excluded.DISABLED, detail)
    if condition.is_out_of_reach(presumed=gateway.presumed_reachable):
        return Exclusion(gateway, Excluded.UNREACHABLE, "it answers no probe or registration")
    if not facts.caller.may_use(gateway.groups):
        return Exclusion(gateway, Excluded.GROUP, "its groups are closed to the caller")
    if facts.call.source in gateway.peers:
        detail = f"the call came from its address {facts.call.source}"
        return Exclusion(gateway, Excluded.SAME_PEER, detail)
    if blocked := view.lists.block_on(gateway.key, facts.numbers):
        return Exclusion(gateway, Excluded.BLACKLISTED, blocked)
    fit = Fit(gateway, prefix, gateway.priority, gateway.claims, gateway.rules)
    fit.shortness = -len(prefix)
    if gateway.control is not None and (shut := _at_this_hour(fit, gateway.control, facts, view)):
        return shut
    if condition.published is not None:
        _cap(fit, condition.published)
    if gateway.account is not None and (refused := _afford(fit, facts, view, rng)):
        return refused
    return _find_seats(fit, view) or fit


def _at_this_hour(fit: Fit, control: Control, facts: Facts, view: View) -> Exclusion | None:
    """Apply period control (RTE-20, RTE-21)."""
    local, calendars = facts.local, view.snapshot.is_working
    for restriction in control.restrictions.active(local, calendars):
        if restriction.objects(facts.numbers.callee):
            detail = f"a period restriction keeps {facts.numbers.callee} off it at {local:%a %H:%M}"
            return Exclusion(fit.gateway, Excluded.PERIOD, detail)
    if limits := control.capacity.active(local, calendars):
        own, *shared = fit.claims
        fit.claims = (own._replace(limit=min(limits)), *shared)
    if plans := control.plans.first(local, calendars):
        fit.rules = fit.rules.with_plans(plans.caller, plans.callee)
    priority = control.priorities.first(local, calendars)
    if priority is not None:
        fit.priority = priority
    return None


def _cap(fit: Fit, published: int) -> None:
    """Let no more calls in than the gateway said it can take (SIG-14)."""
    own, *shared = fit.claims
    if own.limit is None or published < own.limit:
        fit.claims = (own._replace(limit=published), *shared)


def _afford(fit: Fit, facts: Facts, view: View, rng: random.Random) -> Exclusion | None:
    """Apply the rate check, the cost caps and the profit limits (RTE-15, RTE-18, RTE-19)."""
    gateway, policy = fit.gateway, fit.gateway.cost
    place = facts.place
    if policy.charge_sent_number:
        place = _place_as_sent(fit, facts, view, rng)
    rate = fit.rate = view.rates.rate(gateway.account, place)
    if rate is None:
        if not policy.check_rate:
            return None
        detail = f"account {gateway.account} has no rate for {facts.numbers.callee}"
        return Exclusion(gateway, Excluded.RATE, detail)
    if policy.least_cost:
        price = rate.price
        fit.cost = price.rank_by_second if policy.per_second else price.rank_by_minute
    limits = stricter(policy.limits, facts.caller.limits)
    return _exceeds(fit, rate, limits, facts.price) if limits else None


def _place_as_sent(fit: Fit, facts: Facts, view: View, rng: random.Random) -> int:
    try:
        sent = route_numbers(facts.numbers, fit.rules, view.snapshot.tables, rng)
    except NumberTooLong:
        return facts.place  # the attempt itself will be refused
    return encode(sent.numbers.callee)


def _exceeds(fit: Fit, rate: Rate, limits: Limits, sold: Rate | None) -> Exclusion | None:
    cap, per_minute = limits.cost_per_minute, rate.price.per_minute
    if cap is not None and per_minute > cap:
        detail = f"{per_minute.normalize():f} a minute is above the cap of {cap:f}"
        return Exclusion(fit.gateway, Excluded.COST, detail)
    if sold is None or not limits.concern_profit or not fit.gateway.cost.check_rate:
        return None
    loss = _unprofitable(rate, sold, limits)
    return Exclusion(fit.gateway, Excluded.PROFIT, loss) if loss else None


def _unprofitable(rate: Rate, sold: Rate, limits: Limits) -> str | None:
    if rate.currency != sold.currency:
        return f"profit can't be told between {sold.currency} and {rate.currency}"
    price, cost = sold.price.first_per_second, rate.price.first_per_second
    profit, least, percent = price - cost, limits.profit_per_second, limits.profit_percent
    if least is not None and profit < least:
        return f"a profit of {profit:f} a second is below {least:f}"
    if percent is not None and (share := _percent(price, cost)) < percent:
        return f"a profit of {share:.2f} % is below {percent:f} %"
    return None


def _percent(sold: Decimal, bought: Decimal) -> Decimal:
    if not sold:
        return -_HUNDRED if bought else Decimal(0)
    return (sold - bought) / sold * _HUNDRED


def _find_seats(fit: Fit, view: View) -> Exclusion | None:
    """Look, without taking, whether there are seats (RTE-20, RTE-22)."""
    own, *shared = fit.claims
    calls = fit.calls = view.seats.calls(own.key)
    if refusal(own, calls):
        return Exclusion(fit.gateway, Excluded.CAPACITY, no_seat(own, calls))
    for claim in shared:
        taken = view.seats.calls(claim.key)
        if refusal(claim, taken):
            return Exclusion(fit.gateway, Excluded.CAPACITY, no_seat(claim, taken))
    if own.limit:
        fit.load = calls / own.limit
    return None


def no_seat(claim: Claim, calls: int) -> str:
    """Say why `claim` found no seat."""
    if claim.limit is None or calls < claim.limit - claim.left_free:
        return f"{claim.key} begins {claim.per_second} calls a second already"
    if claim.left_free and calls < claim.limit:
        return f"{claim.key} keeps its last {claim.left_free} lines for other members"
    return f"{claim.key} has {calls} of {claim.limit} calls"
