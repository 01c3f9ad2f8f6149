"""All outputs of CDRs and notices, wired to their queues."""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, Final

from trunkline_kernel.background import steadily
from trunkline_kernel.database import Database
from trunkline_kernel.parameters import Parameters

from ..observation import Observation
from ..settings import BillingSettings
from ..store.queues import CdrQueue, NoticeQueue
from .http_post import post_json
from .notices import NoticePost
from .ordered import OrderedOutput
from .push import CdrPush
from .text_files import FileOutput, TextFiles

QUEUE_LOOK: Final = 10.0
"""Seconds between two looks at how much the outputs owe."""

Work = Callable[[], Coroutine[Any, Any, None]]


class Outputs:
    """What leaves the house, off the path of every call."""

    def __init__(
        self,
        settings: BillingSettings,
        database: Database,
        parameters: Parameters,
        observation: Observation,
    ) -> None:
        self._observation = observation
        self._queues = {name: CdrQueue(database, name) for name in ("file", "push")}
        self._files = FileOutput(self._queues["file"], TextFiles(settings.cdr_folder), parameters)
        self._push = OrderedOutput(
            self._queues["push"], CdrPush(parameters, post_json), _now, observation.pushed
        )
        self._notices = OrderedOutput(
            NoticeQueue(database), NoticePost(parameters, post_json), _now, observation.noticed
        )

    def work(self) -> list[Work]:
        """Return what runs beside the service until its end."""
        return [self._files.run, self._push.run, self._notices.run, self._watch]

    async def _watch(self) -> None:
        await steadily(self._count, QUEUE_LOOK, "CDR queues")

    async def _count(self) -> int:
        self._observation.owed({name: await one.count() for name, one in self._queues.items()})
        return 0


def _now() -> datetime:
    return datetime.now(UTC)
