"""`trunkline gateway`: gateways and phones as routing sees them now (MGT-10), and the way there."""

from typing import Annotated, Final

import typer
from google.protobuf.duration_pb2 import Duration
from trunkline.routing.v1.routing_pb2 import GatewayStatus, ListGatewaysRequest
from trunkline.signaling.v1.signaling_pb2 import (
    HostName,
    ListNamesRequest,
    ListNetworkTestsRequest,
    NetworkProbe,
    NetworkTest,
    RoundTrips,
    TestNetworkRequest,
)
from trunkline.signaling.v1.signaling_pb2_grpc import SignalingServiceStub

from . import words
from .context import switch_of
from .nodes import NodeOption, find_node
from .output import (
    Column,
    Format,
    OutputOption,
    as_json,
    error_console,
    show_fields,
    show_list,
    write_json,
)
from .services import Service

app = typer.Typer(
    no_args_is_help=True,
    help="See gateways with their load and quality, vendors' names, and test the way there.",
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


@app.command("test")
def test_network(
    context: typer.Context,
    target: Annotated[
        str, typer.Argument(metavar="NAME|HOST[:PORT]", help="Routing gateway, or an address.")
    ],
    node: NodeOption = "",
    output: OutputOption = Format.TABLE,
) -> None:
    """Send ten OPTIONS, and ICMP echoes where allowed: delay, loss and SIP status (MGT-08)."""
    switch = switch_of(context)
    index = find_node(switch, Service.SIGNALING, node) if node else 0
    test = _result_of(switch.signaling[index], target)
    if output is Format.JSON:
        write_json(as_json(test))
    else:
        show_fields(_fields(test))


@app.command("tests")
def list_tests(context: typer.Context, output: OutputOption = Format.TABLE) -> None:
    """List the last tests of every signaling instance, the newest first (MGT-08)."""
    tests = [
        test
        for signaling in switch_of(context).signaling
        for test in signaling.ListNetworkTests(ListNetworkTestsRequest()).tests
    ]
    tests.sort(key=lambda test: test.start_time.ToNanoseconds(), reverse=True)
    show_list(tests, TEST_COLUMNS, output)


def _result_of(signaling: SignalingServiceStub, target: str) -> NetworkTest:
    """Show each probe on a terminal, and return the result."""
    out = error_console()
    for step in signaling.TestNetwork(TestNetworkRequest(target=target)):
        if step.HasField("result"):
            return step.result
        if out.is_terminal:
            out.print(_line(step.probe))
    raise AssertionError("a test ends with its result")


def _line(probe: NetworkProbe) -> str:
    answer = f"{probe.sip_status} after {_delay(probe.sip_duration)}"
    line = f"{probe.number:>2}  {answer if probe.sip_status else 'no answer'}"
    echo = probe.icmp_duration
    return f"{line}, ICMP echo after {_delay(echo)}" if probe.HasField("icmp_duration") else line


def _fields(test: NetworkTest) -> list[tuple[str, str]]:
    return [
        ("Target", test.target),
        ("Address", words.address(test.address)),
        ("From", test.signaling_instance),
        ("SIP", _sum(test.sip)),
        ("SIP status", str(test.sip_status or words.NONE)),
        ("ICMP", _sum(test.icmp) if test.HasField("icmp") else f"not sent: {test.icmp_problem}"),
    ]


def _sum(times: RoundTrips) -> str:
    spans = times.min_duration, times.avg_duration, times.max_duration
    return f"min/avg/max {' / '.join(map(_delay, spans))}, loss {times.loss_percent} %"


def _delay(of: Duration) -> str:
    """Return "30.2 ms", or a dash when there is none."""
    return f"{of.ToMicroseconds() / 1000:.1f} ms" if of.ByteSize() else words.NONE


TEST_COLUMNS: list[Column[NetworkTest]] = [
    Column("Time", lambda test: words.time(test.start_time)),
    Column("Node", lambda test: test.signaling_instance),
    Column("Target", lambda test: test.target, "bold"),
    Column("Address", lambda test: words.address(test.address)),
    Column("Status", lambda test: str(test.sip_status or words.NONE), "cyan", number=True),
    Column("Min", lambda test: _delay(test.sip.min_duration), number=True),
    Column("Avg", lambda test: _delay(test.sip.avg_duration), number=True),
    Column("Max", lambda test: _delay(test.sip.max_duration), number=True),
    Column("Loss", lambda test: f"{test.sip.loss_percent} %", number=True),
    Column("ICMP", lambda test: _delay(test.icmp.avg_duration), number=True),
]


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
