"""Answers requests outside of calls. auth decides; here its decision becomes SIP."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from email.utils import formatdate
from typing import Final

from ..calls.acceptance import ALLOW, refusal_of
from ..calls.arrival import admission_of
from ..calls.call import SDP
from ..calls.call_settings import CallSettings
from ..calls.services import (
    Admit,
    Allowed,
    AuthService,
    Challenged,
    Dropped,
    Register,
    RegisterContact,
    Registered,
    Rejected,
    ServiceError,
)
from ..sip.errors import MalformedValue
from ..sip.fields import parse_delta_seconds
from ..sip.flow import Flow
from ..sip.grammar import quote
from ..sip.headers import Headers
from ..sip.message import Request, Response
from ..sip.methods import CANCEL, PUBLISH, REGISTER
from ..sip.name_addr import NameAddr
from .publications import Publications

RETRY_AFTER: Final = 5
"""Seconds a terminal is asked to wait when auth is away."""


class Outside:
    """The answers to what comes outside of calls."""

    def __init__(
        self,
        auth: AuthService,
        settings: Callable[[], CallSettings],
        now: Callable[[], float],
        publications: Publications,
    ) -> None:
        """`now` returns UNIX seconds."""
        self._auth = auth
        self._settings = settings
        self._now = now
        self._publications = publications

    async def answer(self, request: Request, flow: Flow) -> tuple[Response | None, str]:
        """Return the answer, or None and why there is none (AUT-01)."""
        try:
            if request.method == REGISTER and refusal_of(request) is None:
                return await self._register(request, flow)
            return await self._admit(request, flow)
        except MalformedValue:
            return _tagged(request, 400), ""
        except ServiceError:
            response = _tagged(request, 503)
            response.headers.set("Retry-After", RETRY_AFTER)
            return response, ""

    async def reason_for_silence(self, request: Request, flow: Flow) -> str:
        """Return why a request that is refused anyway gets no answer, or "" where it gets one."""
        try:
            decision = await self._auth.admit(_sender_of(request, flow))
        except ServiceError as error:
            return f"nobody knows the sender: {error.explanation}"
        if isinstance(decision, Dropped):
            return decision.explanation
        if request.method == CANCEL and not isinstance(decision, Allowed):
            return "a CANCEL of nothing by an unknown source"
        return ""

    async def _admit(self, request: Request, flow: Flow) -> tuple[Response | None, str]:
        decision = await self._auth.admit(admission_of(request, flow))
        if request.to_tag is not None and not isinstance(decision, Dropped):
            return request.reply(481), ""  # of a dialog that is not here, whoever sends it
        if isinstance(decision, Challenged | Rejected | Dropped):
            return _turned_away(request, decision)
        if (refusal := refusal_of(request)) is not None:
            return refusal, ""
        if request.method == PUBLISH:
            source = flow.remote[0]
            answer = self._publications.take(request, decision.endpoint, source, self._now())
            return answer, ""
        return _options(request), ""

    async def _register(self, request: Request, flow: Flow) -> tuple[Response | None, str]:
        question = registration_of(request, flow, self._settings().instance)
        decision = await self._auth.register(question)
        if isinstance(decision, Registered):
            return _registered(request, decision, self._now()), ""
        return _turned_away(request, decision)


def _sender_of(request: Request, flow: Flow) -> Admit:
    """Return what tells whether a sender is known, whatever its request looks like. Credentials
    are left out: they are not spent on a refusal.
    """
    try:
        question = admission_of(request, flow)
    except MalformedValue:
        nobody = ("",) * 5
        return Admit(request.method, flow.remote, flow.transport, flow.local, "", *nobody)
    return replace(question, authorization=(), proxy_authorization=())


def registration_of(request: Request, flow: Flow, instance: str) -> Register:
    """Return what auth is asked about a REGISTER. Raises `MalformedValue`."""
    headers = request.headers
    via = headers.via
    return Register(
        admission_of(request, flow),
        tuple(map(_contact, headers.values("Contact"))),
        headers.parse("Expires", parse_delta_seconds),
        (via.host, via.port or 0),
        instance,
        headers.cseq.number,
    )


def _contact(value: str) -> RegisterContact:
    if value.strip() == "*":
        return RegisterContact("*")
    contact = NameAddr.parse(value)
    expires = contact.params.get("expires")
    return RegisterContact(
        str(contact.uri),
        parse_delta_seconds(expires) if expires is not None else None,
        contact.params.get("+sip.instance") or "",
    )


def _registered(request: Request, decision: Registered, now: float) -> Response:
    response = _tagged(request, 200)
    response.headers.set("Date", formatdate(now, usegmt=True))
    for contact in decision.contacts:
        params = f";expires={int(contact.expires.total_seconds())}"
        if contact.instance_id:
            params += f";+sip.instance={quote(contact.instance_id)}"
        response.headers.add("Contact", f"<{contact.uri}>{params}")
    return response


def _turned_away(
    request: Request, decision: Challenged | Rejected | Dropped
) -> tuple[Response | None, str]:
    match decision:
        case Challenged(status, challenges):
            response = _tagged(request, status)
            name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
            response.headers.set(name, *challenges)
            return response, ""
        case Rejected(status=status, min_expires=min_expires):
            response = _tagged(request, status)
            if min_expires:
                response.headers.set("Min-Expires", min_expires)
            return response, ""
        case Dropped(explanation):
            return None, explanation


def _options(request: Request) -> Response:
    response = _tagged(request, 200)
    _capabilities(response.headers)
    return response


def _capabilities(headers: Headers) -> None:
    headers.set("Allow", ALLOW)
    headers.set("Accept", SDP)


def _tagged(request: Request, status: int) -> Response:
    # A stateless answer wants the same tag for every copy (RFC 3261 section 8.2.7), and the
    # transaction repeats this very response: a constant tag does.
    return request.reply(status, to_tag="outside")
