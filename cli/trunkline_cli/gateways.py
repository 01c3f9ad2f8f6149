"""`trunkline gateway`: gateways and phones as routing sees them now (MGT-10)."""

from typing import Final

import typer
from trunkline.routing.v1.routing_pb2 import GatewayStatus, ListGatewaysRequest
from trunkline.signaling.v1.signaling_pb2 import HostName, ListNamesRequest

from . import words
from .context import switch_of
from .output import Column, Format, OutputOption, show_list

app = typer.Typer(
    no_args_is_help=True, help="See gateways with their load and quality, and vendors' names."
)

UP: Final = "up"


@app.command("list")
def list_gateways(context: typer.Context, output: OutputOption = Format.TABLE) -> None:
    """List gateways with calls in progress, capacity and quality."""
    answer = switch_of(context).routing.ListGateways(ListGatewaysRequest())
    show_list(answer.gateways, COLUMNS, output)


@app.command("names")
def list_names(context: typer.Context, output: OutputOption = Format.TABLE) -> None:
    """List the host names of vendors with the addresses they stand for (MGT-06)."""
    answer = switch_of(context).signaling[0].ListNames(ListNamesRequest())
    show_list(answer.names, NAME_COLUMNS, output)


def _name_state(name: HostName) -> str:
    if name.problem:
        return f"{'stale' if name.addresses else 'unresolved'}: {name.problem}"
    return "resolved" if name.addresses else "looking"


NAME_COLUMNS: list[Column[HostName]] = [
    Column("Name", lambda name: name.host, "bold"),
    Column("Port", lambda name: str(name.port or words.NONE), number=True),
    Column("State", _name_state, "cyan"),
    Column("Addresses", lambda name: ", ".join(map(words.address, name.addresses)) or words.NONE),
    Column("Resolved", lambda name: words.time(name.resolve_time)),
    Column("Refresh", lambda name: words.span(name.refresh_duration), number=True),
]


def state(gateway: GatewayStatus) -> str:
    """Return what keeps a gateway out, or that nothing does."""
    if gateway.locked:
        return "locked"
    if gateway.HasField("disabled_until_time"):
        return f"left out until {words.time(gateway.disabled_until_time)}"
    return UP if gateway.reachable else "unreachable"


def ratio(gateway: GatewayStatus) -> str:
    """Return answered attempts in percent, or a dash when there were none."""
    ratio = gateway.answer_seizure_ratio
    return words.NONE if ratio < 0 else f"{ratio:.0f} %"


COLUMNS: list[Column[GatewayStatus]] = [
    Column("Name", lambda gateway: gateway.endpoint.name, "bold"),
    Column("Kind", lambda gateway: words.endpoint_kind(gateway.endpoint.kind)),
    Column("State", state, "cyan"),
    Column("Calls", lambda gateway: str(gateway.calls), number=True),
    Column("Capacity", lambda gateway: str(gateway.capacity or words.NONE), number=True),
    Column("ASR", ratio, number=True),
    Column("ACD", lambda gateway: words.span(gateway.average_call_duration), number=True),
]
