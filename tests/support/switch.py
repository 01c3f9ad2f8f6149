"""The real switch on a virtual clock, between SIP user agents, with fakes of the four services."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

from support.user_agent import UserAgent
from trunkline_kernel.names import is_address
from trunkline_signaling.calls.call import Call
from trunkline_signaling.calls.call_settings import CallSettings
from trunkline_signaling.calls.cdr import Cdr, MediaStatistics, StreamStatistics
from trunkline_signaling.calls.effects import Note
from trunkline_signaling.calls.parties import Binding, Endpoint, EndpointKind, Numbers, Target
from trunkline_signaling.calls.policy import Candidate
from trunkline_signaling.calls.reasons import CallEndReason
from trunkline_signaling.calls.services import (
    Admission,
    Admit,
    Allowed,
    Answer,
    Authorize,
    Authorized,
    Blacklisted,
    CloseMedia,
    ConnectMedia,
    DigitsSent,
    EndReported,
    Exhausted,
    Extend,
    Extended,
    GatewayReport,
    Locate,
    Located,
    MediaClosed,
    MediaConnected,
    MediaOpened,
    MediaService,
    NextCandidate,
    NextFound,
    OpenMedia,
    Play,
    PlayBegun,
    PlayStopped,
    Question,
    Register,
    Registered,
    Registration,
    Release,
    Released,
    ReportEnd,
    Route,
    Routed,
    RoutingService,
    Screen,
    Screened,
    Seat,
    SendDigits,
    ServiceError,
    ServiceFailed,
    StopPlay,
    Unpayable,
    Unroutable,
)
from trunkline_signaling.shell.handovers import Handovers
from trunkline_signaling.shell.ports import Observer, Services
from trunkline_signaling.shell.switch import Switch
from trunkline_signaling.sip.flow import Address, Flow, Transport
from trunkline_signaling.sip.headers import Headers
from trunkline_signaling.sip.message import Request
from trunkline_signaling.sip.outputs import (
    CancelReceived,
    DialogRequestReceived,
    Event,
    RequestReceived,
    ResponseReceived,
)
from trunkline_signaling.sip.parser import parse_datagram
from trunkline_signaling.sip.transactions import ClientTransaction

SWITCH: Address = ("10.0.0.1", 5060)
CALLER: Address = ("10.0.0.2", 5060)
VENDOR: Address = ("10.0.0.3", 5060)
SECOND_VENDOR: Address = ("10.0.0.4", 5060)

CUSTOMER = Endpoint(EndpointKind.MAPPING_GATEWAY, "acme-pbx")
DELAY = 0.001

OFFER = (
    b"v=0\r\no=alice 1 1 IN IP4 10.0.0.2\r\ns=-\r\nc=IN IP4 10.0.0.2\r\nt=0 0\r\n"
    b"m=audio 4000 RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"
)

ANSWER = (
    b"v=0\r\no=bob 1 1 IN IP4 10.0.0.3\r\ns=-\r\nc=IN IP4 10.0.0.3\r\nt=0 0\r\n"
    b"m=audio 6000 RTP/AVP 8\r\n"
)

Script = Callable[[UserAgent, Event], None]


def candidate(attempt: int = 1, address: Address = VENDOR, **changes: object) -> Candidate:
    """Return a way to a vendor."""
    plain = Candidate(
        attempt,
        Endpoint(EndpointKind.ROUTING_GATEWAY, f"vendor-{address[0]}"),
        targets=(Target(*address),),
        clearing_account="vendor",
        request_uri_user="4420",
        to_user="4420",
        from_user="1001",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def plan(first: Candidate | None = None, **changes: object) -> Routed:
    """Return what routing says of a call that goes somewhere."""
    plain = Routed(
        Numbers("1001", "004420", "1001", "4420"),
        "acme",
        EndpointKind.MAPPING_GATEWAY,
        first or candidate(),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def caller(*, acknowledges: bool = True, answers_offers: bool = False) -> UserAgent:
    """Return a caller that takes what comes, unless it is told otherwise."""

    def script(agent: UserAgent, event: Event) -> None:
        match event:
            case ResponseReceived(transaction, response) if response.is_success:
                if transaction.request.method == "INVITE" and acknowledges:
                    _acknowledge(agent, event, OFFER if answers_offers else b"")
            case DialogRequestReceived():
                answers(agent, event)

    return UserAgent(CALLER, script=script)


def vendor(script: Script | None = None, address: Address = VENDOR, **options: Any) -> UserAgent:
    """Return a vendor; without a script it answers every call."""
    return UserAgent(address, script=script or answers, **options)


def invite(body: bytes = OFFER, call_id: str = "caller-1") -> Request:
    """Return the caller's INVITE."""
    request = Request(
        "INVITE",
        "sip:004420@10.0.0.1",
        Headers(
            (
                ("Max-Forwards", 70),
                ("From", '"Alice" <sip:1001@10.0.0.2>;tag=alice'),
                ("To", "<sip:004420@10.0.0.1>"),
                ("Call-ID", call_id),
                ("CSeq", "1 INVITE"),
                ("Contact", "<sip:1001@10.0.0.2:5060>"),
            )
        ),
        body,
    )
    if body:
        request.headers.set("Content-Type", "application/sdp")
    return request


