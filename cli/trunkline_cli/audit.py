"""`trunkline audit`: who wrote what, from where, before and after (MGT-12)."""

from typing import Annotated

import typer
from trunkline.auth.v1.operators_pb2 import AuditRecord, ListAuditRequest

from . import words
from .context import switch_of
from .output import Column, Format, OutputOption, show_list

app = typer.Typer(no_args_is_help=True, help="See who wrote what.")


@app.command("list")
def list_records(
    context: typer.Context,
    operator: Annotated[str, typer.Option(help="Only what this operator wrote.")] = "",
    object: Annotated[str, typer.Option(help="Only of this object: RateGroup/retail.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 100,
    output: OutputOption = Format.TABLE,
) -> None:
    """List writes, the newest first. Secrets show as ***."""
    request = ListAuditRequest(operator=operator, object=object, page_size=limit)
    show_list(switch_of(context).operators.ListAudit(request).records, COLUMNS, output)


COLUMNS: list[Column[AuditRecord]] = [
    Column("Time", lambda record: words.time(record.record_time)),
    Column("Operator", lambda record: record.operator, "bold"),
    Column("From", lambda record: record.ip),
    Column("Object", lambda record: record.object, "cyan"),
    Column("Before", lambda record: record.before_json or words.NONE),
    Column("After", lambda record: record.after_json or words.NONE, "green"),
]
