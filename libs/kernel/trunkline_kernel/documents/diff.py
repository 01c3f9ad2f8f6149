"""What changes between two specs, field by field."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from .spec import Json

ABSENT: Final = object()


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field before and after. `ABSENT` where it is not there."""

    field: str
    old: object
    new: object


def field_changes(old: Json, new: Json, path: str = "spec") -> Iterator[FieldChange]:
    """Yield the fields that differ. Objects are compared by key, everything else as a whole."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            yield from field_changes(old.get(key, ABSENT), new.get(key, ABSENT), f"{path}.{key}")
    elif old != new:
        yield FieldChange(path, old, new)
