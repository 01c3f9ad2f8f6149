"""`trunkline apply`: check a whole batch of documents, then store it, service by service."""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text
from trunkline.common.v1.documents_pb2 import (
    ApplyDocumentsRequest,
    ChangeAction,
    FieldChange,
    GeneratedSecret,
)

from .context import author, switch_of
from .documents.catalog import Part, read_catalog
from .documents.plan import (
    CHANGED,
    CREATED,
    UNCHANGED,
    Plan,
    PlannedChange,
    make_plan,
    wire_document,
)
from .documents.source import Batch, find_files, read_files, read_text
from .errors import BadUsage, CommandError, Refused
from .output import Format, OutputOption, console, write_json
from .services import Service
from .switch import Switch

STDIN = "-"
WORDS = {CREATED: "created", CHANGED: "changed", UNCHANGED: "unchanged"}
STYLES = {CREATED: "green", CHANGED: "yellow", UNCHANGED: "dim"}


def apply(
    context: typer.Context,
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE]...", help="More files or folders, as a shell's * gives them."
        ),
    ] = None,
    file: Annotated[
        list[str] | None,
        typer.Option("--file", "-f", help="A YAML file, a folder, or - for standard input."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change and change nothing.")
    ] = False,
    output: OutputOption = Format.TABLE,
) -> None:
    """Store configuration documents: all checks first, then all changes."""
    switch = switch_of(context)
    batch = _read([*(file or []), *(files or [])])
    plan = make_plan(batch, read_catalog(switch), switch, os.environ)
    if plan.problems:
        raise Refused(
            f"{_count(len(plan.problems), 'problem')}; nothing was changed",
            map(str, plan.problems),
        )
    generated = [] if dry_run else store(plan, switch)
    _show(plan, generated, dry_run, output)


def store(plan: Plan, switch: Switch) -> list[GeneratedSecret]:
    """Send every service its part of the plan; return the secrets that services made up.

    Raises the error of the service that failed, with what was stored before it and what was not.
    """
    done: list[str] = []
    generated: list[GeneratedSecret] = []
    waiting = dict(plan.work)
    for service, parts in plan.work.items():
        try:
            answer = switch.documents(service).ApplyDocuments(
                ApplyDocumentsRequest(documents=map(wire_document, parts), author=author())
            )
        except CommandError as error:
            details = [*error.details, *_halfway(done, waiting), *map(_spell_secret, generated)]
            raise type_of(error)(error.message, details) from None
        done += _describe(service, waiting.pop(service))
        generated += answer.generated
    return generated


def type_of(error: CommandError) -> type[CommandError]:
    """Return the plain class with the exit code of `error`."""
    return next(kind for kind in type(error).__mro__ if kind.__base__ is CommandError)


def _halfway(done: list[str], waiting: dict[Service, list[Part]]) -> list[str]:
    missing = [line for service, parts in waiting.items() for line in _describe(service, parts)]
    return [
        "applied before the failure: " + (", ".join(done) or "nothing"),
        "not applied: " + ", ".join(missing),
        "apply the same files again once the cause is gone",
    ]


def _describe(service: Service, parts: list[Part]) -> list[str]:
    return [f"{part.document.subject} in {service}" for part in parts]


def _read(names: list[str]) -> Batch:
    if not names:
        raise BadUsage("nothing to apply: name files, folders or - with -f")
    batch = Batch()
    for name in names:
        if name == STDIN:
            batch.add(read_text(sys.stdin.read(), "stdin"))
        else:
            batch.add(read_files(find_files(Path(name))))
    if not batch.documents and not batch.problems:
        raise Refused(f"no documents in {', '.join(names)}")
    return batch


def _spell_secret(secret: GeneratedSecret) -> str:
    return f"{secret.kind}/{secret.name}: {secret.field} is {secret.value}; it is not shown again"


def _show(plan: Plan, generated: Sequence[GeneratedSecret], dry_run: bool, output: Format) -> None:
    if output is Format.JSON:
        write_json([_change_as_json(change, generated) for change in plan.changes])
        return
    out = console()
    for warning in plan.warnings:
        out.print(Text.assemble(("warning", "yellow"), f" {warning}"))
    for change in plan.changes:
        out.print(_headline(change, dry_run))
        if dry_run or change.action == CHANGED:
            for field in change.fields:
                out.print(_difference(field))
    for secret in generated:
        out.print(Text(_spell_secret(secret)))
    out.print(_summary(plan, dry_run))


def _headline(change: PlannedChange, dry_run: bool) -> Text:
    word = WORDS[change.action]
    if dry_run and change.action != UNCHANGED:
        word = f"would be {word}"
    return Text.assemble(change.document.subject, " ", (word, STYLES[change.action]))


def _difference(field: FieldChange) -> Text:
    lines = []
    if field.old_json:
        lines.append((f"  - {field.field}: {field.old_json}", "red"))
    if field.new_json:
        lines.append((f"  + {field.field}: {field.new_json}", "green"))
    return Text("\n").join(Text(line, style) for line, style in lines)


def _summary(plan: Plan, dry_run: bool) -> str:
    counts = {
        word: sum(change.action == action for change in plan.changes)
        for action, word in WORDS.items()
    }
    text = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    return f"dry run: {text}" if dry_run else text


def _change_as_json(change: PlannedChange, generated: Sequence[GeneratedSecret]) -> dict[str, Any]:
    subject = (change.document.kind, change.document.name)
    return {
        "kind": change.document.kind,
        "name": change.document.name,
        "action": ChangeAction.Name(change.action),
        "fields": [
            {
                "field": field.field,
                "old": json.loads(field.old_json or "null"),
                "new": json.loads(field.new_json or "null"),
            }
            for field in change.fields
        ],
        "generated": [
            {"field": secret.field, "value": secret.value}
            for secret in generated
            if (secret.kind, secret.name) == subject
        ],
    }


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
