"""What is decided over a call, and what is told of its attempts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from ..candidates.offer import Offer
from ..model.callers import Endpoint
from .facts import Facts, Stopped
from .refusals import Refusal

NO_TALK = timedelta(0)


@dataclass(frozen=True, slots=True)
class Attempt:
    """How one attempt ended, as far as routing cares."""

    number: int
    endpoint: Endpoint
    answered: bool = False
    progressed: bool = False
    retry_after: timedelta | None = None
    talk: timedelta = NO_TALK
    sip_status: int = 0
    """Final status; 0 when none came."""
    q850_cause: int = 0
    abandoned: bool = False
    """The caller gave up before anything rang: no verdict on the gateway (RTE-13)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A call that goes somewhere, with the rules that hold for all of it."""

    first: Offer
    others: tuple[Endpoint, ...]
    max_duration: timedelta | None
    switch_limit: int | None
    until_connect: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a call: what was established of it, and a plan or a refusal."""

    known: Facts | Stopped
    outcome: Plan | Refusal
