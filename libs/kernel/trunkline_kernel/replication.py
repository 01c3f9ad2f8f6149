"""Read models: an owner publishes a topic, readers keep it in memory and answer from it.

A topic is a map from keys to bytes with a count of changes. A reader gets a snapshot once, then
changes; it resumes where it was, goes on with what it has while the owner is away, and exports how
old that is.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import takewhile
from typing import Final

import structlog
from trunkline.common.v1 import replication_pb2
from trunkline.common.v1.replication_pb2 import (
    Entries,
    Entry,
    Heartbeat,
    SnapshotBegin,
    SnapshotEnd,
    WatchRequest,
    WatchResponse,
)
from trunkline.common.v1.replication_pb2_grpc import ReplicationServiceServicer

from .faults import NotFound, TrunklineError
from .metrics import Metrics
from .paced import paced
from .rpc import Channel, Context, method_of

log = structlog.stdlib.get_logger(__name__)

WATCH: Final = method_of(
    replication_pb2.DESCRIPTOR.services_by_name["ReplicationService"],
    "Watch",
    WatchRequest,
    WatchResponse,
)

HEARTBEAT: Final = 1.0
"""Seconds between two signs of life when nothing changes."""

SILENCE: Final = 5.0
"""Seconds without a sign of life after which a reader connects again."""

RETRY_DELAYS: Final = (0.1, 0.2, 0.5, 1.0, 2.0)
"""Seconds before a reader connects again; the last one repeats."""

MAX_DELETED: Final = 65_536
"""Deletions that a source remembers for readers that resume. Older readers get a snapshot."""

MAX_ENTRIES: Final = 1000
MAX_BYTES: Final = 1 << 20
"""Bounds of one message. A larger single entry travels alone."""


class MemorySource:
    """A topic that lives in its owner's memory, built again when the owner starts."""

    def __init__(self) -> None:
        self.epoch = uuid.uuid4().hex
        self.revision = 0
        self._entries: dict[str, Entry] = {}
        self._deleted: dict[str, Entry] = {}
        """Both in the order of their revisions. What an entry was before is not kept."""
        self._floor = 0
        self._waiters: set[asyncio.Future[None]] = set()

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, key: str, value: bytes) -> None:
        """Set an entry. An equal value is no change."""
        present = self._entries.get(key)
        if present is None or present.value != value:
            self._change(Entry(key=key, value=value))

    def delete(self, key: str) -> None:
        """Remove an entry, if it is there."""
        if key in self._entries:
            self._change(Entry(key=key, deleted=True))

    def replace(self, entries: Mapping[str, bytes]) -> None:
        """Make the topic hold exactly `entries`."""
        for key in self._entries.keys() - entries.keys():
            self.delete(key)
        for key, value in entries.items():
            self.put(key, value)

    def snapshot(self) -> list[Entry]:
        """Return every entry, complete up to `revision`."""
        return list(self._entries.values())

    def changes_since(self, revision: int) -> list[Entry] | None:
        """Return what changed after `revision`, each key once; None when that is not remembered."""
        if not self._floor <= revision <= self.revision:
            return None
        changed = [
            entry
            for entries in (self._entries, self._deleted)
            for entry in takewhile(lambda one: one.revision > revision, reversed(entries.values()))
        ]
        return sorted(changed, key=lambda entry: entry.revision)

    async def wait(self, revision: int, timeout: float) -> None:
        """Return when there is a change after `revision`, or after `timeout` seconds."""
        if self.revision > revision:
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            await asyncio.wait_for(waiter, timeout)
        except TimeoutError:
            pass
        finally:
            self._waiters.discard(waiter)

    def _change(self, entry: Entry) -> None:
        self.revision += 1
        entry.revision = self.revision
        for entries in (self._entries, self._deleted):
            entries.pop(entry.key, None)
        (self._deleted if entry.deleted else self._entries)[entry.key] = entry
        if len(self._deleted) > MAX_DELETED:
            self._floor = self._deleted.pop(next(iter(self._deleted))).revision
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)


class ReplicationServicer(ReplicationServiceServicer):
    """Serves topics by name."""

    def __init__(self, topics: Mapping[str, MemorySource]) -> None:
        self._topics = topics

    async def Watch(self, request: WatchRequest, context: Context) -> AsyncIterator[WatchResponse]:
        """Stream one topic for as long as the reader listens."""
        source = self._topics.get(request.topic)
        if source is None:
            known = ", ".join(sorted(self._topics)) or "none"
            raise NotFound(f"there is no topic {request.topic!r} here; there is: {known}")
        resumed = request.epoch == source.epoch and request.from_revision > 0
        position = request.from_revision if resumed else -1
        while True:
            changes = source.changes_since(position)
            steps = _snapshot(source) if changes is None else _changes(changes)
            position = source.revision
            for step in steps:
                yield step
            yield _heartbeat(source.epoch, position)
            await source.wait(position, HEARTBEAT)


