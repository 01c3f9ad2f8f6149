"""Why a call, real or only thought of, would go where: every gateway, in or out.

Uses the very functions that decide, with a seed instead of chance; takes no seat, moves nothing on.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from ..candidates.judge import Exclusion, Fit
from ..candidates.offer import Offer, draw_duration, offer_gateway
from ..candidates.reasons import Excluded
from ..candidates.selection import Selection, refuse, select
from ..lrn.answers import Answers
from ..model.gateways import RoutingGateway
from ..rates.book import Rate
from ..view import Portability, View
from .call import Call
from .course import Course
from .decision import Decision, Plan
from .facts import Facts, Mapped, Stopped, establish, map_call
from .forwarding import reach
from .refusals import Refusal
from .seating import caller_without_seat


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why one gateway is in or out."""

    gateway: RoutingGateway
    position: int
    """Place in the order from 1; 0 when it is out."""
    excluded: Excluded | None
    text: str
    offer: Offer | None
    cost: Rate | None
    """What it costs."""
    price: Rate | None
    """What the caller pays."""
    calls: int
    limit: int | None

    @property
    def margin(self) -> Decimal | None:
        """Price less cost of a minute, where both are known and of one currency."""
        if self.cost is None or self.price is None or self.cost.currency != self.price.currency:
            return None
        return self.price.price.per_minute - self.cost.price.per_minute


@dataclass(frozen=True, slots=True)
class Explanation:
    """What Route would answer, and about every gateway why."""

    decision: Decision
    verdicts: tuple[Verdict, ...]
    """Candidates in their order, then those that are out."""


def explain(call: Call, view: View, portability: Portability, seed: int) -> Explanation:
    """Return what would become of `call` now, drawing what is random from `seed`.

    Nobody is asked about ported numbers: what is not known counts as a failed query.
    """
    rng = random.Random(seed)  # noqa: S311  repeatable on purpose
    mapped = map_call(call, view, rng)
    if isinstance(mapped, Stopped):
        return Explanation(Decision(mapped, mapped.refusal), ())
    facts = establish(mapped, _known_answers(mapped, portability), view, rng)
    if isinstance(facts, Stopped):
        return Explanation(Decision(facts, facts.refusal), ())
    no_seat = caller_without_seat(facts, view)
    if facts.phone is not None:
        offer = reach(facts.phone, Course(facts, seed, rng), view)
        outcome = offer if isinstance(offer, Refusal) else _plan([offer], facts, view, rng)
        return Explanation(Decision(facts, no_seat or outcome), ())
    selection = select(facts, view, rng)
    judged = list(_attempts(selection, facts, view, rng))
    offers = [each for each in judged if isinstance(each, Offer)]
    excluded = [*selection.excluded, *(each for each in judged if isinstance(each, Exclusion))]
    verdicts = tuple(_verdicts(selection, judged, excluded, facts, view))
    if not offers:
        return Explanation(Decision(facts, no_seat or refuse(facts.routed, excluded)), verdicts)
    return Explanation(Decision(facts, no_seat or _plan(offers, facts, view, rng)), verdicts)


def _known_answers(mapped: Mapped, portability: Portability) -> Answers | None:
    if not mapped.asks_portability:
        return None
    numbers = mapped.staged.numbers
    return portability.known(numbers.caller, numbers.callee, mapped.caller.lrn.eat_prefix_length)


def _attempts(
    selection: Selection, facts: Facts, view: View, rng: random.Random
) -> Iterator[Offer | Exclusion]:
    for fit in selection.candidates:
        yield offer_gateway(fit, facts, view, rng, turn=0)


def _plan(offers: list[Offer], facts: Facts, view: View, rng: random.Random) -> Plan:
    first, *others = offers
    return Plan(
        first,
        tuple(each.endpoint for each in others),
        draw_duration(facts.caller.duration, rng),
        view.parameters.switch_limit,
        view.parameters.switch_until_connect,
    )


def _verdicts(
    selection: Selection,
    judged: list[Offer | Exclusion],
    excluded: list[Exclusion],
    facts: Facts,
    view: View,
) -> Iterator[Verdict]:
    position = 0
    for fit, offer in zip(selection.candidates, judged, strict=True):
        if isinstance(offer, Offer):
            position += 1
            yield _in(fit, offer, position, facts)
    for exclusion in excluded:
        yield _out(exclusion, facts, view)
    looked_at = {fit.gateway for fit in selection.candidates}
    looked_at |= {exclusion.gateway for exclusion in excluded}
    for gateway in view.snapshot.gateways.values():
        if gateway not in looked_at:
            yield _out(_not_looked_at(gateway, selection, facts), facts, view)


def _in(fit: Fit, offer: Offer, position: int, facts: Facts) -> Verdict:
    rate = fit.rate
    load = f"{fit.calls} of {fit.limit}" if fit.limit is not None else f"{fit.calls}"
    text = f"prefix {fit.prefix or '(any)'}, priority {fit.priority}, {load} calls"
    if rate is not None:
        text += f", {rate.price.per_minute.normalize():f} {rate.currency} a minute"
    return Verdict(
        gateway=fit.gateway,
        position=position,
        excluded=None,
        text=text,
        offer=offer,
        cost=rate,
        price=facts.price,
        calls=fit.calls,
        limit=fit.limit,
    )


def _out(exclusion: Exclusion, facts: Facts, view: View) -> Verdict:
    gateway = exclusion.gateway
    rate = view.rates.rate(gateway.account, facts.place)
    return Verdict(
        gateway=gateway,
        position=0,
        excluded=exclusion.reason,
        text=exclusion.detail,
        offer=None,
        cost=rate,
        price=facts.price,
        calls=view.seats.calls(gateway.key),
        limit=gateway.limit,
    )


def _not_looked_at(gateway: RoutingGateway, selection: Selection, facts: Facts) -> Exclusion:
    if gateway.barred:
        return Exclusion(gateway, Excluded.LOCKED, gateway.barred)
    if not any(facts.routed.startswith(prefix) for prefix in gateway.prefixes):
        detail = f"{facts.routed} begins with none of its prefixes"
        return Exclusion(gateway, Excluded.PREFIX, detail)
    detail = f"the search ended at the longer prefix {selection.stopped_at}"
    return Exclusion(gateway, Excluded.LONGER_PREFIX, detail)
