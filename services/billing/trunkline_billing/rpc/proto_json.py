"""Messages in protobuf's JSON mapping, under the names of the proto.

What `json_format.MessageToDict` returns, at half its cost: the end of every call is written so.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, Final

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

Print = Callable[[Any], object]

_TIMES: Final = frozenset({"google.protobuf.Timestamp", "google.protobuf.Duration"})
_AS_TEXT: Final = frozenset({FieldDescriptor.TYPE_INT64, FieldDescriptor.TYPE_UINT64})
_AS_IT_IS: Final = frozenset(
    {
        FieldDescriptor.TYPE_BOOL,
        FieldDescriptor.TYPE_DOUBLE,
        FieldDescriptor.TYPE_INT32,
        FieldDescriptor.TYPE_STRING,
        FieldDescriptor.TYPE_UINT32,
    }
)


def to_json(message: Message) -> dict[str, object]:
    """Return the fields that are set. Raises `TypeError` for one of a kind that no CDR has."""
    printed: dict[str, object] = {}
    for field, value in message.ListFields():
        name, one, is_repeated = _plan(field)
        if one is None:
            printed[name] = list(value) if is_repeated else value
        else:
            printed[name] = [one(each) for each in value] if is_repeated else one(value)
    return printed


@cache
def _plan(field: FieldDescriptor) -> tuple[str, Print | None, bool]:
    """Return a field's name, what prints a value unless it stays as it is, and if it repeats."""
    return field.name, _printer(field), field.is_repeated


def _printer(field: FieldDescriptor) -> Print | None:
    if field.message_type is not None:
        return _time if field.message_type.full_name in _TIMES else to_json
    if field.enum_type is not None:
        return _names(field.enum_type)
    if field.type in _AS_TEXT:
        return str
    if field.type in _AS_IT_IS:
        return None
    raise TypeError(f"{field.full_name}: no way to print it as JSON")


def _time(value: Any) -> object:
    return value.ToJsonString()


def _names(enum: EnumDescriptor) -> Print:
    names = {number: value.name for number, value in enum.values_by_number.items()}
    return lambda number: names.get(number, number)
