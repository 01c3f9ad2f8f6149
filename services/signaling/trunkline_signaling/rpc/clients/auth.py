"""The client of auth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from trunkline.auth.v1 import auth_pb2 as pb
from trunkline.auth.v1 import lists_pb2 as lists_pb
from trunkline_kernel.rpc import Channel, method_of

from ...calls.parties import Binding
from ...calls.services import (
    Admission,
    Admit,
    Allowed,
    Blacklisted,
    Challenged,
    Checked,
    Dropped,
    DueChecks,
    EndReported,
    Locate,
    Located,
    Register,
    RegisterContact,
    Registered,
    RegisteredContact,
    Registration,
    Rejected,
    ReportEnd,
    Screen,
    Screened,
    ServiceError,
    Terminal,
)
from ...sip.flow import Flow
from .shared import (
    TRANSPORTS,
    ask,
    decode_address,
    decode_endpoint,
    decode_reason,
    decode_span,
    decode_time,
    decode_transport,
    encode_endpoint,
    encode_span,
    set_address,
    set_endpoint,
    unexpected,
)

_SERVICE: Final = pb.DESCRIPTOR.services_by_name["AuthService"]
ADMIT: Final = method_of(_SERVICE, "Admit", pb.AdmitRequest, pb.AdmitResponse, idempotent=True)
REGISTER: Final = method_of(
    _SERVICE, "Register", pb.RegisterRequest, pb.RegisterResponse, idempotent=True
)
LOCATE: Final = method_of(_SERVICE, "Locate", pb.LocateRequest, pb.LocateResponse, idempotent=True)
LIST_DUE_CHECKS: Final = method_of(
    _SERVICE, "ListDueChecks", pb.ListDueChecksRequest, pb.ListDueChecksResponse
)
REPORT_CHECKS: Final = method_of(
    _SERVICE, "ReportChecks", pb.ReportChecksRequest, pb.ReportChecksResponse
)
LIST_REGISTRATIONS: Final = method_of(
    _SERVICE,
    "ListRegistrations",
    pb.ListRegistrationsRequest,
    pb.ListRegistrationsResponse,
    idempotent=True,
)

PAGE: Final = 1000
"""Most terminals asked for at once."""

_LISTS: Final = lists_pb.DESCRIPTOR.services_by_name["ListService"]
SCREEN: Final = method_of(_LISTS, "Screen", lists_pb.ScreenRequest, lists_pb.ScreenResponse)
REPORT_ENDS: Final = method_of(
    _LISTS,
    "ReportEnds",
    lists_pb.ReportEndsRequest,
    lists_pb.ReportEndsResponse,
    idempotent=True,
)


class AuthClient:
    """Satisfies `AuthService` and `TerminalService` over a channel."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    async def admit(self, question: Admit) -> Admission:
        """Identify the source of one request."""
        response = await ask(self._channel, ADMIT, _encode_admit(question), question.call_id)
        if response.WhichOneof("decision") == "allow":
            allow = response.allow
            known = decode_endpoint(allow.endpoint) if allow.HasField("endpoint") else None
            return Allowed(known, allow.screened)
        return _turned_away(response)

    async def register(self, question: Register) -> Registration:
        """Admit a REGISTER and change the binding."""
        response = await ask(self._channel, REGISTER, _encode_register(question))
        if response.WhichOneof("decision") == "registered":
            return Registered(tuple(map(_decode_registered, response.registered.contacts)))
        return _turned_away(response)

    async def locate(self, question: Locate) -> Located:
        """Return where a terminal is."""
        request = pb.LocateRequest(endpoint=encode_endpoint(question.endpoint))
        response = await ask(self._channel, LOCATE, request, question.call_id)
        return Located(tuple(map(_decode_binding, response.bindings)))

    async def registered(self, instance: str, *, behind_nat: bool) -> list[Terminal]:
        """Return the terminals whose flow an instance holds."""
        found: list[Terminal] = []
        request = pb.ListRegistrationsRequest(
            page_size=PAGE, signaling_instance=instance, behind_nat=behind_nat
        )
        while True:
            page = await ask(self._channel, LIST_REGISTRATIONS, request)
            found += map(_decode_terminal, page.bindings)
            request.page_token = page.next_page_token
            if not page.next_page_token:
                return found

    async def due_checks(self, instance: str) -> DueChecks:
        """Return whom an instance is to check now."""
        request = pb.ListDueChecksRequest(signaling_instance=instance, page_size=PAGE)
        response = await ask(self._channel, LIST_DUE_CHECKS, request)
        interval = response.interval_duration.ToTimedelta().total_seconds()
        return DueChecks(tuple(map(_decode_terminal, response.bindings)), interval)

    async def report_checks(self, found: Sequence[Checked]) -> None:
        """Tell what checks found."""
        outcomes = (
            pb.CheckOutcome(
                endpoint=encode_endpoint(each.endpoint), contact=each.contact, alive=each.alive
            )
            for each in found
        )
        await ask(self._channel, REPORT_CHECKS, pb.ReportChecksRequest(outcomes=outcomes))

    async def screen(self, question: Screen) -> Screened | Blacklisted:
        """Judge a call by its numbers, and count it."""
        response = await ask(self._channel, SCREEN, _encode_screen(question), question.call_id)
        if not response.HasField("stopped_by"):
            return Screened()
        entry = response.stopped_by
        reason = lists_pb.ListedFor.Name(entry.reason).removeprefix("LISTED_FOR_").lower()
        return Blacklisted(f"{entry.number} is on the dynamic black list: {reason}")

    async def report_end(self, question: ReportEnd) -> EndReported:
        """Tell how a screened call ended."""
        gave_up = question.cancelled_after
        end = lists_pb.EndedCall(
            call=_encode_screen(question.screen),
            answered=question.answered,
            reached=question.reached,
            busy=question.busy,
            cancel_duration=encode_span(gave_up) if gave_up is not None else None,
        )
        request = lists_pb.ReportEndsRequest(ends=[end])
        await ask(self._channel, REPORT_ENDS, request, question.screen.call_id)
        return EndReported()


