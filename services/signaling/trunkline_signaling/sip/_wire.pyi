"""The SIP core's Rust half, and `Datagrams` for `..transport`: a wheel has one library.

Compared with the built module by `mypy.stubtest`.

Text that is no UTF-8 on the wire has surrogates here, as `surrogateescape` makes them.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator
from enum import Enum
from random import Random
from typing import Any, ClassVar, Final, TypeVar, final

from .dialog import DialogId, DialogState
from .flow import Address, Flow
from .framing import Frame
from .grammar import Params
from .outputs import Output, ResponseReceived

__all__ = [
    "DEFAULT_RESEND",
    "CSeq",
    "ClientTransaction",
    "Counters",
    "Datagrams",
    "Dialog",
    "DialogLayer",
    "Headers",
    "MediaType",
    "NameAddr",
    "OtherUri",
    "PanicException",
    "RAck",
    "Request",
    "Response",
    "ServerTransaction",
    "SipUri",
    "State",
    "TelUri",
    "Timing",
    "TransactionLayer",
    "Via",
    "canonical",
    "check_request",
    "check_response",
    "format_host_port",
    "format_params",
    "is_token",
    "parse_datagram",
    "parse_framed",
    "parse_host",
    "parse_host_port",
    "parse_params",
    "parse_sip_uri",
    "parse_uint",
    "parse_uri",
    "quote",
    "unescape_quoted",
]

_T = TypeVar("_T")

class PanicException(BaseException):
    """Rust came upon a mistake of its own."""

def parse_datagram(data: bytes, /) -> Request | Response:
    """Parse the one message in a datagram; what follows its body is dropped (section 18.3).

    Raises `NotSip` or `MalformedMessage`.
    """

def parse_framed(head: bytes, body: bytes, /) -> Request | Response:
    """Parse a message whose head and body are already apart. Raises as `parse_datagram` does."""

def check_request(request: Request, /) -> None:
    """Check the header fields every request needs, and its Request-URI.

    A malformed Max-Forwards or Expires is refused; an absent Max-Forwards is not, as RFC 2543
    peers send none. Raises `MalformedMessage` with the status to answer and the request.
    """

def check_response(response: Response, /) -> None:
    """Check the header fields every response needs. Raises `MalformedMessage`."""

def parse_uri(text: str, /) -> SipUri | TelUri | OtherUri:
    """Parse a URI of any scheme. Raises `MalformedValue`."""

def parse_sip_uri(text: str, /) -> SipUri:
    """Parse a URI that must be `sip:` or `sips:`. Raises `MalformedValue`."""

def canonical(name: str, /) -> str:
    """Return the one spelling of a header name: `v` and `VIA` are `Via`, `x-foo` is `X-Foo`.

    Raises `MalformedValue` for what is no token.
    """

def is_token(text: str, /) -> bool:
    """Tell whether `text` is a token."""

def parse_uint(text: str, limit: int = 4294967295, expected: str = "a number") -> int:
    """Return the decimal number `text`, at most `limit`, itself below 2**64.

    Raises `MalformedValue`.
    """

def quote(text: str, /) -> str:
    """Return `text` as a quoted-string."""

def unescape_quoted(text: str, /) -> str:
    """Resolve the quoted-pairs in `text`, the inside of a quoted-string."""

def parse_params(text: str, /) -> Params:
    """Parse `name=value;name`, the part behind the first semicolon. Raises `MalformedValue`."""

def format_params(params: Params, /) -> str:
    """Print parameters, each with its semicolon; values are quoted where they need it."""

def parse_host(text: str, /) -> str:
    """Check a host name or address; an IPv6 reference loses its brackets.

    Raises `MalformedValue`.
    """

def parse_host_port(text: str, /) -> tuple[str, int | None]:
    """Parse `host[:port]`. Raises `MalformedValue`."""

def format_host_port(host: str, port: int | None, /) -> str:
    """Print `host[:port]`, an IPv6 address in brackets."""

@final
class SipUri:
    """A `sip:` or `sips:` URI."""

    def __new__(
        cls,
        host: str,
        user: str | None = None,
        port: int | None = None,
        params: Params | None = None,
        password: str | None = None,
        headers: tuple[tuple[str, str], ...] | None = None,
        scheme: str = "sip",
    ) -> SipUri: ...
    @property
    def host(self) -> str:
        """Host name or address; an IPv6 address without its brackets."""

    @property
    def user(self) -> str | None: ...
    @property
    def port(self) -> int | None: ...
    @property
    def params(self) -> Params:
        """URI parameters by lower-case name, such as `lr`, `transport`, `user`, `maddr`."""

    @property
    def password(self) -> str | None: ...
    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """What follows the question mark."""

    @property
    def scheme(self) -> str:
        """`sip` or `sips`."""

    @property
    def effective_port(self) -> int:
        """The port, or the default of the scheme."""

    @property
    def number(self) -> str:
        """The user part without the telephone parameters behind it (section 19.1.6); "" if none."""

    @property
    def is_loose_router(self) -> bool:
        """Tell whether the URI carries `lr` (section 19.1.1)."""

    def with_user(self, user: str | None) -> SipUri:
        """Return a copy with this user part."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class TelUri:
    """A `tel:` URI (RFC 3966): the number as written and its parameters."""

    def __new__(cls, number: str, params: Params | None = None) -> TelUri: ...
    @property
    def number(self) -> str: ...
    @property
    def params(self) -> Params: ...
    @property
    def user(self) -> str:
        """The number, as a SIP URI would carry it."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class OtherUri:
    """A URI of a scheme we don't speak, kept as it came."""

    def __new__(cls, scheme: str, rest: str) -> OtherUri: ...
    @property
    def scheme(self) -> str: ...
    @property
    def rest(self) -> str: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class NameAddr:
    """An address with an optional display name and header parameters."""

    def __new__(
        cls,
        uri: SipUri | TelUri | OtherUri,
        display_name: str | None = None,
        params: Params | None = None,
    ) -> NameAddr: ...
    @staticmethod
    def parse(text: str, /) -> NameAddr:
        """Parse name-addr or addr-spec. Raises `MalformedValue`."""

    @property
    def uri(self) -> SipUri | TelUri | OtherUri: ...
    @property
    def display_name(self) -> str: ...
    @property
    def params(self) -> Params:
        """Header parameters (`tag`, `expires`, `q`, ...), not those of the URI."""

    @property
    def tag(self) -> str | None:
        """The tag of From or To."""

    def with_tag(self, tag: str) -> NameAddr:
        """Return a copy with this tag."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]

@final
class Via:
    """One hop of the way a response goes back."""

    def __new__(
        cls, transport: str, host: str, port: int | None = None, params: Params | None = None
    ) -> Via: ...
    @staticmethod
    def parse(text: str, /) -> Via:
        """Parse one Via value. Raises `MalformedValue`."""

    @property
    def transport(self) -> str:
        """`UDP`, `TCP`, `TLS`, ... in upper case."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int | None: ...
    @property
    def params(self) -> Params: ...
    @property
    def sent_by(self) -> str:
        """`host[:port]` as written."""

    @property
    def branch(self) -> str | None:
        """The branch parameter."""

    @property
    def wants_rport(self) -> bool:
        """Tell whether the sender asks for an answer to its source port (RFC 3581)."""

    def with_received(self, host: str, port: int) -> Via:
        """Return a copy that tells where the request came from (RFC 3581 section 4)."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]

@final
class CSeq:
    """Sequence number and method (RFC 3261 section 20.16)."""

    def __new__(cls, number: int, method: str) -> CSeq: ...
    @staticmethod
    def parse(text: str, /) -> CSeq:
        """Parse `4711 INVITE`. Raises `MalformedValue`."""

    @property
    def number(self) -> int:
        """0 to 2**31 - 1."""

    @property
    def method(self) -> str: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class RAck:
    """What a PRACK acknowledges (RFC 3262 section 7.2)."""

    def __new__(cls, rseq: int, cseq: CSeq) -> RAck: ...
    @staticmethod
    def parse(text: str, /) -> RAck:
        """Parse `776656 1 INVITE`."""

    @property
    def rseq(self) -> int: ...
    @property
    def cseq(self) -> CSeq: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...

@final
class MediaType:
    """Content-Type (RFC 3261 section 20.15)."""

    def __new__(cls, value: str, params: Params | None = None) -> MediaType: ...
    @staticmethod
    def parse(text: str, /) -> MediaType:
        """Parse `type/subtype;name=value`. Raises `MalformedValue`."""

    @property
    def value(self) -> str:
        """`type/subtype` as written."""

    @property
    def params(self) -> Params: ...
    @property
    def essence(self) -> str:
        """`type/subtype` in lower case, without parameters or spaces."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]

