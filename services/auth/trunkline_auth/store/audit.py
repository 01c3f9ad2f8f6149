"""The audit: who wrote what, from where, before and after (MGT-12). Records are only ever added."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from trunkline_kernel.database import Database

from .models import AuditRow


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One write by an operator. JSON comes with its secrets masked."""

    operator: str
    ip: str
    object: str
    before_json: str
    after_json: str
    at: datetime


class AuditStore:
    """Adds and reads records."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, request_id: str, records: Sequence[AuditRecord]) -> None:
        """Add the records of a request; those that are there already stay as they are."""
        insert = sqlite.insert if self._database.is_sqlite else postgresql.insert
        rows = [
            {
                "request_id": f"{request_id}/{place}" if place else request_id,
                "operator": record.operator,
                "ip": record.ip,
                "object": record.object,
                "before_json": record.before_json,
                "after_json": record.after_json,
                "recorded_at": record.at,
            }
            for place, record in enumerate(records)
        ]
        statement = insert(AuditRow).on_conflict_do_nothing(index_elements=["request_id"])
        async with self._database.session() as session:
            await session.execute(statement, rows)

    async def page(
        self, operator: str, object: str, limit: int, before: int | None
    ) -> list[tuple[int, AuditRecord]]:
        """Return at most `limit` records with their ids, the newest first, those before an id.

        An empty operator or object wants all.
        """
        statement = select(AuditRow).order_by(AuditRow.id.desc()).limit(limit)
        if operator:
            statement = statement.where(AuditRow.operator == operator)
        if object:
            statement = statement.where(AuditRow.object == object)
        if before is not None:
            statement = statement.where(AuditRow.id < before)
        async with self._database.reading() as session:
            return [(row.id, _record(row)) for row in await session.scalars(statement)]


def _record(row: AuditRow) -> AuditRecord:
    return AuditRecord(
        row.operator, row.ip, row.object, row.before_json, row.after_json, row.recorded_at
    )
