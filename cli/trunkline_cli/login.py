"""`trunkline login` and `trunkline logout`: operators' tokens, kept for the calls to come (MGT-12).

Tokens lie in a file that its owner alone may read, by the address of auth. TRUNKLINE_TOKEN goes
before it, for programs.
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final

import typer
from trunkline.auth.v1.operators_pb2 import LoginRequest

from . import words
from .context import switch_of
from .errors import BadUsage
from .output import console
from .services import Service

TOKEN_VARIABLE: Final = "TRUNKLINE_TOKEN"  # noqa: S105 - a name
PASSWORD_VARIABLE: Final = "TRUNKLINE_PASSWORD"  # noqa: S105 - a name


def login(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of the operator.")],
) -> None:
    """Log in: writes are yours from now on. Asks for the password, or takes TRUNKLINE_PASSWORD."""
    switch = switch_of(context)
    password = os.environ.get(PASSWORD_VARIABLE) or typer.prompt("Password", hide_input=True)
    answer = switch.operators.Login(LoginRequest(name=name, password=password))
    path, auth = tokens_file(os.environ), _key(switch.addresses[Service.AUTH])
    _write(path, _read(path) | {auth: answer.token})
    console().print(f"{name} is logged in until {words.time(answer.expire_time)}")


def logout(context: typer.Context) -> None:
    """Forget the token of this switch."""
    path = tokens_file(os.environ)
    tokens = _read(path)
    found = tokens.pop(_key(switch_of(context).addresses[Service.AUTH]), None)
    if found:
        _write(path, tokens)
    console().print("logged out" if found else "nobody was logged in")


def token_for(auth: Sequence[str], environment: Mapping[str, str]) -> str:
    """Return the token for a switch, by the addresses of its auth; empty for none."""
    given = environment.get(TOKEN_VARIABLE)
    return given or _read(tokens_file(environment)).get(_key(auth), "")


def tokens_file(environment: Mapping[str, str]) -> Path:
    """Return where tokens lie: in the XDG state folder."""
    base = environment.get("XDG_STATE_HOME") or Path("~/.local/state").expanduser()
    return Path(base) / "trunkline" / "tokens.json"


def _key(addresses: Sequence[str]) -> str:
    return ",".join(addresses)


def _read(path: Path) -> dict[str, str]:
    try:
        tokens = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise BadUsage(f"{path} cannot be read: {error}") from None
    return {str(key): str(value) for key, value in tokens.items()}


def _write(path: Path, tokens: Mapping[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(tokens, file)
    beside.replace(path)
