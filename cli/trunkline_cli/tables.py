"""`trunkline table`: ported numbers, areas, mobile prefixes and number transforms in bulk."""

from enum import StrEnum
from typing import Annotated, Final

import typer
from trunkline.routing.v1.tables_pb2 import (
    DescribeSectionRequest,
    ImportRowsMode,
    ImportRowsRequest,
    ImportRowsResponse,
    RollBackRowsRequest,
    RowDifference,
    StreamRowImportRequest,
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
    write_json,
)

app = typer.Typer(no_args_is_help=True, help="Take tables of numbers over, and back.")


class Table(StrEnum):
    """Kinds of tables by short names."""

    LRN = "lrn"
    AREA = "area"
    MOBILE = "mobile"
    TRANSFORM = "transform"


KINDS: Final = {
    Table.LRN: "LrnTable",
    Table.AREA: "AreaTable",
    Table.MOBILE: "MobileTable",
    Table.TRANSFORM: "NumberTransform",
}

KindArgument = Annotated[Table, typer.Argument(help="What kind of table.")]
NameArgument = Annotated[str, typer.Argument(help="Name of the table.")]


@app.command("import")
def import_rows(
    context: typer.Context,
    kind: KindArgument,
    name: NameArgument,
    file: FileArgument,
    replace: Annotated[
        bool, typer.Option("--replace", help="The file is the whole table: others go.")
    ] = False,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave rows out that can't be read.")
    ] = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Format.TABLE,
) -> None:
    """Read a file into a table, all rows or none. A table that doesn't exist is made."""
    mode = (
        ImportRowsMode.IMPORT_ROWS_MODE_REPLACE if replace else ImportRowsMode.IMPORT_ROWS_MODE_ADD
    )
    request = ImportRowsRequest(
        kind=KINDS[kind],
        name=name,
        text=packed(file),
        gzip=True,
        mode=mode,
        skip_bad_rows=skip_bad,
        dry_run=dry_run,
        author=author(),
    )
    stream = switch_of(context).tables.StreamRowImport(
        StreamRowImportRequest(request=request), timeout=PATIENCE
    )
    answer: ImportRowsResponse = result_of(stream, file)
    if output is Format.JSON:
        write_json(as_json(answer))
    else:
        _show(answer, dry_run)
    if answer.bad_rows:
        raise refusal(
            f"{len(answer.bad_rows)} rows can't be read"
            + ("" if answer.stored or dry_run else "; nothing changed, --skip-bad leaves them out"),
            file,
            ((one.line, one.message) for one in answer.bad_rows),
        )


@app.command()
def rollback(context: typer.Context, kind: KindArgument, name: NameArgument) -> None:
    """Put a table back to what it was before its last change. Twice is no change."""
    request = RollBackRowsRequest(kind=KINDS[kind], name=name, author=author())
    answer = switch_of(context).tables.RollBackRows(request, timeout=PATIENCE)
    console().print(f"{name} is what it was: {answer.rows} rows")


@app.command()
def section(
    context: typer.Context,
    digits: Annotated[str, typer.Argument(help="A number, or how numbers begin.")],
    output: OutputOption = Format.TABLE,
) -> None:
    """Say where a number section lies and whose it is."""
    answer = switch_of(context).tables.DescribeSection(DescribeSectionRequest(digits=digits))
    if output is Format.JSON:
        write_json(as_json(answer))
        return
    out, area = console(), f"{answer.area_code} {answer.area_name}".strip()
    out.print(f"area: {area} (prefix {answer.area_prefix})" if area else "area: none")
    if answer.mobile_area_code:
        out.print(f"mobile: {answer.mobile_area_code} {answer.mobile_name}".strip())
    out.print(f"owner: {', '.join(answer.accounts) or 'none'}")


def _show(answer: ImportRowsResponse, dry_run: bool) -> None:
    changes = {"new": answer.added, "changed": answer.changed, "gone": answer.removed}
    show_differences(answer.differences, COLUMNS, sum(changes.values()))
    sums = spell_sums(changes | {"unchanged": answer.unchanged}, "no rows")
    console().print(("dry run: " if dry_run else "") + sums)


COLUMNS: list[Column[RowDifference]] = [
    Column("Row", lambda one: one.key, "bold"),
    Column("Before", lambda one: one.before_json or words.NONE),
    Column("After", lambda one: one.after_json or words.NONE, "green"),
]
