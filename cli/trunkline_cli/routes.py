"""`trunkline route explain`: where a call would go, and why not elsewhere."""

import json
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Annotated

import typer
from trunkline.common.v1.common_pb2 import (
    CallEndReason,
    Endpoint,
    EndpointKind,
    SocketAddress,
)
from trunkline.common.v1.documents_pb2 import GetDocumentRequest
from trunkline.routing.v1.routing_pb2 import (
    CandidateExplanation,
    ExplainRequest,
    ExplainResponse,
    Identity,
    NumberStage,
    RouteRequest,
)
from trunkline_kernel.faults import Fault

from . import words
from .channels import PeerError
from .context import switch_of
from .errors import Refused, Unreachable
from .output import Column, Format, OutputOption, as_json, console, show_table, write_json
from .services import Service
from .switch import Switch

app = typer.Typer(no_args_is_help=True, help="See where calls would go.")

SOURCES = {
    "MappingGateway": EndpointKind.ENDPOINT_KIND_MAPPING_GATEWAY,
    "Phone": EndpointKind.ENDPOINT_KIND_PHONE,
}


@app.command()
def explain(
    context: typer.Context,
    source: Annotated[
        str, typer.Option("--from", help="Who calls: acme-pbx, 1001; phone/1001 if both exist.")
    ],
    callee: Annotated[str, typer.Option(help="Number called, as it would be sent.")],
    caller: Annotated[
        str, typer.Option(help="Number of the caller. A phone's own if not given.")
    ] = "",
    at: Annotated[
        str, typer.Option(help="When: 21:00, a date and time, or a span ago. Now if not given.")
    ] = "",
    address: Annotated[
        str,
        typer.Option("--source", help="IP address it comes from. The caller's first if not given."),
    ] = "",
    seed: Annotated[int, typer.Option(min=0, help="Repeats what is drawn at random.")] = 0,
    output: OutputOption = Format.TABLE,
) -> None:
    """Say for every gateway why a call would go there, or not."""
    switch = switch_of(context)
    now = datetime.now(UTC)
    endpoint = _endpoint(switch, source)
    answer = switch.routing.Explain(
        ExplainRequest(
            call=RouteRequest(
                endpoint=endpoint,
                source=SocketAddress(ip=address or _own_address(switch, endpoint)),
                identity=Identity(
                    from_user=caller or source.rpartition("/")[2],
                    to_user=callee,
                    request_uri_user=callee,
                ),
                setup_time=words.timestamp(words.parse_time(at, now) if at else now),
            ),
            seed=seed,
        )
    )
    if output is Format.JSON:
        write_json(as_json(answer))
    else:
        show_explanation(answer)


def show_explanation(answer: ExplainResponse) -> None:
    """Write the numbers' way, every gateway that was looked at, and the outcome."""
    if answer.outcome.numbers.stages:
        show_table(answer.outcome.numbers.stages, STAGE_COLUMNS, title="Numbers")
    if answer.candidates:
        show_table(answer.candidates, COLUMNS, title="Gateways")
        show_table([c for c in answer.candidates if c.position], HEADERS, title="Headers")
    console().print(outcome(answer))


def outcome(answer: ExplainResponse) -> str:
    """Return in a sentence what Route would answer."""
    if answer.outcome.HasField("refusal"):
        refusal = answer.outcome.refusal
        reason = words.enum_word(CallEndReason, refusal.call_end_reason, "CALL_END_REASON_")
        return f"refused with SIP {refusal.sip_status}, {reason}: {refusal.explanation}"
    first = answer.outcome.plan.first
    numbers = answer.outcome.numbers
    paid = f"paid by {answer.outcome.account or 'nobody'}"
    goes = f"{numbers.caller} → {numbers.callee} goes to {words.endpoint(first.endpoint)}"
    if first.HasField("forward"):
        to = " and ".join(first.forward.numbers)
        return f"{goes}, {paid}; it forwards to {to} ({first.forward.reason}) at its own cost"
    return f"{goes} as {first.from_user} → {first.request_uri_user}, {paid}"


def _endpoint(switch: Switch, source: str) -> Endpoint:
    wanted, _, name = source.rpartition("/")
    documents = switch.documents(Service.ROUTING)
    for kind, endpoint_kind in SOURCES.items():
        if wanted and wanted.replace("-", "").lower() != kind.lower():
            continue
        try:
            documents.GetDocument(GetDocumentRequest(kind=kind, name=name))
            return Endpoint(kind=endpoint_kind, name=name)
        except PeerError as error:
            if error.remote.fault != Fault.NOT_FOUND:
                raise
    raise Refused(f"there is no mapping gateway and no phone {source}")


def _own_address(switch: Switch, caller: Endpoint) -> str:
    """Return the first address of a gateway that is known by addresses; empty for others."""
    if caller.kind != EndpointKind.ENDPOINT_KIND_MAPPING_GATEWAY:
        return ""
    try:
        request = GetDocumentRequest(kind="MappingGateway", name=caller.name)
        document = switch.documents(Service.AUTH).GetDocument(request).document
    except (PeerError, Unreachable):
        return ""
    addresses = json.loads(document.spec_json).get("access", {}).get("addresses", [])
    return next(filter(None, map(_host, addresses)), "")


def _host(address: str) -> str:
    """Return the host of "192.0.2.10:5060" or "[2001:db8::1]:5060"; empty for a network."""
    for host in (address, address.strip("[]"), address.rpartition(":")[0].strip("[]")):
        try:
            return str(ip_address(host))
        except ValueError:
            continue
    return ""


def _position(candidate: CandidateExplanation) -> str:
    return str(candidate.position) if candidate.position else "out"


def _from(explanation: CandidateExplanation) -> str:
    candidate = explanation.candidate
    if candidate.anonymous:
        return "anonymous"
    shown = f'"{candidate.from_display}" ' if candidate.from_display else ""
    return shown + candidate.from_user


def _capacity(candidate: CandidateExplanation) -> str:
    return f"{candidate.calls}/{candidate.capacity}" if candidate.capacity else str(candidate.calls)


STAGE_COLUMNS: list[Column[NumberStage]] = [
    Column("Stage", lambda stage: stage.stage),
    Column("Before", lambda stage: stage.before or words.NONE),
    Column("After", lambda stage: stage.after or words.NONE, "bold"),
    Column("Rule", lambda stage: stage.rule or words.NONE),
]

COLUMNS: list[Column[CandidateExplanation]] = [
    Column("#", _position, "cyan", number=True),
    Column("Gateway", lambda candidate: words.endpoint(candidate.endpoint), "bold"),
    Column("Calls", _capacity, number=True),
    Column("Cost/min", lambda c: words.money(c.candidate.cost_per_minute), number=True),
    Column("Margin/min", lambda c: words.money(c.margin_per_minute), "green", number=True),
    Column("Out by", lambda candidate: candidate.excluded_by or words.NONE, "red"),
    Column("Why", lambda candidate: candidate.explanation),
]

HEADERS: list[Column[CandidateExplanation]] = [
    Column("#", _position, "cyan", number=True),
    Column("Gateway", lambda c: words.endpoint(c.endpoint), "bold"),
    Column("Request-URI", lambda c: c.candidate.request_uri_user),
    Column("From", _from),
    Column("P-Asserted-Identity", lambda c: c.candidate.asserted_identity or words.NONE),
    Column("P-Preferred-Identity", lambda c: c.candidate.preferred_identity or words.NONE),
    Column("Privacy", lambda c: c.candidate.privacy or words.NONE),
    Column("Remote-Party-ID", lambda c: "yes" if c.candidate.remote_party_id else words.NONE),
]
