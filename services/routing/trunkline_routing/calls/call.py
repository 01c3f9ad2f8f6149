"""A call as it arrives, and the numbers its headers name (SIG-20)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from ..documents.mapping_gateway import CalleeSource, CallerSource
from ..model.callers import Caller, Endpoint
from ..numbers.digits import MAX_LENGTH, Number
from ..numbers.pipeline import Numbers

_URI_USER: Final = re.compile(r"(?:sips?:(?P<sip>[^@;>\s]+)@|tel:(?P<tel>[^;>\s]+))")
_UNDIALLED: Final = re.compile(r"[^0-9*#]")
_ANONYMOUS: Final = "anonymous"
_PRIVACY_VALUE: Final = re.compile(r"[^;,\s]+")
_WITHHELD: Final = frozenset({"id", "user", "header"})


@dataclass(frozen=True, slots=True)
class Identity:
    """Everything in an INVITE that can name the caller or the callee. Empty is absent."""

    from_user: str = ""
    from_display: str = ""
    to_user: str = ""
    request_uri_user: str = ""
    diversion_user: str = ""
    remote_party_id_user: str = ""
    asserted_identity: str = ""
    """P-Asserted-Identity as received."""
    preferred_identity: str = ""
    """P-Preferred-Identity as received."""
    privacy: str = ""

    @property
    def asks_privacy(self) -> bool:
        """Whether the caller is not to be shown (RFC 3323 section 4.2, RFC 3325 section 9.3)."""
        return not _WITHHELD.isdisjoint(_PRIVACY_VALUE.findall(self.privacy.lower()))


class Passing(StrEnum):
    """How a phone passed a call on."""

    FORWARDED = "forwarded"
    TRANSFERRED = "transferred"


@dataclass(frozen=True, slots=True)
class PassedOn:
    """What a call is that a phone makes because it passes another one on (SIG-21, SIG-22)."""

    how: Passing
    forwarders: tuple[str, ...] = ()
    """Phones that have forwarded it, the first one first."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call that wants to go somewhere."""

    id: str
    instance: str
    """Signaling instance that has it."""
    endpoint: Endpoint
    source: str
    """Address it came from; empty when unknown."""
    identity: Identity
    time: datetime
    """When it arrived, in UTC."""
    passed_on: PassedOn | None = None
    """Set where `endpoint` passes somebody else's call on; From names that caller then."""
    held: str = ""
    """Number of whom `endpoint`, a phone, keeps on hold, to be shown instead of its own."""


def access_numbers(identity: Identity, caller: Caller, default: CalleeSource) -> Numbers:
    """Return caller and callee as received: the numbers the CDR calls access numbers.

    A chosen header that is absent or names nobody falls back to From and Request-URI; the callee
    of a caller's side that chooses none stands in `default`.
    """
    return Numbers(
        _digits(_caller(identity, caller.caller_source) or identity.from_user),
        _digits(_callee(identity, caller.callee_source or default) or identity.request_uri_user),
    )


def shown_caller(identity: Identity) -> Number:
    """Return the caller that From names."""
    return _digits(identity.from_user)


def _caller(identity: Identity, source: CallerSource) -> str:
    match source:
        case CallerSource.FROM:
            return identity.from_user
        case CallerSource.REMOTE_PARTY_ID:
            return identity.remote_party_id_user
        case CallerSource.DISPLAY:
            return identity.from_display
        case CallerSource.ASSERTED_IDENTITY:
            return _uri_user(identity.asserted_identity)
        case CallerSource.PREFERRED_IDENTITY:
            return _uri_user(identity.preferred_identity)


def _callee(identity: Identity, source: CalleeSource) -> str:
    match source:
        case CalleeSource.TO:
            return identity.to_user
        case CalleeSource.REQUEST_URI:
            return identity.request_uri_user
        case CalleeSource.DIVERSION:
            return identity.diversion_user


def _uri_user(header: str) -> str:
    match = _URI_USER.search(header)
    return (match["sip"] or match["tel"]) if match else ""


def _digits(user: str) -> Number:
    """Keep digits, * and #; parameters and everything else go. `anonymous` is nobody."""
    user = user.partition(";")[0]
    if user.isascii() and user.isdigit():
        return Number(user[: MAX_LENGTH + 1])
    return Number("" if user.lower() == _ANONYMOUS else _UNDIALLED.sub("", user)[: MAX_LENGTH + 1])
