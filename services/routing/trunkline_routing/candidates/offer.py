"""A candidate made ready for its attempt: numbers, headers and rules of failover (RTE-02, step 10).

Everything starts from the call's facts, so nothing of a failed candidate leaks into the next.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, NamedTuple

from ..calls import refusals
from ..calls.facts import Facts
from ..calls.passed_on import INNER_MEDIA, INNER_SIP
from ..calls.refusals import Refusal
from ..documents.fields import Switch
from ..documents.policies import Duration, MediaPolicy, SipPolicy
from ..documents.routing_gateway import Registration, RoutingGatewaySpec
from ..model.callers import Claim, Endpoint, Phone
from ..model.gateways import RoutingGateway
from ..numbers.digits import Number
from ..numbers.errors import NumberTooLong
from ..numbers.pipeline import Numbers, Stage, Step, rewrite_identity, route_numbers
from ..numbers.transform import Party
from ..parameters import Parameters
from ..rates.book import Rate
from ..view import View
from .judge import Exclusion, Fit
from .presentation import (
    Presentation,
    present_to_forwarded,
    present_to_gateway,
    present_to_phone,
)
from .reasons import Excluded


@dataclass(frozen=True, slots=True)
class StopRules:
    """When a failure ends the search (RTE-09 to RTE-12, SIG-09), parameters resolved."""

    after_ringing: bool = True
    after_sdp: bool = True
    after_rtp: bool = True
    after_busy: bool = True
    after_invite_timeout: bool = False
    stop_codes: tuple[int, ...] = ()
    continue_codes: tuple[int, ...] = ()


NEVER: Final = StopRules(after_ringing=False, after_sdp=False, after_rtp=False, after_busy=False)
"""Nothing stops the search: a phone's forwarding goes on until somebody answers."""


class Forward(NamedTuple):
    """Whom a phone passes a call on to: one number, or several at once (SIG-22)."""

    reason: str
    """As Diversion says it (RFC 5806 section 4)."""
    numbers: tuple[str, ...]
    alert: int | None
    """Seconds they may ring."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One way to the callee, ready to be tried."""

    endpoint: Endpoint
    numbers: Numbers
    """As sent: From and Request-URI."""
    to_user: Number
    steps: tuple[Step, ...]
    presentation: Presentation
    stop_rules: StopRules
    claims: tuple[Claim, ...]
    media: MediaPolicy
    sip: SipPolicy
    gateway: RoutingGateway | None = None
    phone: Phone | None = None
    prefix: str = ""
    rate: Rate | None = None
    max_duration: timedelta | None = None
    lrn: str | None = None
    """Routing number that the Request-URI tells, for a gateway that asks for it (RTE-23)."""
    forward: Forward | None = None
    """Set where the phone passes the call on instead of ringing."""
    ringing: int | None = None
    """Seconds that it may ring; None is the gateway's setting or the parameter."""

    @property
    def request_uri_user(self) -> str:
        """Return the user part of the Request-URI (RFC 4694 for a ported number)."""
        return f"{self.numbers.callee};rn={self.lrn};npdi" if self.lrn else self.numbers.callee


def offer_gateway(
    fit: Fit, facts: Facts, view: View, rng: random.Random, turn: int
) -> Offer | Exclusion:
    """Return what is sent to the gateway, or why its own number checks refuse.

    `turn` is its place in the caller pool, when it has one (RTE-26).
    """
    gateway, parameters = fit.gateway, view.parameters
    spec = gateway.spec
    try:
        staged = route_numbers(_start(facts), fit.rules, view.snapshot.tables, rng)
    except NumberTooLong as error:
        return Exclusion(gateway, Excluded.NUMBERS, str(error))
    if objection := gateway.checks.objection(staged.numbers, view):
        return Exclusion(gateway, Excluded.NUMBERS, objection)
    numbers, steps = _from_pool(gateway, staged.numbers, staged.steps, turn)
    identity, identity_steps = _identity(gateway, facts, numbers, rng)
    return Offer(
        endpoint=gateway.endpoint,
        numbers=numbers,
        to_user=facts.numbers.callee if parameters.invite_uses_contact else numbers.callee,
        steps=(*steps, *identity_steps),
        presentation=present_to_gateway(spec, facts, numbers.caller, identity, parameters),
        stop_rules=stop_rules(spec, parameters),
        claims=fit.claims,
        media=spec.media,
        sip=spec.sip,
        gateway=gateway,
        prefix=fit.prefix,
        rate=fit.rate,
        max_duration=draw_duration(spec.duration, rng),
        lrn=facts.lrn if spec.numbers.portability else None,
    )


