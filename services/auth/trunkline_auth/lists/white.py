"""The system white list: numbers no list may stop (AUT-15)."""

from collections.abc import Iterable


class WhiteList:
    """Numbers matched in full, and beginnings of numbers, written with a `*` at the end."""

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        self._numbers: set[str] = set()
        self._prefixes: set[str] = set()
        for pattern in patterns:
            if pattern.endswith("*"):
                self._prefixes.add(pattern[:-1])
            else:
                self._numbers.add(pattern)
        self._lengths = sorted({len(prefix) for prefix in self._prefixes})

    def __contains__(self, number: str) -> bool:
        if number in self._numbers:
            return True
        return any(number[:length] in self._prefixes for length in self._lengths)