def _acknowledge(agent: UserAgent, event: ResponseReceived, body: bytes) -> None:
    dialog = agent.dialogs.establish(event)
    ack = dialog.ack(event.transaction.request, body, "application/sdp")
    agent.transactions.send_ack(event.transaction, ack, dialog.flow)


def answers_with(body: bytes) -> Script:
    """Return a script that answers every call with this session, and every request in it."""

    def script(agent: UserAgent, event: Event) -> None:
        match event:
            case RequestReceived(transaction, request) if request.method == "INVITE":
                dialog = agent.dialogs.accept(transaction, agent.contact)
                agent.transactions.respond(transaction, dialog.reply(request, 180), agent.now)
                answer = dialog.reply(request, 200, body, "application/sdp")
                agent.dialogs.answer(dialog, transaction, answer, agent.now)
            case DialogRequestReceived(dialog, transaction, request) if request.method == "INVITE":
                response = dialog.reply(request, 200, body, "application/sdp")
                agent.dialogs.answer(dialog, transaction, response, agent.now)
            case DialogRequestReceived():
                agent.reply(event, 200)

    return script


answers = answers_with(ANSWER)
"""Answer every call, and every request in it."""


def gives(*statuses: int) -> Script:
    """Return a script that gives these responses to every INVITE, and 200 to the rest."""

    def script(agent: UserAgent, event: Event) -> None:
        match event:
            case RequestReceived(_, request) if request.method == "INVITE":
                for status in statuses:
                    agent.reply(event, status)
            case CancelReceived(transaction, _):
                terminated = transaction.request.reply(487, to_tag="bob")
                agent.transactions.respond(transaction, terminated, agent.now)
            case DialogRequestReceived() | RequestReceived():
                agent.reply(event, 200)

    return script


class FakeAuth:
    """Knows everybody, unless it is told otherwise."""

    def __init__(self) -> None:
        self.decision: Admission = Allowed(CUSTOMER)
        self.registration: Registration = Registered(())
        self.bindings: tuple[Binding, ...] = ()
        """Of every terminal that `phones` does not name."""
        self.phones: dict[str, tuple[Binding, ...]] = {}
        """Bindings of single phones by number."""
        self.away = False
        self.verdict: Screened | Blacklisted = Screened()
        self.cannot_screen = False
        self.asked: list[Admit | Register | Locate | Screen] = []
        self.ends: list[ReportEnd] = []

    async def admit(self, question: Admit) -> Admission:
        """Answer as told."""
        self.asked.append(question)
        await _hop(self.away)
        return self.decision

    async def register(self, question: Register) -> Registration:
        """Answer as told."""
        self.asked.append(question)
        await _hop(self.away)
        return self.registration

    async def locate(self, question: Locate) -> Located:
        """Answer as told."""
        self.asked.append(question)
        await _hop(self.away)
        return Located(self.phones.get(question.endpoint.name, self.bindings))

    async def screen(self, question: Screen) -> Screened | Blacklisted:
        """Answer as told."""
        self.asked.append(question)
        await _hop(self.away or self.cannot_screen)
        return self.verdict

    async def report_end(self, question: ReportEnd) -> EndReported:
        """Take note."""
        await _hop(self.away)
        self.ends.append(question)
        return EndReported()