@final
class Headers:
    """Header fields in the order in which their names first appeared.

    Names may be given in any spelling. Values may be anything that prints itself; a line break in
    one raises `LocalProtocolError`.
    """

    def __new__(cls, fields: Iterable[tuple[str, object]] | None = None, /) -> Headers: ...
    def __contains__(self, name: str, /) -> bool: ...
    def __iter__(self) -> Iterator[str]: ...
    def items(self) -> Iterator[tuple[str, str]]:
        """Yield every line as name and raw value."""

    def copy(self) -> Headers:
        """Return headers that can be changed without changing these."""

    def get(self, name: str) -> str | None:
        """Return the first raw value of a field, or None."""

    def lines(self, name: str) -> list[str]:
        """Return the raw values of a field, one for each line; commas are not split."""

    def set(self, name: str, *values: object) -> None:
        """Replace a field by these values, one line each; with none, remove it."""

    def add(self, name: str, value: object) -> None:
        """Add a line below the others of its name."""

    def push(self, name: str, value: object) -> None:
        """Add a line above the others of its name, as a Via goes; a new name goes to the top."""

    def replace_topmost(self, name: str, value: object) -> None:
        """Put `value` in the place of the topmost one, be it a line or a part of one.

        Raises `KeyError` where there is none, `MalformedValue` where it can't be told.
        """

    def pop(self, name: str) -> None:
        """Remove the topmost value of a field, be it a line or a part of one."""

    def remove(self, name: str) -> None:
        """Remove a field, if it is there."""

    def copy_from(self, other: Headers, *names: str) -> None:
        """Take fields of another message over, raw and in place of our own."""

    def values(self, name: str) -> list[str]:
        """Return all raw values of a field, lines split at their commas."""

    def tokens(self, name: str) -> frozenset[str]:
        """Return all values in lower case: option tags, methods and the like.

        Whatever is no token is among them as it came; tokens hold no comma, not even in quotes.
        """

    def parse(self, name: str, parse: Callable[[str], _T]) -> _T | None:
        """Return the topmost value, parsed; None if the field is absent.

        Raises `MalformedValue` that names the field.
        """

    def parse_all(self, name: str, parse: Callable[[str], _T]) -> tuple[_T, ...]:
        """Return all values, parsed and in order. Raises `MalformedValue` that names the field."""

    def require(self, name: str, parse: Callable[[str], _T]) -> _T:
        """Return what `parse` returns, or raise `MalformedValue` where the field is absent."""

    @property
    def via(self) -> Via:
        """The topmost Via. Raises `MalformedValue`, as all below."""

    @property
    def from_(self) -> NameAddr:
        """From."""

    @property
    def to(self) -> NameAddr:
        """To."""

    @property
    def call_id(self) -> str:
        """Call-ID."""

    @property
    def cseq(self) -> CSeq:
        """CSeq."""

    @property
    def max_forwards(self) -> int | None:
        """Max-Forwards, 0 to 255."""

    @property
    def contact(self) -> NameAddr | None:
        """The first Contact. `Contact: *` is no address."""

    @property
    def content_type(self) -> MediaType | None:
        """Content-Type."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]

@final
class Request:
    """A SIP request. `target` is the Request-URI as text; `request_uri` parses it."""

    def __new__(
        cls, method: str, target: str, headers: Headers | None = None, body: bytes | None = None
    ) -> Request: ...
    method: str
    target: str
    headers: Headers
    body: bytes
    @property
    def request_uri(self) -> SipUri | TelUri | OtherUri:
        """The Request-URI. Raises `MalformedValue`."""

    @property
    def from_tag(self) -> str | None:
        """Tag of From."""

    @property
    def to_tag(self) -> str | None:
        """Tag of To; None outside a dialog."""

    def reply(
        self,
        status: int,
        reason: str | None = None,
        *,
        to_tag: str | None = None,
        body: bytes | None = None,
    ) -> Response:
        """Build a response: Via, From, Call-ID, CSeq and To are copied (section 8.2.6.2).

        `to_tag` is added where To has none yet; a 100 goes without.
        """

    def encode(self) -> bytes:
        """Print the request, Content-Length included.

        A line break in its first line raises `LocalProtocolError`.
        """

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]

@final
class Response:
    """A SIP response."""

    def __new__(
        cls, status: int, reason: str, headers: Headers | None = None, body: bytes | None = None
    ) -> Response: ...
    status: int
    """100 to 699."""
    reason: str
    headers: Headers
    body: bytes
    @property
    def from_tag(self) -> str | None:
        """Tag of From."""

    @property
    def to_tag(self) -> str | None:
        """Tag of To."""

    @property
    def method(self) -> str:
        """Method of the request this answers."""

    @property
    def is_provisional(self) -> bool:
        """Tell whether this is a 1xx."""

    @property
    def is_success(self) -> bool:
        """Tell whether this is a 2xx."""

    def encode(self) -> bytes:
        """Print the response, Content-Length included.

        A line break in its first line raises `LocalProtocolError`.
        """

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]

@final
class Timing:
    """How long SIP waits: the resend list of SIG-08. All else is as RFC 3261 has it."""

    def __new__(cls, resend: tuple[float, ...] | None = None) -> Timing:
        """`resend` is SS_SIP_RESEND_INTERVAL: the wait in seconds before each repetition, and the
        last before giving up; without it, `DEFAULT_RESEND`. Raises `ValueError`.
        """

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]

DEFAULT_RESEND: Final[tuple[float, ...]]

@final
class Datagrams:
    """Takes what waits in a UDP socket, and sends. Neither waits.

    The socket is another's, who keeps it open as long as this is used.
    """

    def __new__(cls, socket: int, way_to: Callable[[Address], Flow]) -> Datagrams:
        """`socket` is its descriptor. What `way_to` returns is kept, for 4,096 peers at most: more
        than are busy at a time.
        """

    def take(self) -> list[tuple[bytes, Flow]]:
        """Return the datagrams that wait, at most eight, with the way to each one's sender.

        Raises `OSError`.
        """

    def send(self, data: bytes, remote: Address, /) -> bool:
        """Send a datagram; False when the kernel does not take it. Raises `ValueError`."""

class State(Enum):
    """States of all transaction machines."""

    CALLING = 1
    TRYING = 2
    PROCEEDING = 3
    FORSAKEN = 4
    """An INVITE whose user has given up waiting; an answer of its callee may still come."""
    ACCEPTED = 5
    COMPLETED = 6
    CONFIRMED = 7
    TERMINATED = 8

@final
class ClientTransaction:
    """A request of ours and its responses."""

    @property
    def key(self) -> Hashable:
        """What the request shares with its responses: branch and method."""

    @property
    def request(self) -> Request: ...
    @property
    def flow(self) -> Flow:
        """Where the request goes."""

    owner: Any
    """What the user wants to find again when something happens here."""
    @property
    def state(self) -> State: ...
    @property
    def is_terminated(self) -> bool:
        """Tell whether the machine has come to its end."""

@final
class ServerTransaction:
    """A request from a peer and our responses."""

    @property
    def request(self) -> Request: ...
    flow: Flow
    """Where responses go."""
    owner: Any
    """What the user wants to find again when something happens here."""
    @property
    def data(self) -> bytes:
        """The last response as it was sent; empty before there is one."""

    @property
    def state(self) -> State: ...
    @property
    def is_terminated(self) -> bool:
        """Tell whether the machine has come to its end."""

@final
class Counters:
    """What the layer has seen, as plain numbers that only grow."""

    def __new__(cls) -> Counters: ...
    requests_received: int
    responses_received: int
    requests_sent: int
    responses_sent: int
    copies_received: int
    """Retransmissions of requests that were absorbed."""
    not_sip: int
    malformed: int
    stray_responses: int
    stray_acks: int
    merged: int
    timeouts: int

@final
class TransactionLayer:
    """All transactions of one element."""

    def __new__(
        cls,
        random: Random,
        timing: Timing | None = None,
        sent_by: Callable[[Flow], str] | None = None,
    ) -> TransactionLayer:
        """`random` makes branches and tags. `sent_by` tells which host and port our Via shows on a
        flow; without it, those are the flow's own.
        """

    timing: Timing
    """Used by transactions that begin from now on; may be replaced at any time."""
    answers_strangers: bool
    """Refuse at once what is refused whoever sends it: malformed requests (400), CANCELs of nothing
    (481), merged requests (482). Off where unknown sources may get no reply at all (AUT-01): then
    each is a `RefusalDue`."""
    @property
    def counters(self) -> Counters: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[ClientTransaction | ServerTransaction]: ...
    def drain(self) -> list[Output]:
        """Return what has to be sent and what happened, in order, and forget it."""

    def next_deadline(self) -> float | None:
        """Return when `on_timer` is to be called, or None."""

    def on_timer(self, now: float) -> None:
        """Do all that is due."""

    def new_tag(self) -> str:
        """Return a random tag for From or To (section 19.3)."""

    def receive(self, data: bytes | Frame, flow: Flow, now: float) -> None:
        """Take a datagram, or a frame of a stream, whatever it holds."""

    def send_request(
        self, request: Request, flow: Flow, now: float, timing: Timing | None = None
    ) -> ClientTransaction:
        """Send a request in a new transaction, under a Via of its own: we are no proxy.

        `timing` holds for this one in place of the layer's. ACK and CANCEL belong to the
        transaction of their INVITE: see `send_ack` and `cancel`. Raises `LocalProtocolError`.
        """

    def send_ack(self, transaction: ClientTransaction, ack: Request, flow: Flow) -> None:
        """Send the ACK for a 2xx to this INVITE, now and with each copy of the 2xx."""

    def transmit(self, data: bytes, flow: Flow) -> None:
        """Send a message that no transaction repeats: a 2xx to INVITE, once more."""

    def cancel(self, transaction: ClientTransaction, now: float) -> None:
        """Give up an INVITE (section 9.1).

        Before any response the INVITE is repeated no more, and the CANCEL waits for a provisional
        one; the INVITE's own end is still reported.
        Without effect once a final response is there.
        """

    def abandon(self, transaction: ClientTransaction) -> None:
        """Stop repeating a request and forget it; a response that still comes is a stray one."""

    def respond(self, transaction: ServerTransaction, response: Response, now: float) -> None:
        """Send a response to a request.

        Raises `LocalProtocolError` where it may not follow those before it.
        """

    def ignore(self, transaction: ServerTransaction) -> None:
        """Leave a request unanswered and forget it; a copy of it will be a new request."""

    def send_stateless(self, response: Response, flow: Flow) -> None:
        """Send a response that belongs to no transaction (section 8.2.7)."""

    def transport_failed(self, flow: Flow) -> None:
        """Fail the requests that wait for an answer from this peer on this transport."""

@final
class Dialog:
    """One side's view of a dialog."""

    @staticmethod
    def of_server(request: Request, flow: Flow, local_tag: str, contact: str) -> Dialog:
        """Build the dialog a request opens here (section 12.1.1); `contact` is as for `accept`.

        Raises `MalformedMessage` when the request has no usable Contact.
        """

    @staticmethod
    def of_client(request: Request, response: Response, flow: Flow) -> Dialog:
        """Build the dialog a response opens (section 12.1.2).

        A response without Contact, as early ones may be, leaves the Request-URI as the target.
        Raises `MalformedMessage` when Record-Route or Contact is no address.
        """

    @property
    def id(self) -> DialogId: ...
    @property
    def call_id(self) -> str: ...
    @property
    def local(self) -> NameAddr:
        """Our address with our tag: From of what we send."""

    @property
    def remote(self) -> NameAddr:
        """The peer's address with its tag: To of what we send, spelt as the peer did."""

    @property
    def remote_target(self) -> SipUri | TelUri | OtherUri:
        """The peer's Contact: where requests are addressed to."""

    @property
    def next_hop(self) -> SipUri | TelUri | OtherUri:
        """The URI a request goes to: the first route, else the remote target (section 8.1.2)."""

    local_contact: str
    """Our Contact as printed, angle brackets included."""
    flow: Flow
    """Where requests are sent: at first the way the peer's message came (SIG-18, method 0)."""
    local_cseq: int
    owner: Any
    """What the user wants to find again when something happens here."""
    @property
    def state(self) -> DialogState: ...
    @property
    def unacknowledged(self) -> bool:
        """Tell whether a 2xx of ours has no ACK yet."""

    def request(
        self, method: str, body: bytes | None = None, content_type: str | None = None
    ) -> Request:
        """Build the next request of this dialog (section 12.2.1.1)."""

    def ack(
        self, invite: Request, body: bytes | None = None, content_type: str | None = None
    ) -> Request:
        """Build the ACK for a 2xx (section 13.2.2.4): same CSeq number, same credentials."""

    def prack(self, response: Response) -> Request | None:
        """Build the PRACK for a reliable provisional response (RFC 3262 section 4).

        None for a copy, and for one that overtook another: it will come again. Raises
        `MalformedValue`.
        """

    def reply(
        self,
        request: Request,
        status: int,
        body: bytes | None = None,
        content_type: str | None = None,
    ) -> Response:
        """Build a response with our tag, and with what opens or refreshes a dialog (12.1.1)."""

