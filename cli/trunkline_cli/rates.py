"""`trunkline rates`: rate files into rate groups, and back (BIL-01)."""

from typing import Annotated

import typer
from trunkline.billing.v1.billing_pb2 import (
    ImportMode,
    ImportRatesRequest,
    ImportRatesResponse,
    ListRateImportsRequest,
    RateDifference,
    RateImport,
    RateImportCounts,
    RollBackRateImportRequest,
    StreamRateImportRequest,
)

from . import words
from .context import author, switch_of
from .files import packed
from .imports import (
    PATIENCE,
    DryRunOption,
    FileArgument,
    refusal,
    result_of,
    show_differences,
    spell_sums,
)
from .output import (
    Column,
    Format,
    OutputOption,
    as_json,
    console,
    show_list,
    write_json,
)

app = typer.Typer(no_args_is_help=True, help="Take rate files over, and back.")


@app.command("import")
def import_rates(
    context: typer.Context,
    file: FileArgument,
    group: Annotated[str, typer.Option(help="Rate group.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="The file is the whole deck: others go.")
    ] = False,
    dry_run: DryRunOption = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="A line that gives no rate stops everything.")
    ] = False,
    output: OutputOption = Format.TABLE,
) -> None:
    """Read a rate file into a rate group. Lines that give no rate are listed: exit code 1."""
    request = ImportRatesRequest(
        rate_group=group,
        content=packed(file),
        gzip=True,
        mode=ImportMode.IMPORT_MODE_REPLACE if replace else ImportMode.IMPORT_MODE_MERGE,
        dry_run=dry_run,
        strict=strict,
        file_name=file.name,
        author=author(),
    )
    stream = switch_of(context).rates.StreamRateImport(
        StreamRateImportRequest(request=request), timeout=PATIENCE
    )
    answer: ImportRatesResponse = result_of(stream, file)
    if output is Format.JSON:
        write_json(as_json(answer))
    else:
        _show(answer, dry_run)
    if answer.errors:
        raise refusal(
            f"{answer.counts.bad_lines} lines gave no rate" + ("; nothing changed" * strict),
            file,
            ((one.line, f"{one.column}: {one.message}") for one in answer.errors),
        )


@app.command()
def imports(
    context: typer.Context,
    group: Annotated[str, typer.Argument(help="Rate group.")],
    output: OutputOption = Format.TABLE,
) -> None:
    """List the files that were taken over, the newest first."""
    answer = switch_of(context).rates.ListRateImports(ListRateImportsRequest(rate_group=group))
    show_list(answer.imports, COLUMNS, output)


@app.command()
def rollback(
    context: typer.Context,
    number: Annotated[int, typer.Argument(min=1, help="Number of the import.")],
) -> None:
    """Put a rate group back to what it was before its last import."""
    request = RollBackRateImportRequest(import_id=number, author=author())
    answer = switch_of(context).rates.RollBackRateImport(request, timeout=PATIENCE)
    console().print(f"import {number} is taken back; the group has {answer.rates} rates")


def _show(answer: ImportRatesResponse, dry_run: bool) -> None:
    changes = _changes(answer.counts)
    show_differences(answer.differences, DIFFERENCE_COLUMNS, sum(changes.values()))
    console().print(f"read as {answer.dialect}", style="dim")
    prefix = "dry run: " if dry_run else f"import {answer.import_id}: " if answer.import_id else ""
    console().print(prefix + _sums(answer.counts))


def _sums(counts: RateImportCounts) -> str:
    return spell_sums(_changes(counts) | {"unchanged": counts.unchanged}, "no rates")


def _changes(counts: RateImportCounts) -> dict[str, int]:
    return {
        "new": counts.added,
        "dearer": counts.increased,
        "cheaper": counts.decreased,
        "changed otherwise": counts.changed,
        "gone": counts.removed,
    }


DIFFERENCE_COLUMNS: list[Column[RateDifference]] = [
    Column("Prefix", lambda one: one.prefix, "bold"),
    Column("Change", lambda one: one.action, "cyan"),
    Column("Before", lambda one: one.old_price or words.NONE, number=True),
    Column("After", lambda one: one.new_price or words.NONE, "green", number=True),
]

COLUMNS: list[Column[RateImport]] = [
    Column("Import", lambda one: str(one.import_id), "bold", number=True),
    Column("Time", lambda one: words.time(one.time)),
    Column("File", lambda one: one.file_name),
    Column("By", lambda one: one.author),
    Column("Result", lambda one: _sums(one.counts)),
    Column("Taken back", lambda one: "yes" if one.rolled_back else "no"),
]