class FakeRouting:
    """Has a plan, and a list of further candidates; keeps the seats."""

    def __init__(self) -> None:
        self.plan: Routed | Unroutable = plan()
        self.further: list[Candidate] = []
        self.away = False
        self.seats: set[str] = set()
        self.failed: list[NextCandidate] = []
        self.released: list[Release] = []
        self.reports: list[Mapping[str, GatewayReport]] = []

    async def route(self, question: Route) -> Routed | Unroutable:
        """Take the seats."""
        await _hop(self.away)
        if isinstance(self.plan, Routed):
            self.seats.add(question.call_id)
        return self.plan

    async def next_candidate(self, question: NextCandidate) -> NextFound | Exhausted:
        """Return the next one of the list."""
        self.failed.append(question)
        await _hop(self.away)
        if self.further:
            return NextFound(self.further.pop(0))
        return Exhausted(CallEndReason.ROUTE_NOT_FOUND, 503, "none is left")

    async def release(self, question: Release) -> Released:
        """Free the seats."""
        await _hop(self.away)
        self.released.append(question)
        self.seats.discard(question.call_id)
        return Released()

    async def renew_leases(self, instance: str, epoch: str) -> bool:
        """Know the seats."""
        await _hop(self.away)
        return True

    async def announce_seats(self, instance: str, epoch: str, seats: list[Seat]) -> None:
        """Take the seats again."""
        self.seats = {seat.call_id for seat in seats}

    async def report_gateways(self, instance: str, reports: Sequence[GatewayReport]) -> None:
        """Remember them."""
        await _hop(self.away)
        self.reports.append({report.name: report for report in reports})


class FakeBilling:
    """Has money for everything, unless it is told otherwise."""

    def __init__(self) -> None:
        self.decision: Authorized | Unpayable = Authorized()
        self.by_account: dict[str, Authorized | Unpayable] = {}
        """Decisions about single accounts."""
        self.extension: Extended | None = None
        self.away = False
        self.authorized: list[Authorize] = []
        self.extended: list[Extend] = []

    async def authorize(self, question: Authorize) -> Authorized | Unpayable:
        """Answer as told."""
        self.authorized.append(question)
        await _hop(self.away)
        return self.by_account.get(question.account, self.decision)

    async def extend(self, question: Extend) -> Extended:
        """Reserve another minute beyond what is talked, or answer as told."""
        self.extended.append(question)
        await _hop(self.away)
        return self.extension or Extended(question.elapsed + timedelta(seconds=60))


class FakeMedia:
    """Relays nothing, but hands out addresses."""

    def __init__(self) -> None:
        self.away = False
        self.full = False
        self.sounds = {"ringback": timedelta(seconds=5)}
        self.convertible = ("PCMA", "PCMU", "G729")
        self.sessions: set[str] = set()
        self.asked: list[Question] = []

    async def open(self, question: OpenMedia) -> MediaOpened:
        """Open a session."""
        self.asked.append(question)
        await _hop(self.away)
        if self.full:
            raise ServiceError("no port is free", exhausted=True)
        self.sessions.add(question.call_id)
        relay_a, relay_b = ("10.0.0.9", 10000), ("10.0.0.9", 10002)
        return MediaOpened("media-1", relay_a, relay_b, self.convertible)

    async def connect(self, question: ConnectMedia) -> MediaConnected:
        """Change legs."""
        self.asked.append(question)
        await _hop(self.away)
        return MediaConnected()

    async def send_digits(self, question: SendDigits) -> DigitsSent:
        """Take note."""
        self.asked.append(question)
        await _hop(self.away)
        return DigitsSent()

    async def play(self, question: Play) -> PlayBegun:
        """Play, if there is such a sound."""
        self.asked.append(question)
        await _hop(self.away)
        if question.audio not in self.sounds:
            raise ServiceError(f"audio {question.audio} is not there", unknown=True)
        return PlayBegun(self.sounds[question.audio])

    async def stop_play(self, question: StopPlay) -> PlayStopped:
        """Take note."""
        self.asked.append(question)
        await _hop(self.away)
        return PlayStopped()

    async def close(self, question: CloseMedia) -> MediaClosed:
        """End a session."""
        self.asked.append(question)
        await _hop(self.away)
        self.sessions.discard(question.call_id)
        return MediaClosed(MediaStatistics(StreamStatistics(50), StreamStatistics(40)))