def offer_phone(phone: Phone, facts: Facts, view: View, rng: random.Random) -> Offer | Refusal:
    """Return what is sent to a phone of the platform, by its own plans, or why it takes no call."""
    if phone.closed:
        return refusals.locked(phone.endpoint)
    if phone.do_not_disturb:
        return refusals.busy(f"{phone.endpoint} does not want to be disturbed")
    forwarding = phone.forwarding
    try:
        staged = route_numbers(_start(facts), phone.rules, view.snapshot.tables, rng)
    except NumberTooLong as error:
        return refusals.bad_number(str(error))
    return Offer(
        endpoint=phone.endpoint,
        numbers=staged.numbers,
        to_user=staged.numbers.callee,
        steps=staged.steps,
        presentation=present_to_phone(phone, facts, staged.numbers.caller, view.parameters),
        stop_rules=NEVER if forwarding.follows_failure else StopRules(),
        claims=phone.claims,
        media=phone.media,
        sip=phone.sip,
        phone=phone,
        max_duration=draw_duration(phone.duration, rng),
        ringing=forwarding.no_answer.alert if forwarding.no_answer else None,
    )


def offer_forward(phone: Phone, forward: Forward, facts: Facts) -> Offer:
    """Return what a new call of the phone takes over from the one that it passes on."""
    return Offer(
        endpoint=phone.endpoint,
        numbers=Numbers(facts.shown, Number(forward.numbers[0])),
        to_user=Number(forward.numbers[0]),
        steps=(),
        presentation=present_to_forwarded(facts),
        stop_rules=NEVER,
        claims=(),
        media=INNER_MEDIA,
        sip=INNER_SIP,
        phone=phone,
        forward=forward,
        ringing=forward.alert,
    )


def draw_duration(duration: Duration, rng: random.Random) -> timedelta | None:
    """Return the longest talk time of a call, drawn between both ends (SIG-25)."""
    if duration.least is None or duration.most is None:
        return None
    return timedelta(seconds=rng.randint(duration.least, duration.most))


def stop_rules(spec: RoutingGatewaySpec, parameters: Parameters) -> StopRules:
    """Resolve the gateway's own settings and the parameters."""
    switching = spec.switching
    codes = switching.error_codes
    return StopRules(
        after_ringing=_stops(switching.after_ringing, default=True),
        after_sdp=_stops(switching.after_sdp, default=parameters.stop_after_sdp),
        after_rtp=_stops(switching.after_rtp, default=parameters.stop_after_rtp),
        after_busy=_stops(switching.after_busy, default=parameters.stop_after_busy),
        after_invite_timeout=(
            spec.registration is Registration.PEER and parameters.stop_after_invite_timeout
        ),
        stop_codes=codes.codes if codes.mode is Switch.FORBID else (),
        continue_codes=codes.codes if codes.mode is Switch.ALLOW else (),
    )


def _stops(switching: Switch, *, default: bool) -> bool:
    return default if switching is Switch.DEFAULT else switching is Switch.FORBID


def _start(facts: Facts) -> Numbers:
    """Return what every attempt starts from."""
    return Numbers(facts.shown, facts.numbers.callee)


def _from_pool(
    gateway: RoutingGateway, numbers: Numbers, steps: tuple[Step, ...], turn: int
) -> tuple[Numbers, tuple[Step, ...]]:
    if not gateway.pool:
        return numbers, steps
    caller = Number(gateway.pool[turn % len(gateway.pool)])
    step = Step(Stage.CALLER_POOL, Party.CALLER, numbers.caller, caller, "caller pool")
    return Numbers(caller, numbers.callee), (*steps, step)


def _identity(
    gateway: RoutingGateway, facts: Facts, numbers: Numbers, rng: random.Random
) -> tuple[Number, tuple[Step, ...]]:
    """Return the caller that identity headers name: its own plan, or the pool's number."""
    if gateway.pool:
        return numbers.caller, ()
    plan = gateway.identity_plan
    before = facts.numbers.caller
    after = rewrite_identity(before, plan, rng)
    if after == before:
        return after, ()
    return after, (Step(Stage.ASSERTED_IDENTITY, Party.CALLER, before, after, plan.text),)
