"""A call: what is known of it, its state, and what it wants done.

The modules beside this one move it: `arrival`, `admission`, `setup`, `preparation`, `attempts`,
`ringing`, `failover`, `answer`, `established`, `money`, `ending`. `machine` tells which of them
takes which event.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Final

from ..sip.dialog import Dialog
from ..sip.flow import Address
from ..sip.message import Request, Response
from ..sip.methods import BYE
from ..sip.sdp import SessionDescription
from ..sip.transactions import ServerTransaction
from . import addresses
from .agreement import Terms, treated
from .call_settings import CallSettings, HeldBy, nobody
from .cdr import Cdr
from .effects import (
    Answer,
    Ask,
    ClearTimer,
    Effect,
    Note,
    Outgoing,
    Reply,
    Send,
    SendBye,
    SetTimer,
    Timer,
)
from .legs import Leg, Side
from .live_attempt import LiveAttempt
from .negotiation import DelayedAck, Negotiation
from .parties import Endpoint, PassedOn
from .policy import Credentials
from .reasons import Refusal
from .referral import Replacement, Transfer, TransferState
from .services import (
    Authorize,
    CloseMedia,
    ConnectMedia,
    LegMedia,
    Locate,
    NextCandidate,
    OpenMedia,
    Question,
    Route,
    Routed,
    Screen,
    Unpayable,
)
from .session import read
from .states import TRANSITIONS, State, Trigger
from .stop_rules import Failure

SDP: Final = "application/sdp"

AWAITED: Final[frozenset[type[Question]]] = frozenset(
    {Route, NextCandidate, Authorize, Locate, Screen, OpenMedia, CloseMedia}
)
"""Questions whose answers a call needs before it can go on or end."""


@dataclass(slots=True, eq=False)
class Call:
    """One call and its two legs."""

    id: str
    settings: CallSettings
    random: Random
    invite: ServerTransaction
    leg_a: Leg
    cdr: Cdr
    now: float
    """UNIX seconds on a clock that never goes back: the time of the event being handled."""
    state: State = State.ADMITTING
    endpoint: Endpoint | None = None
    passed_on: PassedOn | None = None
    """Set where the endpoint, a phone, passes another call on."""
    held_by: HeldBy = nobody
    offer: SessionDescription | None = None
    """The caller's, parsed; whoever prints it uses it up."""
    plan: Routed | None = None
    attempt: LiveAttempt | None = None
    leg_b: Leg | None = None
    media_instance: str = ""
    """Which media instance relays; empty while none does."""
    relay_a: Address | None = None
    """Where the relay waits for the caller's RTP."""
    relay_b: Address | None = None
    """Where it waits for the callee's, whoever that will be."""
    media_codecs: tuple[str, ...] = ()
    """Codecs between which that instance converts."""
    media_full: bool = False
    """No session could be opened, because no port is free (MED-13)."""
    waiting: set[type[Question]] = field(default_factory=set)
    """Awaited questions that are not answered yet."""
    provisionals: set[tuple[int, bytes]] = field(default_factory=set)
    """Status and body of the 18x the caller has seen."""
    unacknowledged: Response | None = None
    """A reliable one of them that waits for the caller's PRACK."""
    unshown: list[Response] = field(default_factory=list)
    """Further ones, which wait with it."""
    held_answer: Response | None = None
    """The 200, where it has to wait for that PRACK too."""
    tone: str = ""
    """The tone of ours that the caller is to hear as soon as the relay can play it."""
    tone_plays: bool = False
    refusal: Refusal | None = None
    """What the caller gets after the announcement that it hears."""
    prompt: str = ""
    """Name of that announcement."""
    last_failure: Failure | None = None
    reserved: timedelta | None = None
    """Talk time that billing has reserved; None when nothing limits it."""
    money_ends: bool = False
    """billing has said that it will reserve no more."""
    negotiation: Negotiation | None = None
    """The offer on its way through an established call."""
    passed: dict[Outgoing, Negotiation] = field(default_factory=dict)
    """Requests without an offer (INFO) on their way through."""
    refreshes: dict[Side, Outgoing] = field(default_factory=dict)
    """Session refreshes of ours that are not answered yet."""
    unanswered_byes: list[ServerTransaction] = field(default_factory=list)
    """BYEs that get their 200 when the CDR is durable."""
    delayed_ack: DelayedAck | None = None
    """A 2xx that held an offer waits for the other side's ACK, which holds the answer."""
    session_ids: dict[str, str] = field(default_factory=dict)
    """UUIDs of the ends by Call-ID; "" is the callee until it has said its own (RFC 7989)."""
    transfer: Transfer | None = None
    """A side that is being handed over (SIG-21)."""
    transfer_state: TransferState = TransferState.NONE
    replacement: Replacement | None = None
    """A side whose place another call of ours takes."""
    asked: set[type[Question]] = field(default_factory=set)
    """Kinds of questions asked so far."""
    recorded: bool = False
    """The CDR has been handed over."""
    is_screened: bool = False
    """auth wants to judge the call by its numbers (AUT-13)."""
    screen: Screen | None = None
    """What auth was asked, and will be told the end of."""
    unpayable: Unpayable | None = None
    """billing's refusal, while auth's, which comes first (0.5), may still be on its way."""
    effects: list[Effect] = field(default_factory=list)

    # --- what moves it

    def fire(self, trigger: Trigger) -> None:
        """Go to the state the table names."""
        self.state = TRANSITIONS[self.state][trigger]

    def emit(self, effect: Effect) -> None:
        """Want something done."""
        self.effects.append(effect)

    def ask(self, question: Question) -> None:
        """Ask a service."""
        kind = type(question)
        self.asked.add(kind)
        if kind in AWAITED:
            self.waiting.add(kind)
        self.effects.append(Ask(question))

    def note(self, summary: str) -> None:
        """Tell trace and log why."""
        self.effects.append(Note(summary))

    def set_timer(self, timer: Timer, after: timedelta) -> None:
        """Start a timer, or start it anew."""
        self.effects.append(SetTimer(timer, after.total_seconds()))

    def clear_timer(self, timer: Timer) -> None:
        """Stop a timer."""
        self.effects.append(ClearTimer(timer))

    # --- what it knows

    def take_offer(self) -> SessionDescription | None:
        """Return the caller's offer to be used up; None when it made none."""
        offer, self.offer = self.offer, None
        if offer is None and self.leg_a.received:
            return read(self.leg_a.received)  # a former attempt has used it up
        return offer

    @property
    def offered(self) -> bool:
        """Tell whether the caller's INVITE made an offer; else it waits for the callee's."""
        return bool(self.invite.request.body)

    @property
    def answered(self) -> bool:
        """Tell whether the callee has answered."""
        return self.cdr.answer_time is not None

    @property
    def elapsed(self) -> timedelta:
        """Talk time so far."""
        if self.cdr.answer_time is None:
            return timedelta(0)
        return timedelta(seconds=max(self.now - self.cdr.answer_time, 0.0))

    def leg(self, side: Side) -> Leg:
        """Return a leg of an answered call."""
        if side is Side.A:
            return self.leg_a
        assert self.leg_b is not None
        return self.leg_b

    def set_leg(self, leg: Leg) -> None:
        """Put a leg into the place of its side."""
        if leg.side is Side.A:
            self.leg_a = leg
        else:
            self.leg_b = leg

    def local_ip(self, leg: Leg) -> str:
        """Our address as the peer of a leg sees it that has a dialog."""
        dialog = leg.dialog or leg.early
        assert dialog is not None
        flow = dialog.flow
        return self.settings.own.seen_by(flow.remote[0], flow.transport)[0]

    @property
    def relayed(self) -> bool:
        """Tell whether a media instance has a session for the call."""
        return bool(self.media_instance)

    @property
    def convertible(self) -> tuple[str, ...]:
        """Codecs that may be converted between the legs as they are now (MED-03 rule 5)."""
        legs = self.leg_a, self.leg_b
        allowed = all(leg is not None and leg.relay and leg.policy.codec_conversion for leg in legs)
        return self.media_codecs if allowed else ()

    def terms(self, leg: Leg) -> Terms:
        """Return what an established leg's descriptions are made by."""
        return Terms(self.local_ip(leg), self.random, self.convertible)

    def note_codecs(self) -> None:
        """Write down which codecs are spoken now, and out of which."""
        legs = [leg for leg in (self.leg_a, self.leg_b) if leg is not None]
        self.cdr.codecs = tuple(leg.codec for leg in legs if leg.codec)
        self.cdr.codec_lists = tuple(leg.listed for leg in legs)

    # --- what legs say

    def reply(self, transaction: ServerTransaction, status: int, **headers: str) -> None:
        """Answer a request inside leg A's dialog to be, without a body."""
        response = self.response(transaction, status)
        for name, value in headers.items():
            response.headers.set(name.replace("_", "-"), value)
        self.emit(Reply(transaction, response))

    def response(self, transaction: ServerTransaction, status: int, body: bytes = b"") -> Response:
        """Build a response of leg A to its INVITE."""
        dialog = self.leg_a.dialog
        assert dialog is not None
        return dialog.reply(transaction.request, status, body, SDP)

    def send(self, leg: Leg, request: Request) -> Outgoing:
        """Send a request inside a leg's dialog, or its early one."""
        dialog = leg.dialog or leg.early
        assert dialog is not None
        flow = dialog.flow
        if leg.dialog is None:
            flow = addresses.request_flow(dialog, flow, leg.policy.request_address)
        outgoing = Outgoing(leg.side, request, flow, dialog=dialog, credentials=leg.credentials)
        self.emit(Send(outgoing))
        return outgoing

    def answer(self, leg: Leg, transaction: ServerTransaction, response: Response) -> None:
        """Answer an INVITE of a leg with a 2xx."""
        assert leg.dialog is not None
        self.emit(Answer(leg.dialog, transaction, response))

    def send_bye(
        self, dialog: Dialog, side: Side, reason: str, credentials: Credentials | None
    ) -> None:
        """End one dialog; `reason` is the value of its Reason header (RFC 3326)."""
        bye = dialog.request(BYE)
        bye.headers.set("Reason", reason)
        self.emit(SendBye(Outgoing(side, bye, dialog=dialog, credentials=credentials)))

    # --- what the relay is told

    def connect_media(self, *placed: tuple[Leg, LegMedia], answered: bool = False) -> None:
        """Tell the relay, if there is one, where legs' media goes and what is agreed of both."""
        if not self.relayed:
            return
        media = {leg.side: place for leg, place in placed}
        for leg in (self.leg_a, self.leg_b):
            if leg is not None and leg.formats:
                media[leg.side] = treated(leg, media.get(leg.side, LegMedia()))
        a, b = media.get(Side.A), media.get(Side.B)
        self.ask(ConnectMedia(self.id, self.media_instance, a, b, answered))
