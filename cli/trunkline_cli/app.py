"""All commands of `trunkline`, put together."""

import os
from importlib.metadata import version
from typing import Annotated

import typer

from . import (
    accounts,
    alarms,
    audit,
    calls,
    cdrs,
    distribution,  # noqa: F401 - adds commands to cdrs
    gateways,
    numbers,
    parameters,
    rates,
    reconcile,
    registrations,
    routes,
    tables,
)
from .apply import apply
from .channels import tls_from_environment
from .login import login, logout, token_for
from .objects import delete, get
from .online import online
from .passwords import password
from .run import installed_services, run_service
from .services import Service, address_variable, default_address, parse_addresses
from .status import drain, status
from .switch import Switch
from .trace import trace
from .up import up

app = typer.Typer(
    name="trunkline",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    help="The Trunkline softswitch: run it, configure it, see what it does.",
    epilog="Exit codes: 0 done, 1 refused or not found, 2 wrong usage, 3 no answer from a service.",
)


def _address(service: Service) -> str:
    return typer.Option(  # type: ignore[no-any-return]
        default_address(service),
        f"--{service}",
        envvar=address_variable(service),
        metavar="HOST:PORT",
        help=f"Where {service} listens.",
        rich_help_panel="Services",
    )


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"trunkline {version('trunkline')}")
        raise typer.Exit


@app.callback()
def connect(
    context: typer.Context,
    signaling: str = _address(Service.SIGNALING),
    media: str = _address(Service.MEDIA),
    auth: str = _address(Service.AUTH),
    routing: str = _address(Service.ROUTING),
    billing: str = _address(Service.BILLING),
    show_version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Say and end.")
    ] = False,
) -> None:
    """Say where the services are."""
    given = (signaling, media, auth, routing, billing)
    addresses = {
        service: parse_addresses(service, text)
        for service, text in zip(Service, given, strict=True)
    }
    token = token_for(addresses[Service.AUTH], os.environ)
    context.obj = Switch(addresses, tls_from_environment(os.environ), token)


def _add_service(name: str) -> None:
    app.command(name, rich_help_panel="Single services", help=f"Run the {name} service here.")(
        lambda: run_service(name)
    )


app.command(rich_help_panel="Run")(up)
app.command(rich_help_panel="Run")(status)
app.command(rich_help_panel="Run")(drain)
app.command(rich_help_panel="Configure")(apply)
app.command(rich_help_panel="Configure")(get)
app.command(rich_help_panel="Configure")(delete)
app.command(rich_help_panel="Terminals")(password)
app.command(rich_help_panel="Operators")(login)
app.command(rich_help_panel="Operators")(logout)
app.add_typer(audit.app, name="audit", rich_help_panel="Operators")
app.add_typer(parameters.app, name="parameters", rich_help_panel="Configure")
app.add_typer(calls.app, name="call", rich_help_panel="Calls")
app.add_typer(cdrs.app, name="cdr", rich_help_panel="Calls")
app.command(rich_help_panel="Calls")(trace)
app.add_typer(routes.app, name="route", rich_help_panel="Calls")
app.add_typer(gateways.app, name="gateway", rich_help_panel="Calls")
app.command(rich_help_panel="Calls")(online)
app.add_typer(accounts.app, name="account", rich_help_panel="Money")
app.add_typer(rates.app, name="rates", rich_help_panel="Money")
app.add_typer(reconcile.app, name="reconcile", rich_help_panel="Money")
app.add_typer(alarms.app, name="alarms", rich_help_panel="Money")
app.add_typer(registrations.app, name="registration", rich_help_panel="Terminals")
app.add_typer(registrations.suspensions_app, name="suspension", rich_help_panel="Terminals")
app.add_typer(tables.app, name="table", rich_help_panel="Configure")
app.add_typer(numbers.app, name="numbers", rich_help_panel="Configure")
app.add_typer(numbers.black_list_app, name="black-list", rich_help_panel="Calls")
for _service in installed_services():
    _add_service(_service)
