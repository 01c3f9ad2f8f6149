"""What every element checks before it acts on a message (RFC 3261 sections 8.1.1, 8.2 and 16.3)."""

from __future__ import annotations

from .errors import MalformedMessage, MalformedValue
from .fields import parse_delta_seconds
from .headers import Headers
from .message import Request, Response
from .uri import OtherUri, SipUri


def check_request(request: Request) -> None:
    """Check the header fields every request needs, and its Request-URI.

    A malformed Max-Forwards or Expires is refused; an absent Max-Forwards is not, as RFC 2543
    peers send none. Raises `MalformedMessage` with the status to answer and the request.
    """
    try:
        _check_common(request.headers)
        _ = request.headers.max_forwards
        request.headers.parse("Expires", parse_delta_seconds)
        cseq = request.headers.cseq
        if cseq.method != request.method:
            raise MalformedValue(f"method {request.method}", cseq.method, "CSeq")
        _check_target(request)
    except MalformedValue as error:
        raise MalformedMessage(str(error), 400, request) from None


def check_response(response: Response) -> None:
    """Check the header fields every response needs. Raises `MalformedMessage`."""
    try:
        _check_common(response.headers)
    except MalformedValue as error:
        raise MalformedMessage(str(error)) from None


def _check_common(headers: Headers) -> None:
    _ = headers.via, headers.from_, headers.to, headers.call_id, headers.cseq


def _check_target(request: Request) -> None:
    uri = request.request_uri
    if isinstance(uri, OtherUri):
        raise MalformedMessage(f"expected a known scheme, found {uri.scheme!r}", 416, request)
    if isinstance(uri, SipUri) and uri.headers:
        raise MalformedValue("a Request-URI without headers (section 19.1.1)", request.target)
