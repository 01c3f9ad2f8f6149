"""Work that one replica at a time does: a lock in PostgreSQL; on SQLite there is one replica."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from zlib import crc32

from sqlalchemy import func, select
from trunkline_kernel.database import Database

FAMILY = 7_286_351
"""First half of the advisory locks' keys. Any number will do."""


@asynccontextmanager
async def turn(database: Database, work: str) -> AsyncIterator[bool]:
    """Keep other replicas from `work` for the block; yield whether it is our turn."""
    if database.is_sqlite:
        yield True
        return
    key = crc32(work.encode()) - 2**31
    lock = select(func.pg_try_advisory_xact_lock(FAMILY, key))
    async with database.session() as session:
        yield bool(await session.scalar(lock))
