"""The topic "number-lists": what routing replicates of auth's lists (lists.proto says how)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import structlog
from trunkline.auth.v1.lists_pb2 import NumberListPart
from trunkline_kernel.documents import Event
from trunkline_kernel.metrics import Metrics
from trunkline_kernel.replication import MemorySource

from .documents.lists import WHITE_LIST, SystemWhiteListSpec
from .lists import BlackList, Entry, EntryFilter, EntryKey, WhiteList
from .rpc.lists import entry_message

log = structlog.stdlib.get_logger(__name__)

TOPIC: Final = "number-lists"


class ListPublication:
    """Publishes lists as they change, and keeps the compiled system white list."""

    def __init__(self, source: MemorySource, metrics: Metrics) -> None:
        self._source = source
        self._white: frozenset[str] = frozenset()
        self._black: set[str] = set()
        self.white_list = WhiteList()
        self._listed = metrics.counter(
            "numbers_listed", "Numbers put on the dynamic black list.", ("reason",)
        )
        self._entries = metrics.gauge("black_list_entries", "Numbers on the dynamic black list.")

    @property
    def has_entries(self) -> bool:
        """Whether any number is on the dynamic black list, as far as was heard."""
        return bool(self._black)

    def part_changed(self, name: str, part: str, codes: bytes) -> None:
        """Publish one part of a number list; an empty one is gone."""
        key = f"list/{name}/{part}"
        if codes:
            self._source.put(key, NumberListPart(codes=codes).SerializeToString())
        else:
            self._source.delete(key)

    async def documents_changed(self, events: Iterable[Event]) -> None:
        """Take over a changed system white list."""
        for event in events:
            if event.kind == WHITE_LIST:
                spec = event.spec
                self._take_white(
                    spec if isinstance(spec, SystemWhiteListSpec) else SystemWhiteListSpec()
                )

    def listed(self, entry: Entry) -> None:
        """Tell that a number was listed."""
        self._listed.labels(entry.reason).inc()
        log.warning(
            "number black-listed",
            party=entry.key.party,
            number=entry.key.number,
            scope=entry.key.scope,
            reason=entry.reason,
            until=entry.expires.isoformat(timespec="seconds"),
        )
        self._put_black(entry)

    def unlisted(self, key: EntryKey) -> None:
        """Tell that a number was taken off."""
        log.info(
            "number taken off the black list",
            party=key.party,
            number=key.number,
            scope=key.scope,
        )
        self._delete_black(_black_key(key))

    async def refresh(self, black_list: BlackList, now: datetime) -> None:
        """Publish what other replicas listed and what has expired. To be called every second."""
        entries = await black_list.entries(EntryFilter(), now)
        for entry in entries:
            self._put_black(entry)
        for key in self._black - {_black_key(entry.key) for entry in entries}:
            self._delete_black(key)
        self._entries.set(len(entries))

    def _take_white(self, spec: SystemWhiteListSpec) -> None:
        white = frozenset(each.number for each in spec.numbers)
        for pattern in self._white - white:
            self._source.delete(f"white/{pattern}")
        for pattern in white - self._white:
            self._source.put(f"white/{pattern}", b"")
        self._white = white
        self.white_list = spec.compiled()

    def _put_black(self, entry: Entry) -> None:
        key = _black_key(entry.key)
        if key not in self._black:
            message = entry_message(entry)
            message.ClearField("hits")
            self._black.add(key)
            self._source.put(key, message.SerializeToString())

    def _delete_black(self, key: str) -> None:
        self._black.discard(key)
        self._source.delete(key)


def _black_key(key: EntryKey) -> str:
    return f"black/{key.party}/{key.number}/{key.scope}"
