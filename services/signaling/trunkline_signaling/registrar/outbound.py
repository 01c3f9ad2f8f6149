"""One registration of ours at a vendor (SIG-01, SIG-02; RFC 3261 section 10.2).

Whoever drives it asks `begin` for a REGISTER when `deadline` has come, sends it, and hands what
came back to `take`, which may want another one sent at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final

from ..calls.parties import Target
from ..calls.policy import Credentials
from ..sip.errors import MalformedValue
from ..sip.fields import RetryAfter, parse_delta_seconds
from ..sip.headers import Headers
from ..sip.message import Request, Response
from ..sip.methods import REGISTER
from ..sip.name_addr import NameAddr
from ..sip.proofs import Proofs, challenges_in
from ..sip.uri import SipUri

SHORTEST: Final = 20
LONGEST: Final = 7200
"""Seconds between which expiries are kept (SS_SIP_USER_AGENT_EXPIRE)."""
AUTOMATIC: Final = 3600
"""Seconds asked for when the vendor is to decide."""
REFRESH_SHARE: Final = 0.9
REFRESH_MARGIN: Final = 5.0
"""Seconds before its expiry at which a registration is refreshed at the latest."""


class State(StrEnum):
    """How a registration stands."""

    IDLE = "idle"
    TRYING = "trying"
    AUTHENTICATING = "authenticating"
    REGISTERED = "registered"
    REFRESHING = "refreshing"
    FAILED = "failed"
    UNREGISTERING = "unregistering"
    UNREGISTERED = "unregistered"


class Trigger(StrEnum):
    """What moves it."""

    DUE = "due"
    CHALLENGE = "challenge"
    GRANT = "grant"
    FAILURE = "failure"
    LEAVE = "leave"


TRANSITIONS: Final[Mapping[State, Mapping[Trigger, State]]] = {
    State.IDLE: {Trigger.DUE: State.TRYING},
    State.TRYING: {
        Trigger.CHALLENGE: State.AUTHENTICATING,
        Trigger.GRANT: State.REGISTERED,
        Trigger.FAILURE: State.FAILED,
    },
    State.AUTHENTICATING: {
        Trigger.CHALLENGE: State.AUTHENTICATING,  # a proxy has let it pass, and the vendor asks
        Trigger.GRANT: State.REGISTERED,
        Trigger.FAILURE: State.FAILED,
    },
    State.REGISTERED: {Trigger.DUE: State.REFRESHING, Trigger.LEAVE: State.UNREGISTERING},
    State.REFRESHING: {
        Trigger.CHALLENGE: State.REFRESHING,  # the binding lives while the refresh is proven
        Trigger.GRANT: State.REGISTERED,
        Trigger.FAILURE: State.FAILED,
        Trigger.LEAVE: State.UNREGISTERING,
    },
    State.FAILED: {Trigger.DUE: State.TRYING},
    State.UNREGISTERING: {
        Trigger.CHALLENGE: State.UNREGISTERING,
        Trigger.GRANT: State.UNREGISTERED,
        Trigger.FAILURE: State.UNREGISTERED,  # it lapses by itself
    },
    State.UNREGISTERED: {},
}


@dataclass(frozen=True, slots=True)
class Peer:
    """As whom we register at a vendor, and how we get there."""

    name: str
    """The routing gateway's."""
    proxy: Target
    """Where REGISTER is sent, whatever the Request-URI says."""
    host: str
    """Host of the Request-URI, From and To."""
    user: str
    credentials: Credentials | None = None
    expire: int | None = None
    """Expiry to ask for in seconds, if the gateway has its own."""
    automatic: bool = False
    """The vendor decides, whatever the parameter says."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the parameters say. A registration keeps those it began with (0.3 rule 5)."""

    expire: int | None = None
    """SS_SIP_USER_AGENT_EXPIRE; None lets the vendor decide."""
    retry_delay: int = 60
    """SS_SIP_USER_AGENT_RETRY_DELAY."""


