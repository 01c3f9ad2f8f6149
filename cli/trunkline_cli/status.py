"""`trunkline status` and `trunkline drain`: how every instance is, and sending calls elsewhere."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from trunkline.media.v1 import media_pb2
from trunkline.signaling.v1 import signaling_pb2

from . import words
from .context import switch_of
from .errors import BadUsage, CommandError, Unreachable
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
) -> None:
    """Refuse new calls from now on; calls in progress go on to their end."""
    switch = switch_of(context)
    if service not in DRAINABLE:
        raise BadUsage(f"{service} holds no calls: stop it whenever you like")
    for address, left in zip(switch.addresses[service], _drain(switch, service), strict=True):
        console().print(f"{service} at {address} drains: {left} still in progress")


def read_status(switch: Switch) -> Iterator[InstanceStatus]:
    """Yield the status of every instance, asking each."""
    for service in Service:
        for index, address in enumerate(switch.addresses[service]):
            yield _status_of(switch, service, index, address)


def _status_of(switch: Switch, service: Service, index: int, address: str) -> InstanceStatus:
    try:
        answer = switch.health(service, address).Check(HealthCheckRequest())
        if answer.status != HealthCheckResponse.SERVING:
            return InstanceStatus(service, address, "not serving")
        return _load_of(switch, service, index, address)
    except Unreachable as error:
        return InstanceStatus(service, address, "unreachable", error.details[0])
    except CommandError as error:
        return InstanceStatus(service, address, "not serving", error.message)


def _load_of(switch: Switch, service: Service, index: int, address: str) -> InstanceStatus:
    if service is Service.SIGNALING:
        signaling = switch.signaling[index].GetStatus(signaling_pb2.GetStatusRequest())
        text = (
            f"{signaling.calls} calls, {signaling.cdrs_waiting} CDRs waiting, "
            f"since {words.time(signaling.start_time)}"
        )
        state = "draining" if signaling.draining else "serving"
        return InstanceStatus(service, address, state, text, as_json(signaling))
    if service is Service.MEDIA:
        media = switch.media[index].Load(media_pb2.LoadRequest())
        text = f"{media.sessions} of {media.capacity} sessions, busy {media.busy:.0%}"
        text += missing_codecs(media.codecs)
        state = "draining" if media.draining else "serving"
        return InstanceStatus(service, address, state, text, as_json(media))
    return InstanceStatus(service, address, "serving")


def missing_codecs(codecs: Iterable[media_pb2.CodecLibrary]) -> str:
    """Return what is to be installed for the codecs that can't be converted. Empty when none."""
    missing = [
        f"{codec.encoding} ({codec.package or 'no library has it'})"
        for codec in codecs
        if not codec.available
    ]
    return f", no {', '.join(missing)}" if missing else ""


def _drain(switch: Switch, service: Service) -> list[str]:
    if service is Service.SIGNALING:
        return [
            f"{one.Drain(signaling_pb2.DrainRequest()).calls} calls" for one in switch.signaling
        ]
    return [f"{one.Drain(media_pb2.DrainRequest()).sessions} sessions" for one in switch.media]


COLUMNS: list[Column[InstanceStatus]] = [
    Column("Service", lambda one: one.service, "bold"),
    Column("Address", lambda one: one.address),
    Column("State", lambda one: one.state, "cyan"),
    Column("Detail", lambda one: one.detail or words.NONE),
]
