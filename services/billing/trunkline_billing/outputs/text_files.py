"""Writes CDR text files from what is owed (BIL-11).

A line is on disk before its delivery is forgotten. After a crash between the two, the flow numbers
of the file's last lines tell which are there already: no more than one batch can be both. A torn
last line is cut off and written again.
"""

import asyncio
import os
from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, Final

from trunkline_kernel.background import steadily
from trunkline_kernel.parameters import Parameters

from ..cdrs.text_file import file_name, flow_no_of, line
from ..parameters import CDR_FILE_NONCONNECT, CDR_FILE_WRITE_INTERVAL, CDR_FILE_WRITE_MAX
from ..store.cdr_rows import StoredCdr
from ..store.queues import Owed, Queue

BATCH: Final = 500
CHUNK: Final = 65_536
"""Bytes that are read at a time from the end of a file."""
PAUSE: Final = 1.0
NOTHING: Final = timedelta(0)


class TextFiles:
    """The folder of CDR files. Blocks: called in a thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._last: dict[str, set[str]] = {}

    def append(self, name: str, lines: Iterable[str]) -> None:
        """Append lines to a file, durably, leaving out those it has."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / name
        present = self._last.get(name) or _repair(path)
        fresh = [text for text in lines if flow_no_of(text) not in present]
        with path.open("ab") as file:
            file.write("".join(f"{text}\n" for text in fresh).encode())
            file.flush()
            os.fsync(file.fileno())
        self._last = {name: present | {flow_no_of(text) for text in fresh}}

    def prune(self, keep: int) -> None:
        """Delete all but the newest `keep` files."""
        names = sorted(path.name for path in self._folder.glob("[0-9]*.txt"))
        for name in names[:-keep]:
            (self._folder / name).unlink()


class FileOutput:
    """Moves what is owed into the files."""

    def __init__(self, queue: Queue[StoredCdr], files: TextFiles, parameters: Parameters) -> None:
        self._queue = queue
        self._files = files
        self._parameters = parameters

    async def run(self) -> None:
        """Write whatever is owed. Never returns."""
        await steadily(self.write_some, PAUSE, "CDR text files")

    async def write_some(self) -> int:
        """Write a batch and return how many CDRs it had."""
        async with self._queue.turn() as ours:
            owed = await self._queue.owed(BATCH) if ours else []
            if owed:
                await asyncio.to_thread(self._write, owed)
                await self._queue.done(one.id for one in owed)
        return len(owed)

    def _write(self, owed: Iterable[Owed[StoredCdr]]) -> None:
        files: defaultdict[str, list[str]] = defaultdict(list)
        interval = timedelta(minutes=self._parameters[CDR_FILE_WRITE_INTERVAL])
        unconnected = self._parameters[CDR_FILE_NONCONNECT]
        for one in owed:
            cdr = one.content.cdr
            if cdr.hold_time > NOTHING or unconnected:
                files[file_name(cdr.call.end_time, interval)].append(line(one.content.flow_no, cdr))
        for name, lines in sorted(files.items()):
            self._files.append(name, lines)
        self._files.prune(self._parameters[CDR_FILE_WRITE_MAX])


def _repair(path: Path) -> set[str]:
    """Cut off a torn last line and return the flow numbers of the last whole ones."""
    if not path.exists():
        return set()
    with path.open("rb+") as file:
        tail = _tail(file)
        torn = len(tail) - (tail.rfind(b"\n") + 1)
        file.truncate(file.seek(0, os.SEEK_END) - torn)
    lines = tail[: len(tail) - torn].decode(errors="replace").splitlines()
    return {flow_no_of(text) for text in lines[-BATCH:]}


def _tail(file: BinaryIO) -> bytes:
    """Return the end of a file: at least `BATCH` whole lines of it, or all."""
    begin = file.seek(0, os.SEEK_END)
    tail = b""
    while begin and tail.count(b"\n") <= BATCH + 1:
        size = min(CHUNK, begin)
        begin = file.seek(begin - size)
        tail = file.read(size) + tail
    return tail
