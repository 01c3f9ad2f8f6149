"""All outputs of CDRs and notices, wired to their queues."""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, Final

from trunkline_kernel.background import steadily
from trunkline_kernel.database import Database
from trunkline_kernel.parameters import Parameters

from ..cdrs.retries import try_for_ever, try_thrice
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

OUTPUTS: Final = ("file", "push", "stream")

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
        self._stream = settings.cdr_stream
        self._queues = {name: CdrQueue(database, name) for name in OUTPUTS}
        self._files = FileOutput(self._queues["file"], TextFiles(settings.cdr_folder), parameters)
        self._push = OrderedOutput(
            self._queues["push"], CdrPush(parameters, post_json), _now, observation.pushed
        )
        post = NoticePost(parameters, post_json)
        self._notices = OrderedOutput(
            NoticeQueue(database, kept=True), post, _now, observation.noticed
        )
        self._passing_notices = OrderedOutput(
            NoticeQueue(database, kept=False), post, _now, observation.noticed, try_thrice
        )

    def work(self) -> list[Work]:
        """Return what runs beside the service until its end."""
        running = [self._files.run, self._push.run, self._watch]
        running += [self._notices.run, self._passing_notices.run]
        return [*running, self._stream_cdrs] if self._stream is not None else running

    async def _stream_cdrs(self) -> None:
        """Load the client only where there is a stream."""
        from .stream import CdrStreaming

        assert self._stream is not None
        streaming = CdrStreaming(self._stream)
        output = OrderedOutput(
            self._queues["stream"], streaming, _now, self._observation.streamed, try_for_ever
        )
        try:
            await output.run()
        finally:
            await streaming.close()

    async def _watch(self) -> None:
        await steadily(self._count, QUEUE_LOOK, "CDR queues")

    async def _count(self) -> int:
        self._observation.owed({name: await one.count() for name, one in self._queues.items()})
        return 0


def _now() -> datetime:
    return datetime.now(UTC)
