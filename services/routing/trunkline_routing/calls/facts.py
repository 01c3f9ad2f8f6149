"""What is known of a call before any gateway is looked at: steps 3 to 8 of the pipeline (0.5)."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime

from ..model.callers import Caller, Kind, Phone
from ..numbers.digits import Number, checked
from ..numbers.errors import NumberTooLong
from ..numbers.pipeline import Numbers, Stage, Staged, Step, map_numbers
from ..numbers.transform import Party
from ..rates.book import Rate
from ..rates.deck import encode
from ..view import View
from . import refusals
from .call import Call, access_numbers
from .refusals import Refusal


@dataclass(frozen=True, slots=True)
class Facts:
    """A call with its numbers, its payer, and the price it is sold at."""

    call: Call
    caller: Caller
    access: Numbers
    numbers: Numbers
    """After the mapping side: what account, rating and prefix match use."""
    steps: tuple[Step, ...]
    routed: Number
    """What gateways' prefixes are matched against."""
    account: str
    payer: Kind
    phone: Phone | None
    """The phone of this platform that is called."""
    place: int
    """Place of the callee among all numbers, to find prices."""
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


def establish(call: Call, view: View, rng: random.Random) -> Facts | Stopped:
    """Return the facts of `call`, or why it is refused already."""
    caller = view.snapshot.callers.get(call.endpoint)
    if caller is None:
        return Stopped(refusals.unknown_caller(call.endpoint))
    if caller.locked:
        return Stopped(refusals.locked(call.endpoint), caller)
    access = access_numbers(call.identity, caller)
    if caller.own_number is not None:
        access = Numbers(Number(caller.own_number), access.callee)
    if not access.callee:
        return Stopped(refusals.bad_number("the call names no callee"), caller, access)
    try:
        received = Numbers(checked(access.caller), checked(access.callee))
        staged = map_numbers(received, caller.rules, view.snapshot.tables, rng)
    except NumberTooLong as error:
        return Stopped(refusals.bad_number(str(error)), caller, access)
    if objection := caller.checks.objection(staged.numbers, view.snapshot):
        return Stopped(refusals.restricted(objection), caller, access, staged)
    return _facts(call, caller, access, staged, view, rng)


def _facts(
    call: Call, caller: Caller, access: Numbers, staged: Staged, view: View, rng: random.Random
) -> Facts:
    numbers = staged.numbers
    phone = view.snapshot.phones.get(numbers.callee)
    account, payer = _payer(caller, numbers, phone, view)
    routed, steps = _routed(caller, staged, rng)
    place = encode(numbers.callee)
    return Facts(
        call=call,
        caller=caller,
        access=access,
        numbers=numbers,
        steps=steps,
        routed=routed,
        account=account,
        payer=payer,
        phone=phone,
        place=place,
        price=view.rates.rate(account, place),
        local=call.time.astimezone(view.zone),
    )


def _payer(caller: Caller, numbers: Numbers, phone: Phone | None, view: View) -> tuple[str, Kind]:
    """Return the account that pays, and whose it is (BIL-04)."""
    if phone is not None and phone.callee_pays:
        return phone.account, Kind.PHONE
    if caller.phones_pay and (calling := view.snapshot.phones.get(numbers.caller)):
        return calling.account, Kind.PHONE
    return caller.account, caller.endpoint.kind


def _routed(caller: Caller, staged: Staged, rng: random.Random) -> tuple[Number, tuple[Step, ...]]:
    """Return the number that prefixes are matched against (RTE-27)."""
    callee = staged.numbers.callee
    prefix = caller.proportional.draw(rng) if caller.proportional else ""
    if not prefix:
        return callee, staged.steps
    routed = Number(prefix + callee)
    step = Step(Stage.PROPORTIONAL_PREFIX, Party.CALLEE, callee, routed, f"prefix {prefix}")
    return routed, (*staged.steps, step)
