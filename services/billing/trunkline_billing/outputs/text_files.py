"""Writes CDR text files from what is owed (BIL-11).

A line is on disk before its delivery is forgotten. After a crash between the two, the flow numbers
in the file tell which lines are there already; a torn last line is cut off and written again.
"""

import asyncio
import os
from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Final

from trunkline_kernel.background import steadily
from trunkline_kernel.parameters import Parameters

from ..cdrs.text_file import file_name, flow_no_of, line
from ..parameters import CDR_FILE_NONCONNECT, CDR_FILE_WRITE_INTERVAL, CDR_FILE_WRITE_MAX
from ..store.cdr_rows import StoredCdr
from ..store.queues import Owed, Queue

BATCH: Final = 500
PAUSE: Final = 1.0
NOTHING: Final = timedelta(0)


class TextFiles:
    """The folder of CDR files. Blocks: called in a thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._checked: dict[str, set[str]] = {}

    def append(self, name: str, lines: Iterable[str]) -> None:
        """Append lines to a file, durably, leaving out those it has."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / name
        present = self._present(path)
        fresh = [text for text in lines if flow_no_of(text) not in present]
        with path.open("ab") as file:
            file.write("".join(f"{text}\n" for text in fresh).encode())
            file.flush()
            os.fsync(file.fileno())
        present.update(map(flow_no_of, fresh))

    def prune(self, keep: int) -> None:
        """Delete all but the newest `keep` files."""
        names = sorted(path.name for path in self._folder.glob("[0-9]*.txt"))
        for name in names[:-keep]:
            (self._folder / name).unlink()
            self._checked.pop(name, None)

    def _present(self, path: Path) -> set[str]:
        if path.name not in self._checked:
            self._checked = {path.name: _repair(path)}  # one hour's numbers are enough
        return self._checked[path.name]


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
    """Cut off a torn last line and return the flow numbers of the others."""
    if not path.exists():
        return set()
    raw = path.read_bytes()
    whole = raw[: raw.rfind(b"\n") + 1]
    if len(whole) < len(raw):
        path.write_bytes(whole)
    return {flow_no_of(text) for text in whole.decode().splitlines()}