class FakeCdrs:
    """Keeps CDRs; durable after a moment."""

    def __init__(self) -> None:
        self.cdrs: list[Cdr] = []
        self.journal: dict[str, Cdr] = {}
        self.delay = 0.005

    def opened(self, cdr: Cdr) -> None:
        """Note an answered call."""
        self.journal[cdr.call_id] = cdr

    def finished(self, cdr: Cdr, stored: Callable[[], None]) -> None:
        """Store a CDR."""
        self.journal.pop(cdr.call_id, None)
        self.cdrs.append(cdr)
        asyncio.get_running_loop().call_later(self.delay, stored)


class Silent:
    """An observer that remembers notes and drops."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def message_received(self, data: bytes, flow: Flow) -> None:
        """Ignore it."""

    def message_sent(self, data: bytes, flow: Flow) -> None:
        """Ignore it."""

    def call_began(self, call_id: str, sip_call_id: str) -> None:
        """Ignore it."""

    def leg_began(self, call_id: str, sip_call_id: str) -> None:
        """Ignore it."""

    def decided(self, call_id: str, question: Question, answer: Answer | ServiceFailed) -> None:
        """Ignore it."""

    def noted(self, call_id: str, note: Note) -> None:
        """Remember it."""
        self.notes.append(note.summary)

    def dropped(self, explanation: str, data: bytes, flow: Flow) -> None:
        """Remember it."""
        self.notes.append(explanation)

    def moved(self, call: Call) -> None:
        """Ignore it."""

    def call_answered(self, cdr: Cdr) -> None:
        """Ignore it."""

    def call_ended(self, cdr: Cdr | None, call_id: str) -> None:
        """Ignore it."""


class KnownAddresses:
    """A resolver for literals."""

    def __init__(self) -> None:
        self.silent: list[Address] = []

    def known(self, target: Target) -> Address | None:
        """Return a literal."""
        return (target.host, target.port or 5060) if is_address(target.host) else None

    async def find(self, target: Target) -> Address | None:
        """Find nothing."""
        return None

    def failed(self, target: Target, address: Address) -> None:
        """Remember it."""
        self.silent.append(address)


class OneAddress:
    """The switch has one address for everybody."""

    def __init__(self, address: Address = SWITCH) -> None:
        self._address = address

    def seen_by(self, remote: str, transport: Transport) -> Address:
        """Return it."""
        return self._address


class LoopClock:
    """The loop's time as UNIX seconds."""

    def now(self) -> float:
        """Return the loop's time."""
        return asyncio.get_running_loop().time()


