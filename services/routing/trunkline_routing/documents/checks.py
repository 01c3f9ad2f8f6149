"""Number checks of gateways and phones (RTE-25): lengths, prefixes, classes, lists, pairs."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator
from trunkline_kernel.documents import Ref, Spec

from .fields import AreaCode, Distinct, Length, ListMode, Name, Prefix

_PAIR: Final = re.compile(r"[0-9*#]*:[0-9*#]*\Z")


class Prefixes(Spec):
    """Beginnings of numbers that may pass, or that may not. An empty list checks nothing."""

    mode: ListMode = ListMode.ALLOW
    prefixes: Distinct[Prefix] = ()


class NumberLists(Spec):
    """Groups of numbers, kept by auth, that may pass or that may not (AUT-14)."""

    mode: ListMode = ListMode.DENY
    lists: Annotated[Distinct[Name], Ref("NumberList")] = ()


class NumberClass(StrEnum):
    """Kind of a number by the area and mobile tables (MGT-15)."""

    CITY = "city"
    MOBILE = "mobile"
    OTHER = "other"


class CalleeKind(StrEnum):
    """Whether the callee must be a phone of this platform."""

    ANY = "any"
    PHONE = "phone"
    NO_PHONE = "noPhone"


def _pair(text: str) -> str:
    if not _PAIR.match(text):
        raise ValueError(f"{text!r}: expected callerPrefix:calleePrefix")
    return text


class Pairs(Spec):
    """`callerPrefix:calleePrefix` that may pass together, or that may not."""

    mode: ListMode = ListMode.DENY
    pairs: Distinct[Annotated[str, AfterValidator(_pair)]] = ()


class Checks(Spec):
    """What a number must be to pass; an empty field checks nothing."""

    caller_lengths: Distinct[Length] = ()
    callee_lengths: Distinct[Length] = ()
    caller_prefixes: Prefixes = Prefixes()
    callee_prefixes: Prefixes = Prefixes()
    caller_lists: NumberLists = NumberLists()
    callee_lists: NumberLists = NumberLists()
    caller_classes: Distinct[NumberClass] = ()
    callee: CalleeKind = CalleeKind.ANY
    pairs: Pairs = Pairs()
    deny_same_city_codes: Distinct[AreaCode] = ()
    """Codes of areas inside which caller and callee may not both be."""
