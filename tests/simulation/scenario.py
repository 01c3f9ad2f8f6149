"""What the two sides of a call will do, drawn from the seed: most behave, many don't."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto
from random import Random
from typing import Final

from .config import CUSTOMERS, LINES, Customer, Line

PATIENT: Final = (30.0, 30.0, 120.0, 120.0, 120.0, 120.0, 120.0)
"""Seconds that most callers wait for an answer."""
PATIENCE: Final = 200.0
"""Seconds of talk after which a side hangs up that wanted the other one to."""


class Answering(Enum):
    """What a vendor does with an INVITE."""

    ANSWERS = auto()
    REFUSES = auto()
    REDIRECTS = auto()
    SILENT = auto()
    """Says nothing at all."""
    TRYING = auto()
    """Says 100 and no more."""
    RINGS = auto()
    """Rings for ever, and ends by CANCEL."""
    IGNORES_CANCEL = auto()
    """Answers in its own time, whether it was cancelled or not."""
    ANSWERS_CANCEL = auto()
    """Answers when it is cancelled: the 200 crosses the CANCEL."""
    FORKS = auto()
    """Rings at several phones, each with a To tag; one answers."""
    FORKS_TWICE = auto()
    """Rings at several phones, and two of them answer."""
    MUMBLES = auto()
    """Sends what no parser takes."""


ANSWERING_WEIGHTS: Final = {
    Answering.ANSWERS: 50,
    Answering.REFUSES: 14,
    Answering.REDIRECTS: 2,
    Answering.SILENT: 4,
    Answering.TRYING: 2,
    Answering.RINGS: 5,
    Answering.IGNORES_CANCEL: 5,
    Answering.ANSWERS_CANCEL: 5,
    Answering.FORKS: 6,
    Answering.FORKS_TWICE: 4,
    Answering.MUMBLES: 3,
}

REFUSALS: Final = (403, 404, 408, 480, 486, 487, 488, 500, 503, 600, 603, 604)


class Refresh(Enum):
    """What a side does with a session refresh of the switch."""

    AGREES = auto()
    CROSSES = auto()
    """491: it claims to have one of its own under way."""
    FAILS = auto()
    """500."""
    LACKS_UPDATE = auto()
    """405 to UPDATE, whatever its Allow has said."""
    WANTS_LONGER = auto()
    """422 with a longer Min-SE."""
    FORGOT = auto()
    """481: it knows of no call any more."""
    SILENT = auto()


REFRESH_WEIGHTS: Final = {
    Refresh.AGREES: 70,
    Refresh.CROSSES: 10,
    Refresh.FAILS: 4,
    Refresh.LACKS_UPDATE: 5,
    Refresh.WANTS_LONGER: 5,
    Refresh.FORGOT: 2,
    Refresh.SILENT: 4,
}


@dataclass(frozen=True)
class Session:
    """How one side keeps its session timer (RFC 4028) and provisional responses (RFC 3262)."""

    keeps_timer: bool
    takes_update: bool
    interval: int
    """Session-Expires it asks for or grants."""
    refresher: str
    """Who is to refresh, or "" to leave it open."""
    answers: tuple[Refresh, ...]
    """What it does with refreshes, one after the other; the last one again and again."""
    refreshes: tuple[float, ...]
    """When it sends refreshes of its own, in seconds from the answer."""
    wants_longer: bool
    """A vendor's: it refuses a call for its short interval."""
    reliable: bool
    """A caller's: it requires reliable responses. A vendor's: it sends them where it may."""
    acknowledges: bool
    """It sends PRACK."""


class Handing(Enum):
    """How a phone hands a call over (SIG-21)."""

    BLINDLY = auto()
    """To a number."""
    CONSULTING = auto()
    """To somebody whom it calls first."""
    JOINING = auto()
    """To whom it talks to in another call."""
    TO_ITSELF = auto()
    """It names the call that it hands over."""
    TO_THE_GONE = auto()
    """It names a call that is over."""
    TO_STRANGERS = auto()
    """It names a call of another phone."""


HANDING_WEIGHTS: Final = {
    Handing.BLINDLY: 30,
    Handing.CONSULTING: 30,
    Handing.JOINING: 30,
    Handing.TO_ITSELF: 3,
    Handing.TO_THE_GONE: 3,
    Handing.TO_STRANGERS: 4,
}


@dataclass(frozen=True)
class Transfer:
    """A REFER of a phone."""

    after: float
    """Seconds from the answer."""
    handing: Handing
    number: str
    """Of a blind one; "" is a vendor's subscriber of its own."""
    hands_over_the_second: bool
    """Where there are two calls: which of the two is handed over to the other."""


@dataclass(frozen=True)
class Talk:
    """What one side does once it talks. Times are seconds from the answer."""

    hangs_up: float | None
    """None: it waits for the other side, but not longer than `PATIENCE`."""
    vanishes: float | None
    """From then on it neither says nor hears anything."""
    reinvites: tuple[float, ...]
    informs: float | None
    """When it sends INFO."""
    transfer: Transfer | None
    """A phone's."""
    session: Session