@final
class DialogLayer:
    """All dialogs of one element."""

    def __new__(cls, transactions: TransactionLayer, mark: str | None = None) -> DialogLayer:
        """`mark` is what our tags end in, for who has to find the owner of a dialog."""

    @property
    def transactions(self) -> TransactionLayer:
        """For what happens outside dialogs: requests, responses, CANCEL, counters."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Dialog]: ...
    @property
    def holds_byes(self) -> bool:
        """Tell whether a BYE of ours waits for an ACK."""

    def receive(self, data: bytes | Frame, flow: Flow, now: float) -> None:
        """Take a datagram, or a frame of a stream, whatever it holds."""

    def on_timer(self, now: float) -> None:
        """Do all that is due."""

    def transport_failed(self, flow: Flow, now: float) -> None:
        """Fail the requests that wait for an answer from this peer on this transport."""

    def next_deadline(self) -> float | None:
        """Return when `on_timer` is to be called, or None."""

    def drain(self) -> list[Output]:
        """Return what has to be sent and what happened, in order, and forget it."""

    def named(self, dialog_id: DialogId) -> Dialog | None:
        """Return the dialog of a name, as Replaces gives it (RFC 3891)."""

    def accept(self, transaction: ServerTransaction, contact: str) -> Dialog:
        """Open the early dialog an INVITE asks for; `contact` is our Contact as printed.

        Raises `MalformedMessage` when the request lacks what a dialog needs.
        """

    def establish(self, event: ResponseReceived) -> Dialog:
        """Return the dialog of a 1xx with a tag or a 2xx to our INVITE, new or known.

        Each fork has its own; the first 2xx ends all other early ones. Raises `MalformedMessage`.
        """

    def answer(
        self, dialog: Dialog, transaction: ServerTransaction, response: Response, now: float
    ) -> None:
        """Send a 2xx to INVITE, and again until the ACK comes (section 13.3.1.4)."""

    def respond_reliably(
        self, dialog: Dialog, transaction: ServerTransaction, response: Response, now: float
    ) -> None:
        """Send a 101-199 that wants a PRACK (RFC 3262); one at a time, its `RSeq` is set here."""

    def send_bye(self, dialog: Dialog, bye: Request, owner: Any, now: float) -> None:
        """Send a BYE in a transaction of `owner`, as soon as it may go (section 15).

        It waits until our 2xx has its ACK or is given up; a peer that goes by itself gets none.
        """

    def terminate(self, dialog: Dialog) -> None:
        """Forget a dialog; its requests will be met as those of no dialog.

        A 2xx to its INVITE is repeated all the same until its ACK comes: it may have been lost.
        Until then its requests are met as those of a dialog that nobody owns.
        """
