"""What a call wants done. The shell does it in the order given, before the next event."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from ..sip.dialog import Dialog
from ..sip.flow import Flow
from ..sip.message import Request, Response
from ..sip.proofs import Proofs
from ..sip.transactions import ClientTransaction, ServerTransaction
from .cdr import Cdr
from .legs import Side
from .parties import PassedOn, Target
from .policy import Credentials
from .services import Question


class Timer(Enum):
    """The timers a call may have running, one of each."""

    PROGRESS = auto()
    """The attempt stays too long where it is (SIG-09, SIG-10)."""
    SETUP = auto()
    """The call stays unanswered for too long (timeoutCallProceeding)."""
    EXTEND = auto()
    """The reservation wants to be renewed."""
    MONEY = auto()
    """The money, or what is reserved of it, is used up."""
    RING_TONE = auto()
    """The vendor has been silent for long enough (MED-11)."""
    ANNOUNCEMENT = auto()
    """An announcement has lasted for long enough (MED-10)."""
    DURATION = auto()
    """The longest talk time is reached (SIG-25)."""
    NO_TIMER = auto()
    """The longest talk time of a caller without session timer is reached (SIG-06)."""
    REFRESH_A = auto()
    """The caller's leg wants a session refresh (SIG-04)."""
    REFRESH_B = auto()
    """The callee's leg does."""
    EXPIRY_A = auto()
    """The caller's leg has not been refreshed in time (SIG-05)."""
    EXPIRY_B = auto()
    """The callee's leg has not."""

    RECONNECT = auto()
    """A re-INVITE of ours that met another one is to be sent again (RFC 3261 section 14.1)."""

    __hash__ = object.__hash__


@dataclass(slots=True, eq=False)
class Outgoing:
    """A request of ours on its way. The shell fills `transaction` and `flow`."""

    side: Side
    request: Request
    flow: Flow | None = None
    """Known inside a dialog; otherwise found from `target`."""
    target: Target | None = None
    passed_on: PassedOn | None = None
    """Set for the INVITE of a call that a phone passes on: it comes back in as a new call."""
    dialog: Dialog | None = None
    """The dialog it is in; None for an INVITE that opens one."""
    credentials: Credentials | None = None
    """What answers a challenge of its peer."""
    proofs: Proofs | None = None
    """Answers to the challenges so far."""
    prolonged: bool = False
    """A 422 was answered with a longer session interval; a second one is a failure (SIG-03)."""
    abandoned: bool = False
    """Nobody waits for its outcome; a 2xx to INVITE is acknowledged and ended."""
    transaction: ClientTransaction | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask a service; its answer is an event."""

    question: Question


@dataclass(frozen=True, slots=True)
class Send:
    """Send a request in a new transaction."""

    outgoing: Outgoing


@dataclass(frozen=True, slots=True)
class SendAck:
    """Send the ACK for a 2xx, and again with each copy of that."""

    invite: Outgoing
    ack: Request
    flow: Flow


@dataclass(frozen=True, slots=True)
class SendBye:
    """Send a BYE as soon as RFC 3261 section 15 lets it go."""

    bye: Outgoing


@dataclass(frozen=True, slots=True)
class Cancel:
    """Give up an INVITE: CANCEL now, or as soon as a provisional response allows it."""

    outgoing: Outgoing


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer a request."""

    transaction: ServerTransaction
    response: Response


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer an INVITE with a 2xx, and again until the ACK comes."""

    dialog: Dialog
    transaction: ServerTransaction
    response: Response


@dataclass(frozen=True, slots=True)
class ReplyReliably:
    """Send a 101 to 199 to an INVITE, and again until the PRACK comes (RFC 3262)."""

    dialog: Dialog
    transaction: ServerTransaction
    response: Response


@dataclass(frozen=True, slots=True)
class EndDialog:
    """Forget a dialog: what still comes in it is met with 481."""

    dialog: Dialog


@dataclass(frozen=True, slots=True)
class Ignore:
    """Leave a request without any answer (AUT-01)."""

    transaction: ServerTransaction


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Start a timer, or start it anew."""

    timer: Timer
    after: float
    """Seconds."""


@dataclass(frozen=True, slots=True)
class ClearTimer:
    """Stop a timer; fine when it does not run."""

    timer: Timer


@dataclass(frozen=True, slots=True)
class ClearTimers:
    """Stop every timer of the call."""


@dataclass(frozen=True, slots=True)
class Journal:
    """Note durably that the call is answered, so that its CDR survives us."""

    cdr: Cdr


@dataclass(frozen=True, slots=True)
class WriteCdr:
    """Make the CDR durable; `CdrStored` says when it is."""

    cdr: Cdr


@dataclass(frozen=True, slots=True)
class Note:
    """Tell trace and log what was decided here, in words."""

    summary: str
    dropped: bool = False


@dataclass(frozen=True, slots=True)
class Finish:
    """The call needs nothing any more."""


Effect = (
    Ask
    | Send
    | SendAck
    | SendBye
    | Cancel
    | Reply
    | Answer
    | ReplyReliably
    | EndDialog
    | Ignore
    | SetTimer
    | ClearTimer
    | ClearTimers
    | Journal
    | WriteCdr
    | Note
    | Finish
)
