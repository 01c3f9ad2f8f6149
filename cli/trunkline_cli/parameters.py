"""`trunkline parameters`: live parameters of all services by their VOS3000 names (MGT-01)."""

from typing import Annotated

import typer
from trunkline.common.v1.parameters_pb2 import (
    GetParameterRequest,
    ListParameterChangesRequest,
    ListParametersRequest,
    Parameter,
    ParameterChange,
    ResetParametersRequest,
    SetParametersRequest,
)
from trunkline_kernel.faults import Fault

from . import words
from .advice import ADVICE, Advice, Deployment
from .channels import PeerError
from .context import author, switch_of
from .errors import BadUsage, Refused, Unreachable
from .output import (
    Column,
    Format,
    OutputOption,
    as_json,
    console,
    show_fields,
    show_list,
    show_table,
    write_json,
)
from .services import Service
from .switch import Switch

app = typer.Typer(no_args_is_help=True, help="See and change parameters while the switch runs.")


@app.command("list")
def list_parameters(
    context: typer.Context,
    prefix: Annotated[str, typer.Argument(help="Start of the names, for example SS_SIP.")] = "",
    changed: Annotated[bool, typer.Option("--set", help="Only those that were set.")] = False,
    output: OutputOption = Format.TABLE,
) -> None:
    """List parameters with their values, defaults and ranges."""
    switch = switch_of(context)
    found: dict[str, Parameter] = {}
    for service in Service:
        request = ListParametersRequest(name_prefix=prefix)
        for parameter in switch.parameters(service).ListParameters(request).parameters:
            if parameter.is_set or not changed:
                found.setdefault(parameter.name, parameter)
    show_list([found[name] for name in sorted(found)], COLUMNS, output)


@app.command()
def get(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name, for example SS_SIP_SESSION_TTL.")],
    output: OutputOption = Format.TABLE,
) -> None:
    """Show one parameter with its meaning."""
    parameter = _find(switch_of(context), name)
    if output is Format.JSON:
        write_json(as_json(parameter))
    else:
        show_fields(_fields(parameter))


@app.command("set")
def set_parameters(
    context: typer.Context,
    assignments: Annotated[list[str], typer.Argument(metavar="NAME=VALUE...")],
    output: OutputOption = Format.TABLE,
) -> None:
    """Change parameters. Effective for new calls at once."""
    switch = switch_of(context)
    values = dict(map(_assignment, assignments))
    work: dict[Service, dict[str, str]] = {}
    for name, value in values.items():
        for service in _owners(switch, name):
            work.setdefault(service, {})[name] = value
    changes = [
        change
        for service, of in work.items()
        for change in switch.parameters(service)
        .SetParameters(SetParametersRequest(values=of, author=author()))
        .changes
    ]
    _show_changes(changes, output)


@app.command()
def reset(
    context: typer.Context,
    names: Annotated[list[str], typer.Argument(metavar="NAME...")],
    output: OutputOption = Format.TABLE,
) -> None:
    """Put parameters back to their defaults."""
    switch = switch_of(context)
    work: dict[Service, list[str]] = {}
    for name in names:
        for service in _owners(switch, name):
            work.setdefault(service, []).append(name)
    changes = [
        change
        for service, of in work.items()
        for change in switch.parameters(service)
        .ResetParameters(ResetParametersRequest(names=of, author=author()))
        .changes
    ]
    _show_changes(changes, output)


@app.command()
def history(context: typer.Context, output: OutputOption = Format.TABLE) -> None:
    """List who changed what, the newest first."""
    switch = switch_of(context)
    changes = [
        change
        for service in Service
        for change in switch.parameters(service)
        .ListParameterChanges(ListParameterChangesRequest())
        .changes
    ]
    changes.sort(key=lambda change: change.change_time.ToNanoseconds(), reverse=True)
    show_list(changes, CHANGE_COLUMNS, output)


@app.command()
def advise(
    context: typer.Context,
    deployment: Annotated[Deployment, typer.Argument(help="What the switch has to cope with.")],
    output: OutputOption = Format.TABLE,
) -> None:
    """Show values that suit a kind of deployment beside the present ones. Changes nothing."""
    switch = switch_of(context)
    advice = [(one, _find(switch, one.parameter).value) for one in ADVICE[deployment]]
    if output is Format.TABLE:
        show_table(advice, ADVICE_COLUMNS)
        return
    write_json(
        [
            {
                "parameter": one.parameter,
                "value": present,
                "recommended": one.value,
                "reason": one.reason,
            }
            for one, present in advice
        ]
    )


def _find(switch: Switch, name: str) -> Parameter:
    """Return a parameter from the first service that has it; the others may be away."""
    away: Unreachable | None = None
    for service in Service:
        try:
            parameter = _parameter_of(switch, service, name)
        except Unreachable as error:
            away = away or error
        else:
            if parameter is not None:
                return parameter
    raise away or _unknown(name)


def _owners(switch: Switch, name: str) -> list[Service]:
    """Return every service that has the parameter; none may be away."""
    owners = [service for service in Service if _parameter_of(switch, service, name) is not None]
    if not owners:
        raise _unknown(name)
    return owners


def _parameter_of(switch: Switch, service: Service, name: str) -> Parameter | None:
    try:
        answer = switch.parameters(service).GetParameter(GetParameterRequest(name=name))
    except PeerError as error:
        if error.remote.fault != Fault.NOT_FOUND:
            raise
        return None
    return answer.parameter


def _unknown(name: str) -> Refused:
    return Refused(f"no service has a parameter {name}", ["`trunkline parameters list` has all"])


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise BadUsage(f"expected NAME=VALUE, got {text!r}")
    return name, value


def _show_changes(changes: list[ParameterChange], output: Format) -> None:
    if output is Format.JSON:
        write_json([as_json(change) for change in changes])
        return
    for change in changes:
        console().print(f"{change.name}: {change.old_value} → {change.new_value}", markup=False)
    if not changes:
        console().print("nothing changed: the values were in force already")


def _fields(parameter: Parameter) -> list[tuple[str, str]]:
    return [
        ("Name", parameter.name),
        ("Value", f"{parameter.value} {parameter.unit}".rstrip()),
        ("Default", f"{parameter.default_value} {parameter.unit}".rstrip()),
        ("Range", parameter.range),
        ("Meaning", parameter.meaning),
        ("Also called", ", ".join(parameter.aliases)),
    ]


COLUMNS: list[Column[Parameter]] = [
    Column("Name", lambda parameter: parameter.name, "bold"),
    Column("Value", lambda parameter: parameter.value, "green"),
    Column("Default", lambda parameter: parameter.default_value, "dim"),
    Column("Range", lambda parameter: parameter.range),
    Column("Unit", lambda parameter: parameter.unit),
]

ADVICE_COLUMNS: list[Column[tuple[Advice, str]]] = [
    Column("Name", lambda row: row[0].parameter, "bold"),
    Column("Value", lambda row: row[1]),
    Column("Recommended", lambda row: row[0].value, "green"),
    Column("Why", lambda row: row[0].reason),
]

CHANGE_COLUMNS: list[Column[ParameterChange]] = [
    Column("Time", lambda change: words.time(change.change_time)),
    Column("Name", lambda change: change.name, "bold"),
    Column("Before", lambda change: change.old_value),
    Column("After", lambda change: change.new_value, "green"),
    Column("By", lambda change: change.author),
]
