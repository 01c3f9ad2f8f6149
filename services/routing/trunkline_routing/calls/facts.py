"""What is known of a call before any gateway is looked at: steps 3 to 8 of the pipeline (0.5)."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from ..lrn.answers import Answer, Answers, Failure
from ..model.callers import Caller, Kind, Phone
from ..numbers.digits import Number, checked
from ..numbers.errors import NumberTooLong
from ..numbers.pipeline import Numbers, Stage, Staged, Step, map_numbers
from ..numbers.transform import Party
from ..rates.book import Rate
from ..rates.deck import encode
from ..view import View
from . import refusals
from .call import Call, access_numbers, shown_caller
from .consultation import as_consultation
from .passed_on import as_passed_on
from .refusals import Refusal


@dataclass(frozen=True, slots=True)
class Mapped:
    """A call whose numbers are known and may pass; what they are ported to is not known yet."""

    call: Call
    caller: Caller
    access: Numbers
    staged: Staged
    phone: Phone | None
    """The phone of this platform that is called."""

    @property
    def asks_portability(self) -> bool:
        """Whether the routing number has to be found (RTE-23)."""
        return self.caller.lrn.enabled and self.phone is None


@dataclass(frozen=True, slots=True)
class Facts:
    """A call with its numbers, its payer, and the price it is sold at."""

    call: Call
    caller: Caller
    access: Numbers
    numbers: Numbers
    """After the mapping side: what is billed, and what every attempt starts from."""
    shown: Number
    """The caller as attempts start from it."""
    billed: Number
    """The callee as it is charged: by its routing number when it was ported."""
    lrn: str | None
    """Routing number of a ported callee."""
    steps: tuple[Step, ...]
    routed: Number
    """What gateways' prefixes are matched against."""
    account: str
    payer: Kind
    phone: Phone | None
    """The phone of this platform that is called."""
    place: int
    """Place of the callee, or of its routing number, among all numbers: to find prices."""
    price: Rate | None
    """What the call is sold at."""
    local: datetime
    """When it arrived, by the platform's wall clock."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """A call that is refused before any gateway is looked at, as far as it got."""

    refusal: Refusal
    caller: Caller | None = None
    access: Numbers | None = None
    staged: Staged | None = None


class _Ported(NamedTuple):
    """Numbers by which a ported callee is routed and charged."""

    routed: Number
    billed: Number
    lrn: str | None
    steps: tuple[Step, ...]


def map_call(call: Call, view: View, rng: random.Random) -> Mapped | Stopped:
    """Return the numbers of `call`, or why it is refused already: steps 3 to 6."""
    known = view.snapshot.callers.get(call.endpoint)
    if known is None:
        return Stopped(refusals.unknown_caller(call.endpoint))
    call, caller = as_passed_on(as_consultation(call, known, view), known, view)
    if caller.locked:
        return Stopped(refusals.locked(call.endpoint), caller)
    access = access_numbers(call.identity, caller, view.parameters.callee_source)
    if caller.own_number is not None:
        access = Numbers(Number(caller.own_number), access.callee)
    if not access.callee:
        return Stopped(refusals.bad_number("the call names no callee"), caller, access)
    try:
        received = Numbers(checked(access.caller), checked(access.callee))
        staged = map_numbers(received, caller.rules, view.snapshot.tables, rng)
    except NumberTooLong as error:
        return Stopped(refusals.bad_number(str(error)), caller, access)
    if objection := caller.checks.objection(staged.numbers, view):
        return Stopped(refusals.restricted(objection), caller, access, staged)
    phone = view.snapshot.phones.get(staged.numbers.callee)
    return Mapped(call, caller, access, staged, phone)


def establish(
    mapped: Mapped, answers: Answers | None, view: View, rng: random.Random
) -> Facts | Stopped:
    """Return the facts of a call; `answers` are those about its numbers, where it asks."""
    caller, staged = mapped.caller, mapped.staged
    ported = _port(mapped, answers, view)
    if isinstance(ported, Refusal):
        return Stopped(ported, caller, mapped.access, staged)
    routed, steps = _share_out(caller, ported.routed, rng)
    account, payer = _payer(caller, staged.numbers, mapped.phone, view)
    price = view.rates.rate(account, encode(ported.billed))
    if price is not None and mapped.phone is None and price.price.level > caller.level:
        refusal = refusals.restricted(f"calls to {ported.billed} need a higher call level")
        return Stopped(refusal, caller, mapped.access, staged)
    return Facts(
        call=mapped.call,
        caller=caller,
        access=mapped.access,
        numbers=staged.numbers,
        shown=_shown(mapped, view),
        billed=ported.billed,
        lrn=ported.lrn,
        steps=(*staged.steps, *ported.steps, *steps),
        routed=routed,
        account=account,
        payer=payer,
        phone=mapped.phone,
        place=encode(ported.routed),
        price=price,
        local=mapped.call.time.astimezone(view.zone),
    )


def _port(mapped: Mapped, answers: Answers | None, view: View) -> _Ported | Refusal:
    """Apply the answers about ported numbers (RTE-23)."""
    callee = mapped.staged.numbers.callee
    if answers is None:
        return _Ported(callee, callee, None, ())
    policy = mapped.caller.lrn
    if isinstance(answers.callee, Failure):
        if policy.reject_on_failure:
            return refusals.no_route(f"LRN failure: {answers.callee.reason}")
        step = _lrn_step(callee, callee, f"failed: {answers.callee.reason}")
        return _Ported(callee, callee, None, (step,))
    eaten, lrn = callee[: policy.eat_prefix_length], answers.callee.lrn
    routed = callee if lrn is None else Number(eaten + lrn)
    prefix = _jurisdiction(mapped, routed, answers, view)
    billed = Number(prefix + routed[policy.eat_prefix_length :]) if prefix else routed
    rule = "not ported" if lrn is None else f"LRN {lrn}"
    return _Ported(routed, billed, lrn, (_lrn_step(callee, routed, rule),))


def _jurisdiction(mapped: Mapped, routed: Number, answers: Answers, view: View) -> str:
    """Return the prefix for the number that is billed: none inside one state (RTE-23)."""
    policy = mapped.caller.lrn
    if not policy.interstate_prefix and not policy.undetermined_prefix:
        return ""
    caller = mapped.staged.numbers.caller
    if isinstance(answers.caller, Answer) and answers.caller.lrn is not None:
        caller = Number(caller[: policy.eat_prefix_length] + answers.caller.lrn)
    here = _state(answers.caller, caller, view)
    there = _state(answers.callee, routed, view)
    if here is None or there is None:
        return policy.undetermined_prefix
    return "" if here == there else policy.interstate_prefix


def _state(answer: Answer | Failure, number: Number, view: View) -> str | None:
    if isinstance(answer, Answer) and answer.state:
        return answer.state
    return view.snapshot.area_code(number)


def _lrn_step(before: Number, after: Number, rule: str) -> Step:
    return Step(Stage.PORTABILITY, Party.CALLEE, before, after, rule)


def _shown(mapped: Mapped, view: View) -> Number:
    """Return whom callees see: the caller of a call that is passed on, or a phone's display."""
    caller = mapped.staged.numbers.caller
    if mapped.call.passed_on is not None or mapped.call.held:
        return shown_caller(mapped.call.identity)
    if view.parameters.use_phone_display and (phone := view.snapshot.phones.get(caller)):
        return Number(phone.display or caller)
    return caller


def _payer(caller: Caller, numbers: Numbers, phone: Phone | None, view: View) -> tuple[str, Kind]:
    """Return the account that pays, and whose it is (BIL-04)."""
    if phone is not None and phone.callee_pays:
        return phone.account, Kind.PHONE
    if caller.phones_pay and (calling := view.snapshot.phones.get(numbers.caller)):
        return calling.account, Kind.PHONE
    if caller.bound_numbers_pay and (bound := view.snapshot.bound_numbers.get(numbers.caller)):
        return bound, Kind.BOUND_NUMBER
    return caller.account, caller.endpoint.kind


def _share_out(
    caller: Caller, routed: Number, rng: random.Random
) -> tuple[Number, tuple[Step, ...]]:
    """Return the number that prefixes are matched against (RTE-27)."""
    prefix = caller.proportional.draw(rng) if caller.proportional else ""
    if not prefix:
        return routed, ()
    shared = Number(prefix + routed)
    return shared, (
        Step(Stage.PROPORTIONAL_PREFIX, Party.CALLEE, routed, shared, f"prefix {prefix}"),
    )
