"""Messages that are the same for every call of an object, encoded once for as long as it lives."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar
from weakref import WeakKeyDictionary

from google.protobuf.message import Message

T = TypeVar("T")
M = TypeVar("M", bound=Message)


def kept(encode: Callable[[T], M]) -> Callable[[T], M]:
    """Call `encode` once for each object of the model, which never changes.

    What it returns is to be copied, never changed. It goes with its object, when another snapshot
    takes the place of the one that has it.
    """
    messages: WeakKeyDictionary[T, M] = WeakKeyDictionary()

    @wraps(encode)
    def encode_once(object_: T) -> M:
        message = messages.get(object_)
        if message is None:
            message = messages[object_] = encode(object_)
        return message

    return encode_once
