"""`trunkline registration` and `trunkline suspension`: who is registered, who is shut out."""

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Final

import typer
from google.protobuf.timestamp_pb2 import Timestamp
from trunkline.auth.v1.auth_pb2 import (
    Binding,
    LiftSuspensionRequest,
    ListRegistrationsRequest,
    ListSuspensionsRequest,
    RemoveRegistrationRequest,
    Suspension,
    SuspensionKind,
)
from trunkline.common.v1.common_pb2 import Endpoint, EndpointKind, Transport

from . import words
from .context import switch_of
from .output import Column, Format, OutputOption, console, show_list
from .paging import PAGE_SIZE, collect

app = typer.Typer(no_args_is_help=True, help="See and remove registrations.")
suspensions_app = typer.Typer(no_args_is_help=True, help="See and lift suspensions.")


class TerminalKind(StrEnum):
    """What can register."""

    PHONE = "phone"
    MAPPING_GATEWAY = "mapping-gateway"
    ROUTING_GATEWAY = "routing-gateway"


KINDS: Final = {
    TerminalKind.PHONE: EndpointKind.ENDPOINT_KIND_PHONE,
    TerminalKind.MAPPING_GATEWAY: EndpointKind.ENDPOINT_KIND_MAPPING_GATEWAY,
    TerminalKind.ROUTING_GATEWAY: EndpointKind.ENDPOINT_KIND_ROUTING_GATEWAY,
}


@app.command("list")
def list_registrations(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="Most registrations to show.")] = 1000,
    output: OutputOption = Format.TABLE,
) -> None:
    """List live registrations."""
    auth = switch_of(context).auth

    def page(token: str) -> tuple[Iterable[Binding], str]:
        request = ListRegistrationsRequest(page_size=min(limit, PAGE_SIZE), page_token=token)
        answer = auth.ListRegistrations(request)
        return answer.bindings, answer.next_page_token

    show_list(list(collect(page, limit)), COLUMNS, output)


@app.command()
def remove(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Number of the phone, or name of the gateway.")],
    kind: Annotated[TerminalKind, typer.Option(help="What it is.")] = TerminalKind.PHONE,
) -> None:
    """Remove the registration of one terminal."""
    request = RemoveRegistrationRequest(endpoint=Endpoint(kind=KINDS[kind], name=name))
    switch_of(context).auth.RemoveRegistration(request)
    console().print(f"registration of {kind} {name} removed")


@suspensions_app.command("list")
def list_suspensions(context: typer.Context, output: OutputOption = Format.TABLE) -> None:
    """List terminals that failed to authenticate too often."""
    answer = switch_of(context).auth.ListSuspensions(ListSuspensionsRequest())
    show_list(answer.suspensions, SUSPENSION_COLUMNS, output)


@suspensions_app.command()
def lift(
    context: typer.Context,
    identity: Annotated[str, typer.Argument(help="Identity as listed.")],
    ip: Annotated[str, typer.Option(help="IP address as listed. Without it, of every one.")] = "",
) -> None:
    """Let a suspended terminal try again."""
    request = LiftSuspensionRequest(identity=identity, ip=ip)
    lifted = switch_of(context).auth.LiftSuspension(request).lifted
    console().print(f"{lifted} lifted for {identity}")


def _left(until: Timestamp) -> str:
    return words.span(words.duration(until.ToDatetime(UTC) - datetime.now(UTC)))


COLUMNS: list[Column[Binding]] = [
    Column("Terminal", lambda binding: words.endpoint(binding.endpoint), "bold"),
    Column("Contact", lambda binding: binding.contact),
    Column("Received from", lambda binding: words.address(binding.received_address)),
    Column("By", lambda b: words.enum_word(Transport, b.transport, "TRANSPORT_")),
    Column("Device", lambda binding: binding.user_agent),
    Column("Since", lambda binding: words.time(binding.register_time)),
    Column("Expires in", lambda binding: _left(binding.expire_time), number=True),
    Column("Reachable", lambda binding: "yes" if binding.reachable else "no"),
]

SUSPENSION_COLUMNS: list[Column[Suspension]] = [
    Column("Identity", lambda suspension: suspension.identity, "bold"),
    Column("IP", lambda suspension: suspension.ip),
    Column("Refused", lambda s: words.enum_word(SuspensionKind, s.kind, "SUSPENSION_KIND_")),
    Column("Ends in", lambda suspension: _left(suspension.expire_time), number=True),
]
