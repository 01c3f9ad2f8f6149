"""`trunkline numbers` and `trunkline black-list`: lists of numbers, and numbers that misbehaved."""

import re
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer
from trunkline.auth.v1.lists_pb2 import (
    AddBlackEntryRequest,
    BlackEntry,
    FindNumberRequest,
    FindNumberResponse,
    ImportMode,
    ImportNumbersRequest,
    ListBlackEntriesRequest,
    ListedFor,
    Party,
    RemoveBlackEntriesRequest,
    RollBackNumbersRequest,
)
from trunkline.common.v1.common_pb2 import Endpoint, EndpointKind
from trunkline_kernel.sheets import UnreadableFile, text_of

from . import words
from .context import switch_of
from .errors import BadUsage
from .files import read_file
from .output import (
    Column,
    Format,
    OutputOption,
    as_json,
    console,
    show_list,
    working,
    write_json,
)

app = typer.Typer(no_args_is_help=True, help="Take lists of numbers over, and find numbers.")
black_list_app = typer.Typer(
    no_args_is_help=True, help="See and change the dynamic black list: numbers that misbehaved."
)

PATIENCE: Final = 120.0
"""Seconds an import may take: a million numbers do."""

MAX_BYTES: Final = 15_000_000
"""Most that fits one message beside its frame."""

_SEPARATOR: Final = re.compile(r"[,;\t|]")


class Side(StrEnum):
    """Which side of a call a number stands on."""

    CALLER = "caller"
    CALLEE = "callee"


SIDES: Final = {Side.CALLER: Party.PARTY_CALLER, Side.CALLEE: Party.PARTY_CALLEE}


@app.command("import")
def import_numbers(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(help="A number a line, or CSV or a workbook with it in front.")
    ],
    name: Annotated[str, typer.Option("--list", help="NumberList that takes them.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="The file is the whole list: others go.")
    ] = False,
    remove: Annotated[bool, typer.Option("--remove", help="The file's numbers go.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change and change nothing.")
    ] = False,
    output: OutputOption = Format.TABLE,
) -> None:
    """Read numbers into a list, all or none: a line that is no number stops it."""
    request = ImportNumbersRequest(
        list=name, text=_read(file), mode=_mode(replace, remove), dry_run=dry_run
    )
    with working(f"reading {file.name}"):
        answer = switch_of(context).lists.ImportNumbers(request, timeout=PATIENCE)
    if output is Format.JSON:
        write_json(as_json(answer))
        return
    prefix = "dry run: " if dry_run else ""
    sums = f"{answer.added} new, {answer.removed} gone"
    console().print(f"{prefix}{sums}; {name} has {answer.total} numbers")


@app.command()
def rollback(
    context: typer.Context,
    name: Annotated[str, typer.Option("--list", help="NumberList to put back.")],
) -> None:
    """Put a list back to what it was before its last change. Twice is no change."""
    answer = switch_of(context).lists.RollBackNumbers(
        RollBackNumbersRequest(list=name), timeout=PATIENCE
    )
    console().print(f"{name} is what it was: {answer.total} numbers")


@app.command()
def find(
    context: typer.Context,
    number: Annotated[str, typer.Argument(help="The whole number.")],
    output: OutputOption = Format.TABLE,
) -> None:
    """Say on which lists a number stands."""
    answer = switch_of(context).lists.FindNumber(FindNumberRequest(number=number))
    if output is Format.JSON:
        write_json(as_json(answer))
        return
    for line in _places(answer) or ["no list has it"]:
        console().print(line)


@black_list_app.command("list")
def list_entries(
    context: typer.Context,
    number: Annotated[str, typer.Option(help="Only this number.")] = "",
    output: OutputOption = Format.TABLE,
) -> None:
    """List numbers on the dynamic black list."""
    request = ListBlackEntriesRequest(number=number)
    show_list(switch_of(context).lists.ListBlackEntries(request).entries, COLUMNS, output)


@black_list_app.command()
def add(
    context: typer.Context,
    number: Annotated[str, typer.Argument(help="The number as transformed.")],
    side: Annotated[Side, typer.Option(help="Calls of it, or calls to it.")] = Side.CALLEE,
    minutes: Annotated[int, typer.Option(min=1, help="How long it stays.")] = 60,
    gateway: Annotated[str, typer.Option(help="Mapping gateway it is blocked on.")] = "",
) -> None:
    """Put a number on the black list, everywhere or on one gateway."""
    scope = Endpoint(kind=EndpointKind.ENDPOINT_KIND_MAPPING_GATEWAY, name=gateway)
    request = AddBlackEntryRequest(
        party=SIDES[side],
        number=number,
        gateway=scope if gateway else None,
        lifetime_duration=words.duration(timedelta(minutes=minutes)),
    )
    switch_of(context).lists.AddBlackEntry(request)
    console().print(f"{side} {number} is listed for {minutes} minutes")


@black_list_app.command("remove")
def remove_entries(
    context: typer.Context,
    number: Annotated[str, typer.Argument(help="The number; none with --all.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Every number.")] = False,
) -> None:
    """Take a number off the black list and count it anew."""
    if bool(number) == everything:
        raise BadUsage("name one number, or --all for every one")
    request = RemoveBlackEntriesRequest(number=number)
    removed = switch_of(context).lists.RemoveBlackEntries(request).removed
    console().print(f"{removed} taken off")


def _mode(replace: bool, remove: bool) -> ImportMode.ValueType:
    if replace and remove:
        raise BadUsage("--replace and --remove exclude each other")
    if replace:
        return ImportMode.IMPORT_MODE_REPLACE
    return ImportMode.IMPORT_MODE_REMOVE if remove else ImportMode.IMPORT_MODE_ADD


def _read(file: Path) -> bytes:
    """Return the first column, line by line; a heading becomes a blank line."""
    try:
        content = text_of(read_file(file))
    except UnreadableFile as error:
        raise BadUsage(f"{file}: {error.message}") from None
    lines = [_SEPARATOR.split(line, 1)[0].strip("\"' ") for line in content.splitlines()]
    if lines and re.search("[A-Za-z]", lines[0]):
        lines[0] = ""
    text = "\n".join(lines).encode()
    if len(text) > MAX_BYTES:
        raise BadUsage(f"{file} has more than {MAX_BYTES // 1_000_000} MB of numbers: split it")
    return text


def _places(answer: FindNumberResponse) -> list[str]:
    places = [f"list {name}" for name in answer.lists]
    if answer.white:
        places.append("system white list")
    return places + [
        f"dynamic black list: {_reason(entry)}, until {words.time(entry.expire_time)}"
        for entry in answer.entries
    ]


def _reason(entry: BlackEntry) -> str:
    return words.enum_word(ListedFor, entry.reason, "LISTED_FOR_")


COLUMNS: list[Column[BlackEntry]] = [
    Column("Number", lambda entry: entry.number, "bold"),
    Column("As", lambda entry: words.enum_word(Party, entry.party, "PARTY_")),
    Column("Where", lambda entry: words.endpoint(entry.gateway) if entry.gateway.name else "all"),
    Column("Why", _reason, "yellow"),
    Column("Since", lambda entry: words.time(entry.create_time)),
    Column("Until", lambda entry: words.time(entry.expire_time)),
    Column("Refused", lambda entry: str(entry.hits), number=True),
]