@dataclass(frozen=True)
class CallerScript:
    """What the caller does."""

    customer: Customer
    number: str
    starts: float
    """Seconds from the beginning of the run."""
    patience: float
    """Seconds until it cancels."""
    talk: Talk
    wrong_password: bool = False
    malformed: bool = False
    twice: bool = False
    """It sends the INVITE on two paths: the same request with another branch."""
    acknowledges: bool = True
    early_bye: bool = False
    """It gives up with BYE instead of CANCEL."""
    late_offer: bool = False
    """Its INVITE has no offer; that comes with the ACK."""
    caller: str = "1001"
    """Number it calls from."""
    to_phone: bool = False

    @property
    def key(self) -> str:
        """What no other call has: the number of a vendor's subscriber, or that of who calls a
        phone.
        """
        return self.caller if self.to_phone else self.number


@dataclass(frozen=True)
class CalleeScript:
    """What a vendor does with one call."""

    answering: Answering
    rings_after: float
    answers_after: float
    status: int
    early_media: bool
    retry_after: bool
    takes_bye: bool
    """It answers BYE."""
    talk: Talk


def draw_caller(random: Random, number: str, starts: float, to_phones: float) -> CallerScript:
    """Return what a caller does; `to_phones` is the share of customers' calls that go to one."""
    customers = (*CUSTOMERS, *LINES)
    customer = random.choices(customers, [customer.share for customer in customers])[0]
    is_phone = isinstance(customer, Line)
    to_phone = not is_phone and random.random() < to_phones
    return CallerScript(
        customer=customer,
        number=random.choice(LINES).name if to_phone else number,
        caller=customer.name if is_phone else f"15{number[2:]}" if to_phone else "1001",
        to_phone=to_phone,
        starts=starts,
        patience=random.choice((random.uniform(0.0, 4.0), 0.01, *PATIENT)),
        talk=_talk(random),
        wrong_password=customer.digest and random.random() < 0.2,
        malformed=random.random() < 0.03,
        twice=random.random() < 0.05,
        acknowledges=random.random() > 0.02,
        early_bye=random.random() < 0.05,
        late_offer=random.random() < 0.05,
    )


def draw_callee(random: Random) -> CalleeScript:
    """Return what a vendor does."""
    kinds, weights = zip(*ANSWERING_WEIGHTS.items(), strict=True)
    return CalleeScript(
        answering=random.choices(kinds, weights)[0],
        rings_after=random.choice((0.0, 0.2, 2.0)),
        answers_after=random.choice((0.0, 0.5, 3.0, 10.0, 40.0, 90.0)),
        status=random.choice(REFUSALS),
        early_media=random.random() < 0.3,
        retry_after=random.random() < 0.5,
        takes_bye=random.random() > 0.03,
        talk=_talk(random),
    )


def _talk(random: Random) -> Talk:
    length = random.choice((0.0, 0.3, 5.0, 29.98, 30.0, 30.02, 61.0, random.uniform(1, 150)))
    return Talk(
        hangs_up=length if random.random() < 0.6 else None,
        vanishes=random.uniform(0.0, 60.0) if random.random() < 0.04 else None,
        reinvites=tuple(
            random.choice((0.5, 2.0, random.uniform(0.1, 30.0)))
            for _ in range(random.choice((0, 0, 0, 0, 1, 2)))
        ),
        informs=random.uniform(0.0, 20.0) if random.random() < 0.05 else None,
        transfer=_transfer(random) if random.random() < 0.7 else None,
        session=_session(random),
    )


def draw_consultation(random: Random, customer: Customer, number: str) -> CallerScript:
    """Return what a phone does that asks somebody before it hands a call over."""
    return CallerScript(
        customer=customer,
        number=number,
        caller=customer.name,
        starts=0.0,
        patience=random.choice(PATIENT),
        talk=replace(_talk(random), transfer=None),
    )


def _transfer(random: Random) -> Transfer:
    kinds, weights = zip(*HANDING_WEIGHTS.items(), strict=True)
    return Transfer(
        after=random.choice((0.0, 1.0, random.uniform(0.0, 30.0))),
        handing=random.choices(kinds, weights)[0],
        number=random.choice(("", *(line.name for line in LINES), "nobody")),
        hands_over_the_second=random.random() < 0.5,
    )


def _session(random: Random) -> Session:
    kinds, weights = zip(*REFRESH_WEIGHTS.items(), strict=True)
    storm = random.random() < 0.05
    return Session(
        keeps_timer=random.random() < 0.7,
        takes_update=random.random() < 0.6,
        interval=random.choice((90, 100, 1800)),
        refresher=random.choice(("", "uac", "uas")),
        answers=(Refresh.CROSSES,) if storm else tuple(random.choices(kinds, weights, k=4)),
        refreshes=tuple(
            random.choice((9.0, 18.0, 45.0, random.uniform(0.1, 100.0)))
            for _ in range(random.choice((0, 0, 1, 3)))
        ),
        wants_longer=random.random() < 0.1,
        reliable=random.random() < 0.2,
        acknowledges=random.random() > 0.1,
    )