class SwitchBench:
    """A switch with user agents around it. Only inside a running loop."""

    def __init__(
        self,
        *agents: UserAgent,
        settings: CallSettings | None = None,
        observer: Observer | None = None,
        routing: RoutingService | None = None,
        media: MediaService | None = None,
        handovers: Handovers | None = None,
        address: Address = SWITCH,
        instance: str = "signaling-1",
    ) -> None:
        """`routing` and `media` take the place of the fakes."""
        self.address = address
        self.auth, self.routing = FakeAuth(), FakeRouting()
        self.billing, self.media = FakeBilling(), FakeMedia()
        self.cdrs, self.observer = FakeCdrs(), Silent()
        self.settings = settings or CallSettings(instance, OneAddress(address))
        self.is_overloaded = False
        self.strangers: set[str] = set()
        self.wire: list[str] = []
        """Start lines in the order they were sent, with who sent them."""
        self.messages: list[tuple[Address, Address, bytes]] = []
        self._agents: dict[Address, UserAgent | SwitchBench] = {a.address: a for a in agents}
        self._loop = asyncio.get_running_loop()
        self.switch = Switch(
            Services(self.auth, routing or self.routing, self.billing, media or self.media),
            self.cdrs,
            self,
            KnownAddresses(),
            LoopClock(),
            observer or self.observer,
            lambda: self.settings,
            Random(instance),
            handovers=handovers,
        )

    def join(self, other: SwitchBench) -> None:
        """Let the two switches reach each other, and the agents of each other."""
        mine, its = dict(self._agents), dict(other._agents)
        self._agents |= its | {other.address: other}
        other._agents |= mine | {self.address: self}

    def receive(self, data: bytes, flow: Flow, now: float) -> None:
        """Take a message of the other switch."""
        self.switch.receive(data, flow)

    def local(self, transport: Transport) -> Address:
        """Send from the switch's address."""
        return self.address

    def knows(self, ip: str) -> bool:
        """Know every agent but the strangers."""
        return ip not in self.strangers

    def overloaded(self) -> bool:
        """Have as much to do as the test says."""
        return self.is_overloaded

    def send(self, data: bytes, flow: Flow) -> None:
        """Take a message of the switch."""
        self._post(self.address, flow.remote, data)

    def pump(self, agent: UserAgent) -> None:
        """Send what an agent has to send, and wake it when it wants to be woken."""
        for transmit in agent.transmissions():
            self._post(agent.address, transmit.flow.remote, transmit.data)
        deadline = agent.next_deadline()
        if deadline is not None:
            self._loop.call_at(deadline, self._wake, agent)

    def call(self, agent: UserAgent, request: Request | None = None) -> ClientTransaction:
        """Let an agent send an INVITE to the switch."""
        agent.now = self._loop.time()
        transaction = agent.send(request or invite(), self.address)
        self.pump(agent)
        return transaction

    def send_in(
        self,
        agent: UserAgent,
        method: str,
        body: bytes = b"",
        type_: str = "application/sdp",
        **headers: str,
    ) -> ClientTransaction:
        """Let an agent send a request in its only dialog; `Session_Expires="90"` adds a header."""
        agent.now = self._loop.time()
        (dialog,) = agent.dialogs
        request = dialog.request(method, body, type_)
        for name, value in headers.items():
            request.headers.set(name.replace("_", "-"), value)
        transaction = agent.transactions.send_request(request, dialog.flow, agent.now)
        self.pump(agent)
        return transaction

    def acknowledge(self, agent: UserAgent) -> None:
        """Let an agent acknowledge the last 2xx it got to its INVITE."""
        answered = [e for e in agent.events_of(ResponseReceived) if e.response.is_success]
        agent.now = self._loop.time()
        _acknowledge(agent, answered[-1], b"")
        self.pump(agent)

    def cancel(self, agent: UserAgent, transaction: ClientTransaction) -> None:
        """Let an agent give up its INVITE."""
        agent.now = self._loop.time()
        agent.transactions.cancel(transaction, agent.now)
        self.pump(agent)

    def binding(self, contact: str, address: Address, *, behind_nat: bool = False) -> Binding:
        """Return where a phone has registered."""
        return Binding(contact, address, Transport.UDP, behind_nat, "signaling-1")

    def requests(self, destination: Address, method: str = "INVITE") -> list[Request]:
        """Return the requests of a method that the switch has sent to a node."""
        sent = (parse_datagram(data) for _, to, data in self.messages if to == destination)
        return [one for one in sent if isinstance(one, Request) and one.method == method]

    def starts(self, source: Address) -> list[str]:
        """Return the start lines a node has sent, without version and phrase."""
        return [_short(data) for sender, _, data in self.messages if sender == source]

    def to(self, destination: Address) -> list[str]:
        """Return the start lines of what the switch has sent to a node."""
        return [_short(data) for _, to, data in self.messages if to == destination]

    @property
    def cdr(self) -> Cdr:
        """The one CDR."""
        (cdr,) = self.cdrs.cdrs
        return cdr

    def _wake(self, agent: UserAgent) -> None:
        agent.on_timer(self._loop.time())
        self.pump(agent)

    def _post(self, source: Address, destination: Address, data: bytes) -> None:
        self.messages.append((source, destination, data))
        self._loop.call_later(DELAY, self._deliver, source, destination, data)

    def _deliver(self, source: Address, destination: Address, data: bytes) -> None:
        flow = Flow(Transport.UDP, source, destination)
        if destination == self.address:
            self.switch.receive(data, flow)
        elif (node := self._agents.get(destination)) is not None:
            node.receive(data, flow, self._loop.time())
            if isinstance(node, UserAgent):
                self.pump(node)


def _short(data: bytes) -> str:
    line = data.partition(b"\r\n")[0].decode()
    return line.split(" ")[1] if line.startswith("SIP/") else line.split(" ")[0]


async def _hop(away: bool) -> None:
    if away:
        await asyncio.sleep(1.0)
        raise ServiceError("no answer within 1 s")
    await asyncio.sleep(DELAY)
