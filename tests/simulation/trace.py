"""What happened in a run, in order. Its digest tells whether two runs were the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

KEPT: Final = 400
"""Lines shown of a call when it breaks an invariant."""


class Trace:
    """Every datagram and every answer of a service."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._lines: dict[str, list[str]] = {}
        self.events = 0

    def note(self, now: float, about: str, line: str, content: bytes = b"") -> None:
        """Write down one event. `about` is the number called, or what else tells calls apart."""
        self.events += 1
        text = f"{now:.6f} {line}"
        self._digest.update(text.encode("utf-8", "backslashreplace"))
        self._digest.update(content)
        lines = self._lines.setdefault(about, [])
        if len(lines) < KEPT:
            lines.append(text)

    def digest(self) -> str:
        """Return the SHA-256 of all there was."""
        return self._digest.hexdigest()

    def of(self, *subjects: str) -> Iterable[str]:
        """Return the lines about any of `subjects`, in the order of their time."""
        lines = [line for subject in subjects for line in self._lines.get(subject, ())]
        return sorted(lines, key=lambda line: float(line.partition(" ")[0]))
