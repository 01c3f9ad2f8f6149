"""How the caller is shown to who is called: a vendor or a phone (SIG-11, SIG-12, SIG-15)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator
from trunkline_kernel.documents import Spec

from .fields import Distinct

HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9!%*_+`'~.-]{1,64}$")]
"""Name of a SIP header field (RFC 3261 section 25.1)."""


class PrivacyHeader(StrEnum):
    """What becomes of Privacy (SIG-11)."""

    NONE = "none"
    PASSTHROUGH = "passthrough"
    ID = "id"
    PUBLIC = "public"
    """`Privacy: none`, the number is shown."""


class IdentityHeader(StrEnum):
    """What stands in P-Asserted-Identity or P-Preferred-Identity (SIG-12)."""

    NONE = "none"
    PASSTHROUGH = "passthrough"
    CALLER = "caller"


class ExtraMode(StrEnum):
    """Which header fields go on that nothing here understands (SIG-12)."""

    NONE = "none"
    ALL = "all"
    NAMED = "named"


class ExtraHeaders(Spec):
    """Header fields of the caller's INVITE that are copied.

    Those of a dialog or a hop, and those that name the caller, never are.
    """

    mode: ExtraMode = ExtraMode.NONE
    names: Distinct[HeaderName] = ()

    @model_validator(mode="after")
    def _names_have_a_mode(self) -> Self:
        if (self.mode is ExtraMode.NAMED) != bool(self.names):
            raise ValueError("names are listed when the mode is named, and only then")
        return self


class PhoneIdentity(Spec):
    """How callers are shown to a phone."""

    asserted: IdentityHeader = IdentityHeader.NONE
    preferred: IdentityHeader = IdentityHeader.NONE
    extra_headers: ExtraHeaders = ExtraHeaders()


class IdentityPolicy(PhoneIdentity):
    """How the caller is shown to the vendor."""

    privacy: PrivacyHeader | None = None
    """Unset: none, or SS_SIP_USER_AGENT_PRIVACY when we register there."""
    remote_party_id: bool = False
    display: bool | None = None
    """Whether From has a display name: SS_SIP_E164_DISPLAY_FROM says which, and decides alone when
    this is unset."""
