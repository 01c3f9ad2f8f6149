"""Header fields other than addresses and Via: CSeq, RAck, Content-Type, and some dataclasses."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, Self

from ._wire import CSeq, MediaType, RAck
from .errors import MalformedValue
from .grammar import (
    NO_PARAMS,
    Params,
    format_params,
    is_token,
    parse_params,
    parse_uint,
    quote,
)

__all__ = [
    "CSeq",
    "Event",
    "MediaType",
    "Privacy",
    "RAck",
    "Reason",
    "Replaces",
    "RetryAfter",
    "SessionExpires",
    "SubscriptionState",
    "parse_delta_seconds",
]

_RETRY_AFTER: Final = re.compile(r"([0-9]++)\s*+(\([^()]*+\)\s*+)?(?:;(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Parametrized:
    """A value with parameters: the common shape of many fields."""

    value: str
    params: Params = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse `value;name=value`."""
        value, semicolon, params = text.partition(";")
        value = value.strip()
        if not value:
            raise MalformedValue("a value", text)
        return cls(value, parse_params(params) if semicolon else NO_PARAMS)

    def __str__(self) -> str:
        return self.value + format_params(self.params)


class Event(Parametrized):
    """Event package (RFC 6665 section 8.2.1)."""

    __slots__ = ()


class SubscriptionState(Parametrized):
    """State of a subscription (RFC 6665 section 8.2.3)."""

    __slots__ = ()


class Reason(Parametrized):
    """Why a request was sent (RFC 3326): protocol, `cause` and `text`."""

    __slots__ = ()

    @classmethod
    def of(cls, protocol: str, cause: int, text: str = "") -> Reason:
        """Build `Q.850;cause=16;text="..."`."""
        params: dict[str, str | None] = {"cause": str(cause)}
        if text:
            params["text"] = text
        return cls(protocol, params)

    def __str__(self) -> str:
        # RFC 3326 section 2 wants the text quoted even where it is a token.
        return self.value + "".join(
            f";{name}={quote(value or '') if name == 'text' else value}"
            for name, value in self.params.items()
        )

    @property
    def cause(self) -> int | None:
        """The numeric cause, or None where there is none."""
        cause = self.params.get("cause")
        return int(cause) if cause and cause.isascii() and cause.isdigit() else None

    @property
    def text(self) -> str:
        """The explanation, or ""."""
        return self.params.get("text") or ""


class Replaces(Parametrized):
    """The dialog to be replaced (RFC 3891): its Call-ID and tags, seen from the recipient."""

    __slots__ = ()

    @property
    def call_id(self) -> str:
        """Call-ID of the dialog."""
        return self.value

    @property
    def from_tag(self) -> str | None:
        """The remote tag."""
        return self.params.get("from-tag")

    @property
    def to_tag(self) -> str | None:
        """The local tag."""
        return self.params.get("to-tag")


@dataclass(frozen=True, slots=True)
class SessionExpires:
    """Session interval and who refreshes it (RFC 4028 section 4)."""

    interval: int
    """Seconds."""
    refresher: str | None = None
    """`uac`, `uas` or None."""

    @classmethod
    def parse(cls, text: str) -> SessionExpires:
        """Parse `1800;refresher=uac`."""
        interval, semicolon, params = text.partition(";")
        found = parse_params(params) if semicolon else NO_PARAMS
        refresher = found.get("refresher")
        return cls(parse_delta_seconds(interval), refresher.lower() if refresher else None)

    def __str__(self) -> str:
        return (
            f"{self.interval};refresher={self.refresher}" if self.refresher else str(self.interval)
        )


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """When to try again (section 20.33)."""

    delay: int
    """Seconds."""
    duration: int | None = None
    """Seconds the peer will then be reachable for."""

    @classmethod
    def parse(cls, text: str) -> RetryAfter:
        """Parse `120 (in a meeting);duration=60`; the comment is dropped."""
        match = _RETRY_AFTER.fullmatch(text.strip())
        if match is None:
            raise MalformedValue("seconds", text)
        duration = (parse_params(match[3]) if match[3] else NO_PARAMS).get("duration")
        return cls(
            parse_delta_seconds(match[1]),
            parse_delta_seconds(duration) if duration is not None else None,
        )

    def __str__(self) -> str:
        return (
            str(self.delay) if self.duration is None else f"{self.delay};duration={self.duration}"
        )


@dataclass(frozen=True, slots=True)
class Privacy:
    """Privacy wanted (RFC 3323 section 4.2): `id`, `none`, `header`, `user`, ..."""

    values: frozenset[str]

    @classmethod
    def parse(cls, text: str) -> Privacy:
        """Parse `id;critical`."""
        values = frozenset(part.strip().lower() for part in text.replace(",", ";").split(";"))
        if not all(map(is_token, values)):
            raise MalformedValue("privacy values", text)
        return cls(values)

    def __str__(self) -> str:
        return ";".join(sorted(self.values))

    @property
    def hides_identity(self) -> bool:
        """Tell whether the asserted identity is to be withheld (RFC 3325 section 9.3)."""
        return "id" in self.values


def parse_delta_seconds(text: str) -> int:
    """Parse delta-seconds (section 25.1), 0 to 2**32 - 1."""
    return parse_uint(text.strip(), expected="seconds")
