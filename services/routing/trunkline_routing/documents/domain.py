"""Domain: a host name that gateways are given by, and how often it is looked up (MGT-06)."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import Field
from trunkline_kernel.documents import Spec

_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
HOST_NAME: Final = re.compile(rf"(?=.*[A-Za-z]){_LABEL}(?:\.{_LABEL})+")


class DomainSpec(Spec):
    """What is configured of a name; its addresses and their age are what DNS says."""

    refresh: Annotated[int, Field(ge=30, le=3600)] | None = None
    """Seconds between two look-ups, whatever the TTL of its records says. Unset: the TTL, at least
    30 s and at most an hour."""
    memo: Annotated[str, Field(max_length=1024)] = ""
