"""`trunkline alarms`: what is wrong with money, CDRs and traffic, and who has seen it (MGT-13)."""

from collections.abc import Iterable
from typing import Annotated

import typer
from trunkline.billing.v1.alarms_pb2 import (
    Alarm,
    AlarmLevel,
    ConfirmAlarmRequest,
    ListAlarmsRequest,
)

from . import words
from .context import author, switch_of
from .output import Column, Format, OutputOption, as_json, console, show_list, write_json
from .paging import PAGE_SIZE, collect

app = typer.Typer(no_args_is_help=True, help="See what is wrong, say that you have seen it.")


@app.command("list")
def list_alarms(
    context: typer.Context,
    past: Annotated[bool, typer.Option("--past", help="Those that are over, too.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Most alarms to show.")] = 100,
    output: OutputOption = Format.TABLE,
) -> None:
    """List alarms, the newest first."""
    alarms = switch_of(context).alarms

    def page(token: str) -> tuple[Iterable[Alarm], str]:
        request = ListAlarmsRequest(
            include_past=past, page_size=min(limit, PAGE_SIZE), page_token=token
        )
        answer = alarms.ListAlarms(request)
        return answer.alarms, answer.next_page_token

    show_list(list(collect(page, limit)), COLUMNS, output)


@app.command()
def confirm(
    context: typer.Context,
    number: Annotated[int, typer.Argument(min=1, help="Number of the alarm.")],
    output: OutputOption = Format.TABLE,
) -> None:
    """Say that you have seen an alarm. The first who says so is kept."""
    request = ConfirmAlarmRequest(id=number, author=author())
    alarm = switch_of(context).alarms.ConfirmAlarm(request).alarm
    if output is Format.JSON:
        write_json(as_json(alarm))
        return
    console().print(
        f"alarm {number} was seen by {alarm.confirmed_by} at {words.time(alarm.confirm_time)}"
    )


def _limits(alarm: Alarm) -> str:
    """Return "at least 30, at most 100", or the one limit there is."""
    limits = [(alarm.lower, "at least "), (alarm.upper, "at most ")]
    return ", ".join(word + limit for limit, word in limits if limit) or words.NONE


COLUMNS: list[Column[Alarm]] = [
    Column("Alarm", lambda alarm: str(alarm.id), "bold", number=True),
    Column("Level", lambda alarm: words.enum_word(AlarmLevel, alarm.level, "ALARM_LEVEL_"), "red"),
    Column("Type", lambda alarm: alarm.type),
    Column("Object", lambda alarm: alarm.object, "cyan"),
    Column("Value", lambda alarm: alarm.value or words.NONE, number=True),
    Column("Limit", _limits),
    Column("Since", lambda alarm: words.time(alarm.start_time)),
    Column("Until", lambda alarm: words.time(alarm.stop_time)),
    Column("Seen by", lambda alarm: alarm.confirmed_by or words.NONE),
    Column("Evidence", lambda alarm: alarm.evidence),
]
