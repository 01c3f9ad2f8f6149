"""`trunkline online`: phones and gateways as they are now, from routing and auth (MGT-10)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer
from trunkline.auth.v1.auth_pb2 import Binding, ListRegistrationsRequest
from trunkline.common.v1.common_pb2 import EndpointKind, SocketAddress, Transport
from trunkline.routing.v1.routing_pb2 import GatewayStatus, ListGatewaysRequest

from . import words
from .context import switch_of
from .gateways import UP, ratio, state
from .output import Column, Format, OutputOption, as_json, show_table, write_json
from .paging import PAGE_SIZE, collect
from .registrations import KINDS, TerminalKind
from .switch import Switch

ENCRYPTED: Final = ("tls", "wss")
MOST: Final = 1_000_000
"""Registrations that are read at most."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One phone or gateway: what routing says of it, and its registration if it has one."""

    status: GatewayStatus
    binding: Binding | None
    retry_after: int
    """Seconds left for which a Retry-After keeps it out (SIG-26)."""

    @property
    def encryption(self) -> str:
        """How its signaling is encrypted, as far as a registration tells."""
        if self.binding is None:
            return words.NONE
        word = words.enum_word(Transport, self.binding.transport, "TRANSPORT_")
        return word if word in ENCRYPTED else words.NONE

    def as_json(self) -> dict[str, Any]:
        """Return both answers as proto JSON, and what is left of a Retry-After."""
        return {
            **as_json(self.status),
            "retryAfterSeconds": self.retry_after,
            "registration": as_json(self.binding) if self.binding is not None else None,
        }


def online(
    context: typer.Context,
    kind: Annotated[TerminalKind | None, typer.Option(help="Only these.")] = None,
    output: OutputOption = Format.TABLE,
) -> None:
    """Show phones and gateways with calls, quality, registration and what keeps them out."""
    found = [
        entry
        for entry in read(switch_of(context), datetime.now(UTC))
        if kind is None or entry.status.endpoint.kind == KINDS[kind]
    ]
    if output is Format.JSON:
        write_json([entry.as_json() for entry in found])
    else:
        show_table(found, COLUMNS)


def read(switch: Switch, now: datetime) -> Iterator[Entry]:
    """Yield every gateway and phone that routing lists, then who is registered besides."""
    bindings = {(each.endpoint.kind, each.endpoint.name): each for each in _registrations(switch)}
    for status in switch.routing.ListGateways(ListGatewaysRequest()).gateways:
        endpoint = status.endpoint
        yield _entry(status, bindings.pop((endpoint.kind, endpoint.name), None), now)
    for binding in bindings.values():
        yield _entry(
            GatewayStatus(
                endpoint=binding.endpoint, answer_seizure_ratio=-1, reachable=binding.reachable
            ),
            binding,
            now,
        )


def _registrations(switch: Switch) -> Iterator[Binding]:
    def page(token: str) -> tuple[Any, str]:
        request = ListRegistrationsRequest(page_size=PAGE_SIZE, page_token=token)
        answer = switch.auth.ListRegistrations(request)
        return answer.bindings, answer.next_page_token

    return iter(collect(page, MOST))


def _entry(status: GatewayStatus, binding: Binding | None, now: datetime) -> Entry:
    left = 0
    if status.HasField("disabled_until_time"):
        until = status.disabled_until_time.ToDatetime(tzinfo=UTC)
        left = max(round((until - now).total_seconds()), 0)
    return Entry(status, binding, left)


def _state(entry: Entry) -> str:
    binding = entry.binding
    if binding is not None and not binding.reachable:
        return "unreachable"
    words_of_routing = state(entry.status)
    is_phone = entry.status.endpoint.kind == EndpointKind.ENDPOINT_KIND_PHONE
    if binding is None and is_phone and words_of_routing == UP:
        return "not registered"
    return words_of_routing


def _calls(entry: Entry) -> str:
    return f"{entry.status.calls}/{entry.status.capacity or words.NONE}"


def _remote(entry: Entry) -> str:
    """Return where it is called: its addresses as configured, or where it registered from."""
    if entry.binding is not None:
        return words.address(entry.binding.received_address)
    targets = (SocketAddress(ip=each.host, port=each.port) for each in entry.status.targets)
    return ", ".join(map(words.address, targets)) or words.NONE


def _of_binding(show: Any) -> Any:
    return lambda entry: words.NONE if entry.binding is None else show(entry.binding)


COLUMNS: list[Column[Entry]] = [
    Column("Name", lambda entry: entry.status.endpoint.name, "bold"),
    Column("Kind", lambda entry: words.endpoint_kind(entry.status.endpoint.kind)),
    Column("State", _state, "cyan"),
    Column("Calls", _calls, number=True),
    Column("ASR", lambda entry: ratio(entry.status), number=True),
    Column("ACD", lambda entry: words.span(entry.status.average_call_duration), number=True),
    Column(
        "Retry",
        lambda entry: f"{entry.retry_after} s" if entry.retry_after else words.NONE,
        number=True,
    ),
    Column("Remote", _remote),
    Column("Contact", _of_binding(lambda binding: binding.contact)),
    Column("NAT", _of_binding(lambda binding: "yes" if binding.behind_nat else "no")),
    Column("Local", _of_binding(lambda binding: words.address(binding.local_address))),
    Column("Encryption", lambda entry: entry.encryption),
    Column("Registered", _of_binding(lambda binding: words.time(binding.register_time))),
    Column("Updated", _of_binding(lambda binding: words.time(binding.update_time))),
    Column("Node", _of_binding(lambda binding: binding.signaling_instance)),
]
