"""Whose a number section is, and where it lies (MGT-15)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..documents.areas import Area, AreaTableSpec, MobileArea, MobileTableSpec
from ..documents.phone import PhoneSpec
from ..model.areas import Areas


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
    """Return what the tables say of `digits`: longest area prefix, mobile prefix, owners."""
    known = Areas(
        [spec.areas for _, spec in sorted(areas.items())],
        [spec.mobiles for _, spec in sorted(mobiles.items())],
    )
    return Section(
        area=known.city(digits),
        mobile=known.mobile(digits),
        owners=sorted({spec.account for name, spec in phones.items() if name.startswith(digits)}),
    )
