"""Begins the periods of packages when they are due (BIL-15)."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy import select
from trunkline_kernel.database import Database

from ..errors import LedgerUnavailable
from ..packages.package import Period
from ..store.period_rows import decode_period
from ..store.tables import PACKAGE_PERIODS
from .cashier import Cashier
from .work import Renew

PAUSE: Final = 5.0
"""Seconds between two looks: how late a period may begin, also after a payment."""

log = structlog.stdlib.get_logger(__name__)


class Clerk:
    """Looks after the packages."""

    def __init__(
        self,
        cashier: Cashier,
        database: Database,
        clock: Callable[[], datetime],
        remove: Callable[[str], Awaitable[object]],
    ) -> None:
        """`remove` takes an order away that could not be paid."""
        self._cashier = cashier
        self._database = database
        self._clock = clock
        self._remove = remove

    async def look(self) -> int:
        """Begin what is due; return 0: there is nothing more to do now."""
        if self._cashier.till.shelf.orders:
            for order in await self._due():
                await self._renew(order)
        return 0

    async def _due(self) -> list[str]:
        now = self._clock()
        async with self._database.reading() as session:
            rows = (await session.execute(select(PACKAGE_PERIODS))).all()
        periods = {row.order_name: decode_period(row._asdict()) for row in rows}
        orders = self._cashier.till.shelf.orders
        return [name for name in orders if _is_due(periods.get(name), now)]

    async def _renew(self, order: str) -> None:
        try:
            renewal = await self._cashier.submit(Renew(order))
        except LedgerUnavailable:
            return  # the next look finds it due again
        if renewal is not None and renewal.booking is not None:
            log.info("package_period_begun", order=order)
        if renewal is not None and renewal.remove:
            log.warning("package_order_removed", order=order, reason="its rent cannot be paid")
            await self._remove(order)


def _is_due(period: Period | None, now: datetime) -> bool:
    return period is None or now >= period.end or not period.current
