"""The topic `number-lists` of auth (auth/v1/lists.proto): groups, white list, blocks.

Of the dynamic black list only what concerns one routing gateway is kept: calls that are blocked on
the platform or on their caller's gateway are stopped by auth's Screen, which counts them too.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from trunkline.auth.v1.lists_pb2 import NumberListPart
from trunkline_kernel.digit_sets import DigitSet

from ..model.callers import Kind
from ..model.prefixes import PrefixIndex
from ..numbers.pipeline import Numbers
from ..numbers.transform import Party

TOPIC: Final = "number-lists"
_GATEWAY_SCOPE: Final = f"{Kind.ROUTING_GATEWAY}/"


class NumberLists:
    """What the topic holds now. Every look-up is constant in the size of the lists."""

    def __init__(self) -> None:
        self._lists: dict[str, DigitSet] = {}
        self._white: set[str] = set()
        self._white_prefixes: set[str] = set()
        self._prefixes: PrefixIndex[None] = PrefixIndex(())
        self._blocked: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)

    def put(self, key: str, value: bytes) -> None:
        """Take one entry. Raises `ValueError` for a key or a value that can't be read."""
        kind, _, rest = key.partition("/")
        match kind:
            case "list":
                name, _, part = rest.rpartition("/")
                codes = NumberListPart.FromString(value).codes
                self._lists.setdefault(name, DigitSet()).put_part(part, codes)
            case "white":
                self._put_white(rest)
            case "black":
                scope, entry = _parse_black(rest)
                if scope.startswith(_GATEWAY_SCOPE):
                    self._blocked[scope].add(entry)
            case _:
                raise ValueError(f"{key!r} is no key of the topic {TOPIC}")

    def delete(self, key: str) -> None:
        """Forget one entry."""
        kind, _, rest = key.partition("/")
        if kind == "list":
            self._delete_part(*rest.rpartition("/")[::2])
        elif kind == "white":
            self._delete_white(rest)
        elif kind == "black":
            scope, entry = _parse_black(rest)
            self._blocked[scope].discard(entry)
            if not self._blocked[scope]:
                del self._blocked[scope]

    def is_listed(self, number_list: str, number: str) -> bool:
        """Say whether a list group holds the number as a whole (AUT-14)."""
        found = self._lists.get(number_list)
        return found is not None and number in found

    def is_white(self, number: str) -> bool:
        """Say whether the system white list holds the number, or its beginning (AUT-15)."""
        return number in self._white or self._prefixes.longest(number) is not None

    def block_on(self, scope: str, numbers: Numbers) -> str | None:
        """Return why the dynamic black list keeps the call off a gateway (AUT-13), or nothing."""
        blocked = self._blocked.get(scope)
        if blocked is None or self.is_white(numbers.caller) or self.is_white(numbers.callee):
            return None
        for party, number in zip(Party, numbers, strict=True):
            if (party, number) in blocked:
                return f"{party} {number} is on the dynamic black list of {scope}"
        return None

    def _delete_part(self, name: str, part: str) -> None:
        if found := self._lists.get(name):
            found.delete_part(part)
            if not found:
                del self._lists[name]

    def _put_white(self, pattern: str) -> None:
        if pattern.endswith("*"):
            self._white_prefixes.add(pattern[:-1])
            self._index_white()
        else:
            self._white.add(pattern)

    def _delete_white(self, pattern: str) -> None:
        if pattern.endswith("*"):
            self._white_prefixes.discard(pattern[:-1])
            self._index_white()
        else:
            self._white.discard(pattern)

    def _index_white(self) -> None:
        self._prefixes = PrefixIndex((prefix, None) for prefix in self._white_prefixes)


def _parse_black(rest: str) -> tuple[str, tuple[str, str]]:
    """Read `<party>/<number>/<scope>`; a scope holds slashes of its own."""
    party, _, behind = rest.partition("/")
    number, slash, scope = behind.partition("/")
    if not slash:
        raise ValueError(f"{rest!r} is no entry of the dynamic black list")
    return scope, (party, number)
