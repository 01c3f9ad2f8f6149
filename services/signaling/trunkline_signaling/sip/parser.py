"""From bytes to messages (RFC 3261 sections 7 and 18.3).

A message is split once; what a header field means is found out when somebody asks (`Headers`).
Only the frame is judged here: start line, header lines, body length. `validation` does the rest.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from .errors import MalformedMessage, MalformedValue, NotSip
from .grammar import is_token, parse_uint
from .header_names import CANONICAL, canonical
from .headers import SINGLE_VALUED, Headers
from .message import SIP_VERSION, Message, Request, Response

END_OF_HEAD: Final = b"\r\n\r\n"

_FOLD: Final = re.compile(r"\r\n[ \t]+")
_VERSION: Final = re.compile(r"SIP/", re.IGNORECASE)
_MAX_LINES: Final = 500  # ten times the longest torture message
_STATUS: Final = re.compile(r"[1-6][0-9][0-9]")


class _Defect(NamedTuple):
    """What is wrong with a message that could be read well enough to be answered."""

    text: str
    status: int = 400


def parse_datagram(data: bytes) -> Message:
    """Parse the one message in a datagram; what follows its body is dropped (section 18.3).

    Raises `NotSip` or `MalformedMessage`.
    """
    head, end, body = data.lstrip(b"\r\n").partition(END_OF_HEAD)
    if not end:
        if not head.endswith(b"\r\n"):
            raise NotSip("the datagram ends inside a line")
        head = head[:-2]  # RFC 4475's own baddn forgets the empty line, as some peers do
    return parse_framed(head, body)


def parse_framed(head: bytes, body: bytes) -> Message:
    """Parse a message whose head and body are already apart. Raises as `parse_datagram` does."""
    message, defect = _read_head(head)
    defect = defect or _fit_body(message, body)
    if defect is not None:
        request = message if isinstance(message, Request) else None
        raise MalformedMessage(defect.text, defect.status, request)
    return message


def _read_head(head: bytes) -> tuple[Message, _Defect | None]:
    text = head.decode("utf-8", "surrogateescape")
    if "\r\n " in text or "\r\n\t" in text:
        text = _FOLD.sub(" ", text)
    lines = text.split("\r\n")
    if len(lines) > _MAX_LINES:
        raise NotSip(f"more than {_MAX_LINES} header fields")
    if not text.count("\n") == text.count("\r") == len(lines) - 1:
        # Passed on, a lone CR or LF could begin a header field for the next parser.
        raise NotSip("a lone CR or LF")
    message, defect = _read_start_line(lines[0])
    return message, _read_fields(lines, message.headers.raw) or defect


def _read_start_line(line: str) -> tuple[Message, _Defect | None]:
    first, _, rest = line.partition(" ")
    if first.upper() == SIP_VERSION:
        status, _, reason = rest.partition(" ")
        if not _STATUS.fullmatch(status):
            raise NotSip("no status code from 100 to 699")
        return Response(int(status), reason), None
    target, _, version = rest.rpartition(" ")
    if version == SIP_VERSION and target and " " not in target and is_token(first):
        return Request(first, target), None
    return _read_odd_request_line(line)


def _read_odd_request_line(line: str) -> tuple[Message, _Defect | None]:
    words = line.split()
    if line.count(" ") < 2 or len(words) < 3:
        raise NotSip("no start line")
    method, *target, version = words
    if not is_token(method) or not _VERSION.match(version):
        raise NotSip("no start line")
    request = Request(method, " ".join(target))
    if version.upper() != SIP_VERSION:
        return request, _Defect(f"expected SIP/2.0, found {version[:20]}", 505)
    if line != f"{method} {target[0]} {version}":
        return request, _Defect("expected single spaces in the request line")
    return request, None


def _read_fields(lines: list[str], raw: dict[str, list[str]]) -> _Defect | None:
    """Sort header lines into `raw`; return the first defect, and read on behind it."""
    defect = None
    for line in lines[1:]:
        spelling, colon, value = line.partition(":")
        name = CANONICAL.get(spelling)
        if name is None or not colon:
            try:
                name = _learn_name(spelling, colon)
            except MalformedValue as error:
                defect = defect or _Defect(str(error))
                continue
        if name not in raw:
            raw[name] = [value.strip(" \t")]
            continue
        raw[name].append(value.strip(" \t"))
        if name in SINGLE_VALUED:
            defect = defect or _Defect(f"{name}: expected one value, found several")
    return defect


def _learn_name(spelling: str, colon: str) -> str:
    name = canonical(spelling)
    if not colon:
        raise MalformedValue("a colon behind a header name", name)
    return name


def _fit_body(message: Message, body: bytes) -> _Defect | None:
    try:
        length = _content_length(message.headers)
    except MalformedValue as error:
        return _Defect(str(error))
    if length is not None and length > len(body):
        return _Defect(f"Content-Length is {length}, but {len(body)} bytes follow")
    message.body = body if length is None or length == len(body) else body[:length]
    return None


def _content_length(headers: Headers) -> int | None:
    # It is the frame's, not the message's: `encode` writes one that fits the body.
    values = headers.raw.pop("Content-Length", None)
    if values is None:
        return None
    if any(value != values[0] for value in values):
        raise MalformedValue("one value", ", ".join(values), "Content-Length")
    return parse_uint(values[0], expected="a length")