def _encode_screen(question: Screen) -> lists_pb.ScreenRequest:
    request = lists_pb.ScreenRequest(
        call_id=question.call_id, caller=question.caller, callee=question.callee
    )
    set_endpoint(request.endpoint, question.endpoint)
    return request


def _turned_away(
    response: pb.AdmitResponse | pb.RegisterResponse,
) -> Challenged | Rejected | Dropped:
    match response.WhichOneof("decision"):
        case "challenge":
            challenge = response.challenge
            return Challenged(challenge.status_code, tuple(challenge.challenges))
        case "reject":
            reject = response.reject
            return Rejected(
                reject.status_code,
                decode_reason(reject.call_end_reason),
                reject.explanation,
                reject.unknown_source,
                reject.min_expires,
            )
        case "drop":
            return Dropped(response.drop.explanation)
        case _:
            raise unexpected(response)


def _encode_admit(question: Admit) -> pb.AdmitRequest:
    request = pb.AdmitRequest(
        method=question.method,
        transport=TRANSPORTS[question.transport],
        request_uri=question.request_uri,
        from_user=question.from_user,
        from_host=question.from_host,
        to_user=question.to_user,
        to_host=question.to_host,
        call_id=question.sip_call_id,
        authorization=question.authorization,
        proxy_authorization=question.proxy_authorization,
        user_agent=question.user_agent,
        branch=question.branch,
    )
    set_address(request.source, question.source)
    set_address(request.local_address, question.local_address)
    return request


def _encode_register(question: Register) -> pb.RegisterRequest:
    request = pb.RegisterRequest(
        admit=_encode_admit(question.admit),
        contacts=map(_encode_contact, question.contacts),
        expires=question.expires,
        signaling_instance=question.signaling_instance,
        cseq=question.cseq,
    )
    set_address(request.via_sent_by, question.via_sent_by)
    return request


def _encode_contact(contact: RegisterContact) -> pb.RegisterContact:
    return pb.RegisterContact(
        uri=contact.uri, expires=contact.expires, instance_id=contact.instance_id
    )


def _decode_registered(contact: pb.RegisteredContact) -> RegisteredContact:
    expires = decode_span(contact, "expires_duration")
    if expires is None:
        raise ServiceError(f"contact {contact.uri} came without its time to live")
    return RegisteredContact(contact.uri, expires, contact.instance_id)


def _decode_terminal(binding: pb.Binding) -> Terminal:
    return Terminal(
        decode_endpoint(binding.endpoint),
        binding.contact,
        Flow(
            decode_transport(binding.transport),
            decode_address(binding.received_address),
            decode_address(binding.local_address),
        ),
        decode_time(binding.expire_time),
    )


def _decode_binding(binding: pb.Binding) -> Binding:
    return Binding(
        binding.contact,
        decode_address(binding.received_address),
        decode_transport(binding.transport),
        binding.behind_nat,
        binding.signaling_instance,
    )
