"""What the area and mobile tables say of a number (MGT-15, RTE-02, RTE-25)."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from ..documents.areas import MOBILE_DIGITS, Area, MobileArea
from ..documents.checks import NumberClass
from .prefixes import PrefixIndex


class Areas:
    """Both tables. Later rows replace earlier ones of the same prefix."""

    def __init__(self, areas: Iterable[Area] = (), mobiles: Iterable[MobileArea] = ()) -> None:
        self._cities = PrefixIndex({each.prefix: each.code for each in areas}.items())
        self._mobiles = {int(each.prefix): sys.intern(each.area_code) for each in mobiles}

    def mobile_area(self, number: str) -> str | None:
        """Return the code of the area whose mobile prefix begins `number`."""
        prefix = number[:MOBILE_DIGITS]
        if len(prefix) < MOBILE_DIGITS or not prefix.isdecimal():
            return None
        return self._mobiles.get(int(prefix))

    def area_code(self, number: str) -> str | None:
        """Return the code of the number's area, mobile or fixed."""
        mobile = self.mobile_area(number)
        if mobile is not None:
            return mobile
        return next((codes[0] for _, codes in self._cities.levels(number)), None)

    def number_class(self, number: str) -> NumberClass:
        """Return whether it is a mobile's number, a city's, or another."""
        if self.mobile_area(number) is not None:
            return NumberClass.MOBILE
        return NumberClass.OTHER if self._cities.longest(number) is None else NumberClass.CITY
