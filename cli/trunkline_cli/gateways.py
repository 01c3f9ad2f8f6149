"""`trunkline gateway`: gateways and phones as routing sees them now (MGT-10)."""

import typer
from trunkline.routing.v1.routing_pb2 import GatewayStatus, ListGatewaysRequest

from . import words
from .context import switch_of
from .output import Column, Format, OutputOption, show_list

app = typer.Typer(no_args_is_help=True, help="See gateways with their load and quality.")


@app.command("list")
def list_gateways(context: typer.Context, output: OutputOption = Format.TABLE) -> None:
    """List gateways with calls in progress, capacity and quality."""
    answer = switch_of(context).routing.ListGateways(ListGatewaysRequest())
    show_list(answer.gateways, COLUMNS, output)


def _state(gateway: GatewayStatus) -> str:
    if gateway.locked:
        return "locked"
    if gateway.HasField("disabled_until_time"):
        return f"left out until {words.time(gateway.disabled_until_time)}"
    return "up" if gateway.reachable else "unreachable"


def _ratio(gateway: GatewayStatus) -> str:
    ratio = gateway.answer_seizure_ratio
    return words.NONE if ratio < 0 else f"{ratio:.0f} %"


COLUMNS: list[Column[GatewayStatus]] = [
    Column("Name", lambda gateway: gateway.endpoint.name, "bold"),
    Column("Kind", lambda gateway: words.endpoint_kind(gateway.endpoint.kind)),
    Column("State", _state, "cyan"),
    Column("Calls", lambda gateway: str(gateway.calls), number=True),
    Column("Capacity", lambda gateway: str(gateway.capacity or words.NONE), number=True),
    Column("ASR", _ratio, number=True),
    Column("ACD", lambda gateway: words.span(gateway.average_call_duration), number=True),
]
