"""What can go wrong in SIP, and whose fault it is.

SipError
├── RemoteProtocolError      the peer broke the protocol; never a crash
│   ├── NotSip               nothing to answer: drop it
│   ├── MalformedMessage     a message with a defect; `request` is set when it can be answered
│   └── MalformedValue       a header field, URI or body that does not parse; worth a 400
└── LocalProtocolError       we broke it: a bug of ours
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ._wire import PanicException

if TYPE_CHECKING:
    from .message import Request

BUGS: Final = (Exception, PanicException)
"""What a mistake of ours may raise where a message or a call is to be lost by it, not the process.

A panic of the Rust half is no `Exception`.
"""

_SHOWN = 60


class SipError(Exception):
    """Anything the SIP core raises."""


class RemoteProtocolError(SipError):
    """The peer sent what SIP does not allow."""


class LocalProtocolError(SipError):
    """Our own code asked for what SIP does not allow."""


class NotSip(RemoteProtocolError):
    """These bytes are no SIP message, or one that nobody can answer. Drop them."""


class MalformedMessage(RemoteProtocolError):
    """A SIP message with a defect.

    `request` is the request as far as it could be read, to be answered with `status`; None when
    the message was a response, which is dropped.
    """

    def __init__(self, defect: str, status: int = 400, request: Request | None = None) -> None:
        super().__init__(defect)
        self.defect = defect
        self.status = status
        self.request = request


class MalformedValue(RemoteProtocolError):
    """A value does not follow its grammar.

    `header` names the header field; it is empty while a bare value (a URI, a session description)
    is parsed outside any message.
    """

    status = 400

    def __init__(self, expected: str, found: str, header: str = "") -> None:
        super().__init__(expected, found, header)
        self.expected = expected
        self.found = found
        self.header = header

    def __str__(self) -> str:
        found = self.found if len(self.found) <= _SHOWN else self.found[:_SHOWN] + "..."
        where = f"{self.header}: " if self.header else ""
        return f"{where}expected {self.expected}, found {found!r}"
