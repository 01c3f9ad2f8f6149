"""Bindings on disk: written behind, in batches, and read back when the service starts.

A REGISTER is answered before its binding is written; `WRITE_INTERVAL` is what a killed process may
lose, and the terminal's next refresh heals that. In a batch the last state of a terminal counts.
"""

import asyncio
from datetime import datetime
from typing import Any, Final, TypeAlias

import structlog
from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from trunkline_kernel.database import Database

from ..identity import EndpointId, EndpointKind, SocketAddress, Transport, parse_ip
from ..registrations import Binding
from .models import BindingRow

log = structlog.stdlib.get_logger(__name__)

WRITE_INTERVAL: Final = 0.5
"""Seconds between two batches."""

MAX_BATCH: Final = 5_000
"""Terminals in one transaction."""

_Values: TypeAlias = dict[str, Any]

_TABLE: Final = BindingRow.metadata.tables[BindingRow.__tablename__]
_DELETE: Final = delete(_TABLE).where(
    _TABLE.c.kind == bindparam("of_kind"), _TABLE.c.name == bindparam("of_name")
)


class BindingStore:
    """Notes changes at once and writes them in the background."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._changes: dict[EndpointId, Binding | None] = {}

    def put(self, binding: Binding) -> None:
        self._changes[binding.endpoint] = binding

    def remove(self, endpoint: EndpointId) -> None:
        self._changes[endpoint] = None

    @property
    def pending(self) -> int:
        """How many terminals' changes are not written yet."""
        return len(self._changes)

    async def load(self, now: datetime) -> list[Binding]:
        """Return the bindings that live; delete the others."""
        async with self._database.session() as session:
            await session.execute(delete(_TABLE).where(_TABLE.c.expires_at <= now))
            return [_binding(row) for row in await session.scalars(select(BindingRow))]

    async def write_behind(self) -> None:
        """Write changes every `WRITE_INTERVAL`. Never returns; what fails is tried again."""
        while True:
            await asyncio.sleep(WRITE_INTERVAL)
            try:
                await self.flush()
            except (OSError, SQLAlchemyError) as error:
                log.error("bindings are not written", pending=self.pending, error=str(error))

    async def flush(self) -> None:
        """Write everything that changed so far."""
        while self._changes:
            batch = dict(list(self._changes.items())[:MAX_BATCH])
            await self._write(batch)
            for endpoint, binding in batch.items():
                if endpoint in self._changes and self._changes[endpoint] is binding:
                    del self._changes[endpoint]

    async def _write(self, batch: dict[EndpointId, Binding | None]) -> None:
        bound = [_values(binding) for binding in batch.values() if binding is not None]
        gone = [
            {"of_kind": endpoint.kind, "of_name": endpoint.name}
            for endpoint, binding in batch.items()
            if binding is None
        ]
        async with self._database.session() as session:
            if bound:
                await session.execute(self._upsert(), bound)
            if gone:
                await session.execute(_DELETE, gone)

    def _upsert(self) -> sqlite.Insert | postgresql.Insert:
        insert = sqlite.insert if self._database.is_sqlite else postgresql.insert
        statement = insert(_TABLE)
        changing = [column.name for column in _TABLE.c if not column.primary_key]
        return statement.on_conflict_do_update(
            index_elements=["kind", "name"],
            set_={name: statement.excluded[name] for name in changing},
        )


def _values(binding: Binding) -> _Values:
    local = binding.local
    return {
        "kind": binding.endpoint.kind,
        "name": binding.endpoint.name,
        "contact": binding.contact,
        "received_ip": str(binding.received.ip),
        "received_port": binding.received.port,
        "transport": binding.transport,
        "local_ip": str(local.ip) if local else "",
        "local_port": local.port if local else 0,
        "registered_at": binding.registered,
        "updated_at": binding.updated,
        "expires_at": binding.expires,
        "call_id": binding.call_id,
        "cseq": binding.cseq,
        "user_agent": binding.user_agent,
        "instance_id": binding.instance_id,
        "signaling_instance": binding.signaling_instance,
        "behind_nat": binding.behind_nat,
        "reachable": binding.reachable,
        "misses": binding.misses,
    }


def _binding(row: BindingRow) -> Binding:
    return Binding(
        endpoint=EndpointId(EndpointKind(row.kind), row.name),
        contact=row.contact,
        received=SocketAddress(parse_ip(row.received_ip), row.received_port),
        transport=Transport(row.transport),
        registered=row.registered_at,
        updated=row.updated_at,
        expires=row.expires_at,
        call_id=row.call_id,
        cseq=row.cseq,
        local=SocketAddress(parse_ip(row.local_ip), row.local_port) if row.local_ip else None,
        user_agent=row.user_agent,
        instance_id=row.instance_id,
        signaling_instance=row.signaling_instance,
        behind_nat=row.behind_nat,
        reachable=row.reachable,
        misses=row.misses,
    )
