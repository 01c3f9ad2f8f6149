"""What every command knows of its surroundings: the switch it talks to, and who asks."""

import getpass

import typer

from .switch import Switch


def switch_of(context: typer.Context) -> Switch:
    """Return the switch that the options before the command name."""
    switch = context.find_root().obj
    assert isinstance(switch, Switch)
    return switch


def author() -> str:
    """Return who asks, for the services' histories; empty where the system knows no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
