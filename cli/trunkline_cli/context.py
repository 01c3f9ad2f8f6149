"""What every command finds in its context: the switch it talks to."""

import typer

from .switch import Switch


def switch_of(context: typer.Context) -> Switch:
    """Return the switch that the options before the command name."""
    switch = context.find_root().obj
    assert isinstance(switch, Switch)
    return switch
