"""Column types beside the kernel's exact decimals and UTC times."""

from datetime import timedelta
from typing import Final

from sqlalchemy import BigInteger, Integer
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

SECOND: Final = timedelta(seconds=1)

Serial: Final = BigInteger().with_variant(Integer(), "sqlite")
"""Growing key. SQLite counts up only in a plain INTEGER."""


class Seconds(TypeDecorator[timedelta]):
    """Whole seconds."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: timedelta | None, dialect: Dialect) -> int | None:
        """Return the number of seconds."""
        return None if value is None else value // SECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> timedelta | None:
        """Return the span."""
        return None if value is None else timedelta(seconds=value)