class Registration:
    """One registration. `rules` is asked whenever it begins anew."""

    def __init__(self, peer: Peer, rules: Callable[[], Rules], random: Random) -> None:
        self.peer = peer
        self.state = State.IDLE
        self.deadline: float | None = 0.0
        """When the next REGISTER is due; None while one is under way or none is wanted."""
        self.explanation = ""
        """Why it failed last, for people."""
        self._rules_now = rules
        self._rules = rules()
        self._random = random
        self._call_id = f"{random.getrandbits(128):032x}"
        self._from_tag = f"{random.getrandbits(64):016x}"
        self._cseq = 0
        self._contact = SipUri(peer.host)
        self._expires = 0
        self._proofs = _proofs_of(peer)
        self._was_brief = False

    @property
    def is_registered(self) -> bool:
        """Whether the vendor knows us now."""
        return self.state in (State.REGISTERED, State.REFRESHING)

    def begin(self, contact: SipUri) -> Request:
        """Return the REGISTER that is due. `contact` is where requests of the vendor reach us."""
        if not self.is_registered:
            self._rules = self._rules_now()
            self._contact = contact
        self._expires = self._wanted()
        self._fire(Trigger.DUE)
        return self._round()

    def leave(self) -> Request:
        """Return the REGISTER that ends it (SIG-01). Only while it is registered."""
        self._expires = 0
        self._fire(Trigger.LEAVE)
        return self._round()

    def take(self, response: Response | None, now: float) -> Request | None:
        """Take the final answer, or that none came; return what is to be sent at once."""
        if response is None:
            return self._failed("no answer", now)
        if response.status in (401, 407):
            return self._prove(response, now)
        if response.status == 423 and self._expires:
            return self._ask_for_more(response, now)
        if not response.is_success:
            reason = f"{response.status} {response.reason}"
            return self._failed(reason, now, _retry_after(response))
        self._granted(response, now)
        return None

    def fail(self, explanation: str, now: float, retry_after: int = 0) -> None:
        """Note that it did not come about; `retry_after` is in seconds."""
        if Trigger.DUE in TRANSITIONS[self.state]:  # it could not even be sent
            self._fire(Trigger.DUE)
        self._fire(Trigger.FAILURE)
        self.explanation = explanation
        if self.state is State.FAILED:
            self.deadline = now + max(self._rules.retry_delay, retry_after)

    def _failed(self, explanation: str, now: float, retry_after: int = 0) -> Request | None:
        self.fail(explanation, now, retry_after)
        return None  # nothing is sent for now

    def _granted(self, response: Response, now: float) -> None:
        if self.state is State.UNREGISTERING:
            self._fire(Trigger.GRANT)
            return
        granted = self._expiry_in(response)
        if not granted:
            self.fail(f"{response.status} without our contact", now)
            return
        granted = min(max(granted, SHORTEST), LONGEST)
        self._fire(Trigger.GRANT)
        self.explanation = ""
        self.deadline = now + min(granted * REFRESH_SHARE, granted - REFRESH_MARGIN)

    def _expiry_in(self, response: Response) -> int:
        """Return the seconds granted to our contact; 0 where there are none."""
        try:
            for contact in response.headers.parse_all("Contact", NameAddr.parse):
                uri = contact.uri
                if isinstance(uri, SipUri) and _where(uri) == _where(self._contact):
                    own = contact.params.get("expires")
                    if own is not None:
                        return parse_delta_seconds(own)
                    said = response.headers.parse("Expires", parse_delta_seconds)
                    return self._expires if said is None else said
        except MalformedValue:
            pass
        return 0

    def _prove(self, response: Response, now: float) -> Request | None:
        """Answer what a proxy or the vendor asks, each once a round."""
        challenges = challenges_in(response)
        if self._proofs is None or not challenges:
            return self._failed(f"{response.status}, and nothing to answer it with", now)
        if not self._proofs.take(challenges):
            self._proofs.forget()
            return self._failed(f"{response.status}, the credentials are refused", now)
        self._fire(Trigger.CHALLENGE)
        return self._register()

    def _ask_for_more(self, response: Response, now: float) -> Request | None:
        """Repeat with the Min-Expires of a 423, once a round (section 10.3)."""
        try:
            least = response.headers.parse("Min-Expires", parse_delta_seconds) or 0
        except MalformedValue:
            least = 0
        if self._was_brief or not SHORTEST <= least <= LONGEST:
            return self._failed(f"423 with a Min-Expires of {least}", now)
        self._was_brief, self._expires = True, least
        return self._register()

    def _wanted(self) -> int:
        if self.peer.automatic:
            return AUTOMATIC
        return self.peer.expire or self._rules.expire or AUTOMATIC

    def _round(self) -> Request:
        self.deadline = None
        self._was_brief = False
        if self._proofs is not None:
            self._proofs.begin()
        return self._register()

    def _register(self) -> Request:
        peer, headers = self.peer, Headers()
        self._cseq += 1
        of_record = SipUri(peer.host, peer.user)
        gone = "" if self._expires else ";expires=0"
        headers.set("Max-Forwards", 70)
        headers.set("From", f"<{of_record}>;tag={self._from_tag}")
        headers.set("To", f"<{of_record}>")
        headers.set("Call-ID", self._call_id)
        headers.set("CSeq", f"{self._cseq} {REGISTER}")
        headers.set("Contact", f"<{self._contact}>{gone}")
        headers.set("Expires", self._expires)
        request = Request(REGISTER, str(SipUri(peer.host)), headers)
        if self._proofs is not None:  # most registrars take the last nonce again
            self._proofs.write(request, self._random)
        return request

    def _fire(self, trigger: Trigger) -> None:
        self.state = TRANSITIONS[self.state][trigger]


def _proofs_of(peer: Peer) -> Proofs | None:
    credentials = peer.credentials
    return None if credentials is None else Proofs(credentials.username, credentials.password)


def _retry_after(response: Response) -> int:
    try:
        found = response.headers.parse("Retry-After", RetryAfter.parse)
    except MalformedValue:
        return 0
    return found.delay if found is not None else 0


def _where(uri: SipUri) -> tuple[str | None, str, int]:
    return uri.user, uri.host.lower(), uri.effective_port
