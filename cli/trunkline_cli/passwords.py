"""`trunkline password`: a password for a terminal, by the rule of the switch (AUT-17)."""

import typer
from trunkline.auth.v1.operators_pb2 import GeneratePasswordRequest

from .context import switch_of


def password(context: typer.Context) -> None:
    """Make up a password for a phone or gateway and write it out; it is stored nowhere.

    `trunkline password > 1001.secret`, and in the document `password: {file: 1001.secret}`.
    """
    typer.echo(switch_of(context).operators.GeneratePassword(GeneratePasswordRequest()).password)
