"""AreaTable and MobileTable: which numbers belong to which area (MGT-15)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from trunkline_kernel.documents import Row, Rows, Spec

from .fields import AreaCode, Prefix

MOBILE_DIGITS = 7
"""Digits of a mobile prefix."""


class Area(Row):
    """Numbers of one area by the prefix they begin with."""

    prefix: Annotated[Prefix, Field(min_length=1)]
    name: Annotated[str, Field(max_length=128)] = ""
    code: AreaCode

    @property
    def keys(self) -> tuple[str]:
        """Return its prefix."""
        return (self.prefix,)


class MobileArea(Row):
    """Mobile numbers of one area by their first seven digits."""

    prefix: Annotated[str, Field(pattern=rf"^\d{{{MOBILE_DIGITS}}}$")]
    area_code: Annotated[Prefix, Field(min_length=1)]
    name: Annotated[str, Field(max_length=128)] = ""

    @property
    def keys(self) -> tuple[str]:
        """Return its prefix."""
        return (self.prefix,)


class AreaTableSpec(Spec):
    """Areas. Of equal prefixes the later row counts, and of tables the later name."""

    areas: Annotated[Rows[Area], Field(max_length=100_000)]
    memo: Annotated[str, Field(max_length=1024)] = ""


class MobileTableSpec(Spec):
    """Mobile areas. Of equal prefixes the later row counts, and of tables the later name."""

    mobiles: Annotated[Rows[MobileArea], Field(max_length=1_000_000)]
    memo: Annotated[str, Field(max_length=1024)] = ""
