"""User agents that keep session timers (RFC 4028), in as many ways as the tests need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain, repeat
from typing import Final

from support.switch import ANSWER, CALLER, VENDOR, Script, invite
from support.user_agent import UserAgent
from trunkline_signaling.sip.flow import Address
from trunkline_signaling.sip.message import Request, Response
from trunkline_signaling.sip.outputs import (
    DialogRequestReceived,
    Event,
    RequestReceived,
    ResponseReceived,
)

METHODS: Final = "INVITE, ACK, CANCEL, BYE, OPTIONS"
WITH_UPDATE: Final = f"{METHODS}, UPDATE"
SILENT: Final = 0
"""In a list of statuses: no answer at all."""
NO_HEADERS: Final[Mapping[str, str]] = {}


def timer_headers(interval: int = 600, refresher: str = "", allow: str = WITH_UPDATE) -> Headers:
    """Return what a peer that keeps the timer puts into its INVITE, or its 200."""
    expires = f"{interval};refresher={refresher}" if refresher else str(interval)
    return {"Supported": "timer", "Session-Expires": expires, "Allow": allow}


Headers = Mapping[str, str]


def timer_invite(headers: Headers | None = None) -> Request:
    """Return the INVITE of a caller that keeps the timer, or one with other headers."""
    request = invite()
    for name, value in (timer_headers() if headers is None else headers).items():
        request.headers.set(name, value)
    return request


def keeping(
    refreshes: Iterable[int] = (), *, headers: Headers = NO_HEADERS, least: int = 0
) -> Script:
    """Return a script that answers calls, and refreshes with these statuses, then with 200.

    `headers` are those of its answers; `least` is the Min-SE of a 422.
    """
    statuses = chain(refreshes, repeat(200))

    def script(agent: UserAgent, event: Event) -> None:
        match event:
            case ResponseReceived(transaction, response) if response.is_success:
                if transaction.request.method == "INVITE":
                    agent.acknowledge(event)
            case RequestReceived(_, request) if request.method == "INVITE":
                _take(agent, event, headers)
            case DialogRequestReceived(_, _, request) if request.method in ("INVITE", "UPDATE"):
                _refresh(agent, event, next(statuses), headers, least)
            case DialogRequestReceived() | RequestReceived():
                agent.reply(event, 200)

    return script


def timer_caller(refreshes: Iterable[int] = (), **options: int) -> UserAgent:
    """Return a caller that answers refreshes."""
    return UserAgent(CALLER, script=keeping(refreshes, **options))  # type: ignore[arg-type]


def timer_vendor(
    refreshes: Iterable[int] = (),
    headers: Headers | None = None,
    least: int = 0,
    address: Address = VENDOR,
) -> UserAgent:
    """Return a vendor that answers calls with a timer, or with other headers."""
    own = timer_headers(refresher="uac") if headers is None else headers
    return UserAgent(address, script=keeping(refreshes, headers=own, least=least))


def _take(agent: UserAgent, event: RequestReceived, headers: Headers) -> None:
    dialog = agent.dialogs.accept(event.transaction, agent.contact)
    answer = dialog.reply(event.request, 200, ANSWER, "application/sdp")
    _add(answer, headers)
    agent.dialogs.answer(dialog, event.transaction, answer, agent.now)


def _refresh(
    agent: UserAgent, event: DialogRequestReceived, status: int, headers: Headers, least: int
) -> None:
    dialog, transaction, request = event
    if status == SILENT:
        return
    body = ANSWER if status == 200 and request.body else b""
    response = dialog.reply(request, status, body, "application/sdp")
    if status == 422:
        response.headers.set("Min-SE", least)
    if status == 200 and "Session-Expires" in request.headers:
        _add(response, headers)
        response.headers.copy_from(request.headers, "Session-Expires")
    if status == 200 and request.method == "INVITE":
        agent.dialogs.answer(dialog, transaction, response, agent.now)
    else:
        agent.transactions.respond(transaction, response, agent.now)


def _add(response: Response, headers: Headers) -> None:
    for name, value in headers.items():
        response.headers.set(name, value)
