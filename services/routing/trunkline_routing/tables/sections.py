"""Whose a number section is, and where it lies (MGT-15)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..documents.areas import MOBILE_DIGITS, Area, AreaTableSpec, MobileArea, MobileTableSpec
from ..documents.phone import PhoneSpec


@dataclass(frozen=True, slots=True)
class Section:
    """What is known of the numbers that begin with some digits."""

    area: Area | None
    mobile: MobileArea | None
    owners: Sequence[str]
    """Accounts of the phones whose numbers lie in it."""


def describe(
    digits: str,
    areas: Mapping[str, AreaTableSpec],
    mobiles: Mapping[str, MobileTableSpec],
    phones: Mapping[str, PhoneSpec],
) -> Section:
    """Return what the tables say of `digits`: the longest area prefix, the mobile prefix, owners.

    Of equal prefixes the later row counts, and of tables the later name.
    """
    area_rows = {row.prefix: row for _, spec in sorted(areas.items()) for row in spec.areas}
    mobile_rows = {row.prefix: row for _, spec in sorted(mobiles.items()) for row in spec.mobiles}
    matching = [row for prefix, row in area_rows.items() if digits.startswith(prefix)]
    return Section(
        area=max(matching, key=lambda row: len(row.prefix), default=None),
        mobile=mobile_rows.get(digits[:MOBILE_DIGITS]),
        owners=sorted({spec.account for name, spec in phones.items() if name.startswith(digits)}),
    )
