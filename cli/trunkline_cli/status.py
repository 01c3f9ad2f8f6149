"""`trunkline status` and `trunkline drain`: how every instance is, and sending calls elsewhere."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from google.protobuf.timestamp_pb2 import Timestamp
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from trunkline.media.v1 import media_pb2
from trunkline.signaling.v1 import signaling_pb2

from . import words
from .context import switch_of
from .errors import BadUsage, CommandError, Unreachable
from .nodes import NodeOption, find_node
from .output import Column, Format, OutputOption, as_json, console, show_table, write_json
from .services import Service
from .switch import Switch

DRAINABLE = (Service.SIGNALING, Service.MEDIA)


@dataclass(frozen=True, slots=True)
class InstanceStatus:
    """How one instance of a service is."""

    service: Service
    address: str
    state: str
    """serving, not serving, draining, or unreachable."""
    detail: str = ""
    node: str = ""
    """What an instance that holds calls is called; the others are all alike."""
    version: str = ""
    start_time: Timestamp | None = None
    facts: dict[str, Any] | None = None
    """What the service says of itself, as proto JSON."""

    @property
    def healthy(self) -> bool:
        """Whether it takes work."""
        return self.state == "serving"


def status(context: typer.Context, output: OutputOption = Format.TABLE) -> None:
    """Show how every service is. Exit code 3 when one does not answer, 1 when one is not ready."""
    statuses = list(read_status(switch_of(context)))
    if output is Format.JSON:
        write_json(
            [
                {
                    "service": one.service.value,
                    "address": one.address,
                    "state": one.state,
                    "detail": one.detail,
                    "facts": one.facts or {},
                }
                for one in statuses
            ]
        )
    else:
        show_table(statuses, COLUMNS)
    if any(one.state == "unreachable" for one in statuses):
        raise typer.Exit(Unreachable.exit_code)
    if not all(one.healthy for one in statuses):
        raise typer.Exit(CommandError.exit_code)


def drain(
    context: typer.Context,
    service: Annotated[Service, typer.Argument(help="signaling or media.")] = Service.SIGNALING,
    node: NodeOption = "",
) -> None:
    """Refuse new calls from now on; calls in progress go on to their end. On all without --node."""
    switch = switch_of(context)
    if service not in DRAINABLE:
        raise BadUsage(f"{service} holds no calls: stop it whenever you like")
    addresses = switch.addresses[service]
    chosen = [find_node(switch, service, node)] if node else range(len(addresses))
    for index in chosen:
        left = _drain(switch, service, index)
        console().print(f"{service} at {addresses[index]} drains: {left} still in progress")


def read_status(switch: Switch) -> Iterator[InstanceStatus]:
    """Yield the status of every instance, asking each."""
    for service in Service:
        for index, address in enumerate(switch.addresses[service]):
            yield _status_of(switch, service, index, address)


def _status_of(switch: Switch, service: Service, index: int, address: str) -> InstanceStatus:
    try:
        answer = switch.health(service, address).Check(HealthCheckRequest())
        serving = answer.status == HealthCheckResponse.SERVING
        return _load_of(switch, service, index, address, "serving" if serving else "not serving")
    except Unreachable as error:
        return InstanceStatus(service, address, "unreachable", error.details[0])
    except CommandError as error:
        return InstanceStatus(service, address, "not serving", error.message)


def _load_of(
    switch: Switch, service: Service, index: int, address: str, health: str
) -> InstanceStatus:
    """Return what an instance says of itself; one that drains is no longer healthy, either."""
    if service is Service.SIGNALING:
        signaling = switch.signaling[index].GetStatus(signaling_pb2.GetStatusRequest())
        return InstanceStatus(
            service,
            address,
            "draining" if signaling.draining else health,
            f"{signaling.calls} calls, {signaling.cdrs_waiting} CDRs waiting",
            signaling.signaling_instance,
            signaling.version,
            signaling.start_time,
            as_json(signaling),
        )
    if service is Service.MEDIA:
        media = switch.media[index].Load(media_pb2.LoadRequest())
        load = f"{media.sessions} of {media.capacity} sessions, busy {media.busy:.0%}"
        return InstanceStatus(
            service,
            address,
            "draining" if media.draining else health,
            load + missing_codecs(media.codecs),
            media.media_instance,
            media.version,
            media.start_time,
            as_json(media),
        )
    return InstanceStatus(service, address, health)


def missing_codecs(codecs: Iterable[media_pb2.CodecLibrary]) -> str:
    """Return what is to be installed for the codecs that can't be converted. Empty when none."""
    missing = [
        f"{codec.encoding} ({codec.package or 'no library has it'})"
        for codec in codecs
        if not codec.available
    ]
    return f", no {', '.join(missing)}" if missing else ""


def _drain(switch: Switch, service: Service, index: int) -> str:
    if service is Service.SIGNALING:
        return f"{switch.signaling[index].Drain(signaling_pb2.DrainRequest()).calls} calls"
    return f"{switch.media[index].Drain(media_pb2.DrainRequest()).sessions} sessions"


COLUMNS: list[Column[InstanceStatus]] = [
    Column("Service", lambda one: one.service, "bold"),
    Column("Node", lambda one: one.node or words.NONE),
    Column("Address", lambda one: one.address),
    Column("State", lambda one: one.state, "cyan"),
    Column("Version", lambda one: one.version or words.NONE),
    Column("Since", lambda one: words.time(one.start_time) if one.start_time else words.NONE),
    Column("Detail", lambda one: one.detail or words.NONE),
]