class ReplicaMetrics:
    """Shows how old and how large the read models of one service are."""

    def __init__(self, metrics: Metrics) -> None:
        self._age = metrics.gauge(
            "replica_age_seconds", "Time since a read model was known to be current.", ["topic"]
        )
        self._entries = metrics.gauge("replica_entries", "Entries of a read model.", ["topic"])

    def watch(self, topic: str, replica: "Replica") -> None:
        """Export `replica` under its topic."""
        self._age.labels(topic).set_function(lambda: replica.age)
        self._entries.labels(topic).set_function(lambda: len(replica))


class Replica:
    """Follows one topic: calls `put` and `delete` as its entries come and go.

    `put` may raise `ValueError` or a `TrunklineError` for a value it cannot read: that is logged
    and the entry is left as it was.
    """

    def __init__(
        self,
        channel: Channel,
        topic: str,
        *,
        put: Callable[[str, bytes], None],
        delete: Callable[[str], None],
        metrics: ReplicaMetrics | None = None,
    ) -> None:
        self._channel = channel
        self._topic = topic
        self._put = put
        self._delete = delete
        self._keys: set[str] = set()
        self._fresh: set[str] | None = None
        self._epoch = ""
        self._revision = 0
        self._current: float | None = None
        self.synced = asyncio.Event()
        """Set once the first snapshot is complete."""
        if metrics is not None:
            metrics.watch(topic, self)

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def age(self) -> float:
        """Seconds since the owner knew nothing newer. Infinite before the first snapshot."""
        if self._current is None:
            return float("inf")
        return asyncio.get_running_loop().time() - self._current

    async def follow(self) -> None:
        """Follow the topic for ever, connecting again whenever the owner was away."""
        failures = 0
        while True:
            try:
                async for response in self._watch():
                    failures = 0
                    await self._take(response)
                reason = "the stream ended"
            except TimeoutError:
                reason = f"no sign of life for {SILENCE:g} s"
            except TrunklineError as error:
                reason = error.message
            if failures == 0:
                log.warning("read model is no longer fed", topic=self._topic, reason=reason)
            await asyncio.sleep(RETRY_DELAYS[min(failures, len(RETRY_DELAYS) - 1)])
            failures += 1

    async def _watch(self) -> AsyncIterator[WatchResponse]:
        self._fresh = None
        request = WatchRequest(topic=self._topic, from_revision=self._revision, epoch=self._epoch)
        stream = aiter(self._channel.stream(WATCH, request))
        while True:
            async with asyncio.timeout(SILENCE):
                try:
                    response = await anext(stream)
                except StopAsyncIteration:
                    return
            yield response

    async def _take(self, response: WatchResponse) -> None:
        match response.WhichOneof("event"):
            case "snapshot_begin":
                self._fresh = set()
                self._epoch = response.snapshot_begin.epoch
            case "entries":
                async for entry in paced(response.entries.entries):
                    self._take_entry(entry)
            case "snapshot_end":
                self._end_snapshot(response.snapshot_end.revision)
            case "heartbeat":
                self._revision = response.heartbeat.revision
                self._current = asyncio.get_running_loop().time()

    def _take_entry(self, entry: Entry) -> None:
        if entry.deleted:
            self._forget(entry.key)
            return
        if self._fresh is not None:
            self._fresh.add(entry.key)
        try:
            self._put(entry.key, entry.value)
        except (ValueError, TrunklineError) as error:
            log.error("entry is unreadable", topic=self._topic, key=entry.key, error=str(error))
        else:
            self._keys.add(entry.key)

    def _end_snapshot(self, revision: int) -> None:
        for key in self._keys - (self._fresh or set()):
            self._forget(key)
        self._fresh = None
        self._revision = revision
        self.synced.set()
        log.info("read model is complete", topic=self._topic, entries=len(self._keys))

    def _forget(self, key: str) -> None:
        if key in self._keys:
            self._keys.discard(key)
            self._delete(key)


def _snapshot(source: MemorySource) -> Iterator[WatchResponse]:
    entries, revision = source.snapshot(), source.revision
    yield WatchResponse(snapshot_begin=SnapshotBegin(epoch=source.epoch))
    yield from _changes(entries)
    yield WatchResponse(snapshot_end=SnapshotEnd(revision=revision))


def _changes(entries: Iterable[Entry]) -> Iterator[WatchResponse]:
    batch: list[Entry] = []
    size = 0
    for entry in entries:
        if batch and (size + len(entry.value) > MAX_BYTES or len(batch) == MAX_ENTRIES):
            yield WatchResponse(entries=Entries(entries=batch))
            batch, size = [], 0
        batch.append(entry)
        size += len(entry.value)
    if batch:
        yield WatchResponse(entries=Entries(entries=batch))


def _heartbeat(epoch: str, revision: int) -> WatchResponse:
    response = WatchResponse(heartbeat=Heartbeat(revision=revision, epoch=epoch))
    response.heartbeat.current_time.FromDatetime(datetime.now(UTC))
    return response
