"""A dialog (RFC 3261 section 12): what two peers share, and the requests built from it.

It holds no timer and sends nothing: `DialogLayer` does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple

from .errors import LocalProtocolError, MalformedMessage, MalformedValue
from .fields import RAck, parse_sequence_number
from .flow import Flow
from .headers import Headers
from .message import Message, Request, Response
from .methods import ACK, CANCEL, PRACK, TARGET_REFRESH
from .name_addr import NameAddr
from .proofs import FIELDS
from .uri import SipUri, Uri

_MAX_FORWARDS = 70  # RFC 3261 section 8.1.1.6


class DialogState(Enum):
    """How far a dialog has come."""

    EARLY = "early"
    CONFIRMED = "confirmed"
    TERMINATED = "terminated"


class DialogId(NamedTuple):
    """What finds a dialog. A peer of RFC 2543 may have no tag: then its own is ""."""

    call_id: str
    local_tag: str
    remote_tag: str


@dataclass(slots=True, eq=False)
class Dialog:
    """One side's view of a dialog."""

    call_id: str
    local: NameAddr
    """Our address with our tag: From of what we send."""
    remote: NameAddr
    """The peer's address with its tag: To of what we send."""
    remote_target: Uri
    """The peer's Contact: where requests are addressed to."""
    route_set: tuple[NameAddr, ...]
    local_contact: str
    """Our Contact as printed, angle brackets included."""
    flow: Flow
    """Where requests are sent: at first the way the peer's message came (SIG-18, method 0)."""
    local_cseq: int
    remote_cseq: int | None
    from_value: str
    """`local` as printed in From."""
    to_value: str
    """`remote` as printed in To: as the peer wrote it."""
    state: DialogState = DialogState.EARLY
    unacknowledged: bool = False
    """A 2xx of ours has no ACK yet."""
    remote_rseq: int | None = None
    """Number of the peer's last reliable provisional response (RFC 3262)."""
    owner: Any = None
    """What the user wants to find again when something happens here."""
    id: DialogId = field(init=False)

    def __post_init__(self) -> None:
        self.id = DialogId(self.call_id, self.local.tag or "", self.remote.tag or "")

    @classmethod
    def of_server(cls, request: Request, flow: Flow, local_tag: str, contact: str) -> Dialog:
        """Build the dialog a request opens here (section 12.1.1).

        Raises `MalformedMessage` when the request has no usable Contact.
        """
        headers = request.headers
        try:
            route_set = headers.parse_all("Record-Route", NameAddr.parse)
            target = _target(headers)
        except MalformedValue as error:
            raise MalformedMessage(str(error), 400, request) from None
        return cls(
            headers.call_id,
            headers.to.with_tag(local_tag),
            headers.from_,
            target,
            route_set,
            contact,
            flow,
            local_cseq=0,
            remote_cseq=headers.cseq.number,
            from_value=f"{headers.get('To')};tag={local_tag}",
            to_value=headers.get("From") or "",
        )

    @classmethod
    def of_client(cls, request: Request, response: Response, flow: Flow) -> Dialog:
        """Build the dialog a response opens (section 12.1.2).

        A response without Contact, as early ones may be, leaves the Request-URI as the target.
        Raises `MalformedMessage` when Record-Route or Contact is no address.
        """
        dialog = cls(
            request.headers.call_id,
            request.headers.from_,
            response.headers.to,
            request.request_uri,
            (),
            request.headers.get("Contact") or "",
            flow,
            local_cseq=request.headers.cseq.number,
            remote_cseq=None,
            from_value=request.headers.get("From") or "",
            to_value=response.headers.get("To") or "",
        )
        dialog.update(response)
        return dialog

    @property
    def next_hop(self) -> Uri:
        """The URI a request goes to: the first route, else the remote target (section 8.1.2)."""
        return self.route_set[0].uri if self.route_set else self.remote_target

    def update(self, response: Response) -> None:
        """Take the route set and target a response to the opening INVITE gives (13.2.2.4)."""
        try:
            routes = response.headers.parse_all("Record-Route", NameAddr.parse)
            self.refresh_target(response)
        except MalformedValue as error:
            raise MalformedMessage(str(error)) from None
        if self.state is DialogState.EARLY:
            self.route_set = routes[::-1]
            if response.is_success:
                self.state = DialogState.CONFIRMED

    def refresh_target(self, message: Message) -> None:
        """Move the remote target to the Contact of a target refresh or its 2xx (12.2)."""
        if "Contact" in message.headers:
            self.remote_target = _target(message.headers)

    def accepts(self, request: Request) -> bool:
        """Note the CSeq of an in-dialog request; False when it is out of order: answer 500."""
        if request.method in (ACK, CANCEL):
            return True
        number = request.headers.cseq.number
        if self.remote_cseq is not None and number < self.remote_cseq:
            return False
        self.remote_cseq = number
        return True

    def request(self, method: str, body: bytes = b"", content_type: str = "") -> Request:
        """Build the next request of this dialog (section 12.2.1.1)."""
        if method in (ACK, CANCEL):
            raise LocalProtocolError(f"{method} takes its CSeq from the INVITE")
        self.local_cseq += 1
        request = self._build(method, self.local_cseq, body, content_type)
        if method in TARGET_REFRESH:
            request.headers.set("Contact", self.local_contact)
        return request

    def ack(self, invite: Request, body: bytes = b"", content_type: str = "") -> Request:
        """Build the ACK for a 2xx (section 13.2.2.4): same CSeq number, same credentials."""
        ack = self._build(ACK, invite.headers.cseq.number, body, content_type)
        ack.headers.copy_from(invite.headers, *FIELDS.values())
        return ack

    def prack(self, response: Response) -> Request | None:
        """Build the PRACK for a reliable provisional response (RFC 3262 section 4).

        None for a copy, and for one that overtook another: it will come again. Raises
        `MalformedValue`.
        """
        rseq = response.headers.require("RSeq", parse_sequence_number)
        if self.remote_rseq is not None and rseq != self.remote_rseq + 1:
            return None
        self.remote_rseq = rseq
        prack = self.request(PRACK)
        prack.headers.set("RAck", RAck(rseq, response.headers.cseq))
        return prack

    def reply(
        self, request: Request, status: int, body: bytes = b"", content_type: str = ""
    ) -> Response:
        """Build a response with our tag, and with what opens or refreshes a dialog (12.1.1)."""
        response = request.reply(status, to_tag=self.local.tag or "", body=body)
        if request.method in TARGET_REFRESH and 100 < status < 300:
            response.headers.set("Contact", self.local_contact)
            if "Record-Route" in request.headers:
                response.headers.copy_from(request.headers, "Record-Route")
        if body:
            response.headers.set("Content-Type", content_type)
        return response

    def _build(self, method: str, number: int, body: bytes, content_type: str) -> Request:
        target, routes = self._routing()
        headers = Headers(
            (
                ("Max-Forwards", _MAX_FORWARDS),
                ("From", self.from_value),
                ("To", self.to_value),
                ("Call-ID", self.call_id),
                ("CSeq", f"{number} {method}"),
            )
        )
        if routes:
            headers.set("Route", *routes)
        if body:
            headers.set("Content-Type", content_type)
        return Request(method, str(target), headers, body)

    def _routing(self) -> tuple[Uri, tuple[NameAddr, ...]]:
        """Return Request-URI and Route; a first hop that routes strictly becomes the former."""
        routes = self.route_set
        if not routes:
            return self.remote_target, ()
        first = routes[0].uri
        if isinstance(first, SipUri) and not first.is_loose_router:
            return first, (*routes[1:], NameAddr(self.remote_target))
        return self.remote_target, routes


def _target(headers: Headers) -> Uri:
    contact = headers.contact
    if contact is None:
        raise MalformedValue("this header field", "none", "Contact")
    return contact.uri
