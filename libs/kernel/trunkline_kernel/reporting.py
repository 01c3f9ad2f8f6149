"""Reports to the service that keeps alarms and notices: what is wrong here, and what happened.

Nothing waits for it. While it is away, notices wait in memory, the latest `MOST_WAITING` of them.
"""

import asyncio
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import chain
from typing import Final

import structlog
from trunkline.common.v1 import reports_pb2 as pb

from .faults import Fault, TrunklineError
from .metrics import Metrics
from .names import Names
from .rpc import Channel, method_of

log = structlog.stdlib.get_logger(__name__)

_SERVICE: Final = pb.DESCRIPTOR.services_by_name["ReportService"]
REPORT_CONDITIONS: Final = method_of(
    _SERVICE, "ReportConditions", pb.ReportConditionsRequest, pb.ReportConditionsResponse
)
SEND_NOTICES: Final = method_of(
    _SERVICE, "SendNotices", pb.SendNoticesRequest, pb.SendNoticesResponse
)

INTERVAL: Final = 15.0
"""Seconds between two reports; one holds for 60 s."""
GATHER: Final = 0.2
"""Seconds for which news waits for more of it."""
RETRY: Final = 1.0
"""Seconds before notices are tried again that could not be sent."""
TIMEOUT: Final = 5.0
BATCH: Final = 500
MOST_WAITING: Final = 10_000

Watch = Callable[[], Iterable[pb.ReportedCondition]]


class Reporter:
    """Says what one instance of a service sees. `stir` it when something has changed."""

    def __init__(self, channel: Channel, reporter: str, metrics: Metrics) -> None:
        """`reporter` is service and instance."""
        self._channel = channel
        self._reporter = reporter
        self._watches: list[Watch] = []
        self._waiting: deque[pb.Notice] = deque(maxlen=MOST_WAITING)
        self._news = asyncio.Event()
        self._changed = True
        self._due = 0.0
        self._dropped = metrics.counter(
            "notices_dropped", "Notices forgotten: who tells them was away for long, or refused."
        )

    def watch(self, *watches: Watch) -> None:
        """Report what these return, too."""
        self._watches += watches

    def stir(self) -> None:
        """Report soon."""
        self._changed = True
        self._news.set()

    def send(self, notice: pb.Notice) -> None:
        """Tell the outside, soon. An id is given here, and the present unless a time is set."""
        notice.id = str(uuid.uuid4())
        if not notice.HasField("time"):
            notice.time.GetCurrentTime()
        if len(self._waiting) == MOST_WAITING:
            self._dropped.inc()
        self._waiting.append(notice)
        self._news.set()

    async def run(self) -> None:
        """Report until cancelled."""
        reached = True
        while True:
            self._news.clear()
            try:
                await self._report()
                await self._send_waiting()
            except TrunklineError as error:
                if reached:
                    log.warning("what is seen here is not reported", error=str(error))
                reached = False
            else:
                reached = True
            now = asyncio.get_running_loop().time()
            await self._wait(max(self._due - now, 0.0) if reached else RETRY)

    async def _report(self) -> None:
        """Say all that is watched, when some of it has changed or it is time to say it again."""
        now = asyncio.get_running_loop().time()
        if not self._changed and now < self._due:
            return
        self._changed, self._due = False, now
        conditions = chain.from_iterable(watch() for watch in self._watches)
        request = pb.ReportConditionsRequest(reporter=self._reporter, conditions=conditions)
        await self._channel.call(REPORT_CONDITIONS, request, timeout=TIMEOUT)
        self._due = now + INTERVAL

    async def _send_waiting(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            try:
                notices = pb.SendNoticesRequest(notices=batch)
                await self._channel.call(SEND_NOTICES, notices, timeout=TIMEOUT)
            except TrunklineError as error:
                if error.fault is Fault.INVALID_ARGUMENT:  # it would be refused for ever
                    log.error("notices are refused", count=len(batch), error=str(error))
                    self._dropped.inc(len(batch))
                    continue
                self._keep(batch)
                raise

    def _keep(self, batch: list[pb.Notice]) -> None:
        """Put back what was not taken, before what came since; the oldest go where there is no
        room.
        """
        room = MOST_WAITING - len(self._waiting)
        self._dropped.inc(max(len(batch) - room, 0))
        self._waiting.extendleft(reversed(batch[max(len(batch) - room, 0) :]))

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()
        await asyncio.sleep(GATHER)


def unresolved(names: Names) -> Iterator[pb.ReportedCondition]:
    """Yield which names were never resolved, and which were (MGT-06)."""
    for entry in names:
        if entry.current is not None or entry.problem:
            yield pb.ReportedCondition(
                type=pb.CONDITION_TYPE_DOMAIN_UNRESOLVED,
                object=entry.name.host,
                holds=entry.current is None,
                evidence=entry.problem if entry.current is None else "",
            )
