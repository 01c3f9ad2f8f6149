"""Specs as JSON: read with every mistake told, and written; rows stay packed."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ..beside import beside
from ..faults import FieldViolation, InvalidArgument
from .rows import Rows
from .spec import Json

LARGE: Final = 1 << 17
"""Characters of a spec that is read in a process of its own: in the loop it would take 20 ms."""

_SLICE: Final = 1 << 18
"""Characters that go to that process at once."""

MOST_VIOLATIONS: Final = 1000
"""Mistakes of one spec that are told."""


class BadSpec(InvalidArgument):
    """A spec is wrong; its violations say where."""

    reason = "BAD_SPEC"


def read(model: type[BaseModel], spec: Json) -> BaseModel:
    """Return a spec that was parsed as JSON. Raises `BadSpec`."""
    if not isinstance(spec, dict):
        raise BadSpec(violations=[FieldViolation("spec", "must be an object")])
    try:
        return model.model_validate(spec)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)[:MOST_VIOLATIONS]
        raise BadSpec(
            violations=[FieldViolation(spell_path(each["loc"]), _wording(each)) for each in errors]
        ) from None


async def read_text(model: type[BaseModel], text: str) -> BaseModel:
    """Return the spec that `text` spells, read beside the loop when it is large.

    Raises `BadSpec`.
    """
    if len(text) < LARGE:
        return _read_text(model, text)
    slices = (text[start : start + _SLICE] for start in range(0, len(text), _SLICE))
    async with beside(_read_slices, _chained(model, slices), large=True) as specs:
        return await anext(specs)


def dump(spec: BaseModel) -> dict[str, Json]:
    """Return a spec as JSON by alias, what was left at its default left out, rows as `Rows`."""
    packed = {
        name: value
        for name in spec.model_fields_set
        if isinstance(value := getattr(spec, name), Rows)
    }
    stored: dict[str, Json] = spec.model_dump(
        mode="json", by_alias=True, exclude_unset=True, exclude=set(packed)
    )
    fields = type(spec).model_fields
    return stored | {fields[name].alias or name: rows for name, rows in packed.items()}


def spell(dumped: Mapping[str, Json]) -> str:
    """Return the text of what `dump` returned."""
    pieces: list[str] = []
    for key, value in dumped.items():
        pieces += [", ", json.dumps(key), ": "]
        pieces += ["[", value.text, "]"] if isinstance(value, Rows) else [json.dumps(value)]
    return "".join(["{", *pieces[1:], "}"])


def brief(value: Json) -> Json:
    """Return the same as a difference shows it: of many rows, how many they are."""
    if isinstance(value, Rows):
        return value.shown
    if isinstance(value, dict):
        return {key: brief(each) for key, each in value.items()}
    return value


def spell_path(path: Iterable[str | int]) -> str:
    """Return "spec.rates[2].prefix"."""
    spelled = "spec"
    for part in path:
        spelled += f"[{part}]" if isinstance(part, int) else f".{part}"
    return spelled


def _read_text(model: type[BaseModel], text: str) -> BaseModel:
    try:
        spec = json.loads(text)
    except ValueError as error:
        raise BadSpec(violations=[FieldViolation("spec", f"is not JSON: {error}")]) from None
    return read(model, spec)


def _chained(model: type[BaseModel], slices: Iterable[str]) -> Iterator[Any]:
    yield model
    yield from slices


def _read_slices(pieces: Iterator[Any]) -> Iterator[BaseModel]:
    """Read the model that comes first from the text that follows."""
    yield _read_text(next(pieces), "".join(pieces))


def _wording(error: ErrorDetails) -> str:
    """Return what pydantic complains about in the words of this house."""
    match error["type"]:
        case "extra_forbidden":
            return "unknown field"
        case "missing":
            return "is required"
    message = error["msg"].removeprefix("Value error, ")
    return message.replace("Input should be", "must be").replace("String should", "must")
