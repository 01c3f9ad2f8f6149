"""What commands that read files into tables have in common: how far it is, and what came of it."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from trunkline.common.v1 import common_pb2

from .errors import Refused
from .output import Column, console, error_console, show_table

T = TypeVar("T")

FileArgument = Annotated[
    Path, typer.Argument(help="A workbook, or CSV in any usual spelling; .gz too.")
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Show what would change and change nothing.")
]

PATIENCE: Final = 3600.0
"""Seconds an import may take."""
SHOWN_DIFFERENCES: Final = 50
SHOWN_ERRORS: Final = 20
LISTED: Final = 1000
"""Differences that a service lists."""


def result_of(steps: Iterable[Any], file: Path) -> Any:
    """Show on a terminal how far an import is, and return its result.

    Ctrl-C ends the call, and with it the work in the service.
    """
    out = error_console()
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    bar = Progress(
        *columns, TimeElapsedColumn(), console=out, transient=True, disable=not out.is_terminal
    )
    try:
        with bar:
            task = bar.add_task(f"sending {file.name}", total=None)
            for step in steps:
                if step.HasField("result"):
                    return step.result
                at = step.progress
                bar.update(task, description=_words(at, file), completed=at.done, total=at.total)
    except KeyboardInterrupt:
        raise Refused("stopped: unless it was just done, nothing has changed") from None
    raise AssertionError("an import ends with its result")


def show_differences(differences: Sequence[T], columns: Sequence[Column[T]], total: int) -> None:
    """Show the first of `total` differences, and how many more there are."""
    if differences:
        show_table(differences[:SHOWN_DIFFERENCES], columns)
    if total > SHOWN_DIFFERENCES:
        more = total - SHOWN_DIFFERENCES
        console().print(f"and {more} more; --output json has the first {LISTED}")


def spell_sums(sums: dict[str, int], nothing: str) -> str:
    """Return what there is of each."""
    return ", ".join(f"{count} {word}" for word, count in sums.items() if count) or nothing


def refusal(message: str, file: Path, lines: Iterable[tuple[int, str]]) -> Refused:
    """Return the error that names the first bad lines of a file."""
    return Refused(message, [f"{file}:{line}: {problem}" for line, problem in lines][:SHOWN_ERRORS])


def _words(progress: common_pb2.Progress, file: Path) -> str:
    match progress.stage:
        case common_pb2.ProgressStage.PROGRESS_STAGE_READ:
            return f"reading {file.name}"
        case common_pb2.ProgressStage.PROGRESS_STAGE_CHECKED:
            return "comparing"
        case _:
            return "storing"
