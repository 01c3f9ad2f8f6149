"""What the area and mobile tables say of a number (MGT-15, RTE-02, RTE-25)."""

from __future__ import annotations

from collections.abc import Sequence

from trunkline_kernel.documents.rows import Rows, find_last

from ..documents.areas import MOBILE_DIGITS, Area, MobileArea
from ..documents.checks import NumberClass


class Areas:
    """Both kinds of tables. Of equal prefixes the later row counts, and of tables the later one."""

    def __init__(
        self, areas: Sequence[Rows[Area]] = (), mobiles: Sequence[Rows[MobileArea]] = ()
    ) -> None:
        self._areas = areas
        self._mobiles = mobiles

    def city(self, number: str) -> Area | None:
        """Return the area with the longest prefix of `number`."""
        prefixes = (number[:length] for length in range(len(number), 0, -1))
        found = (find_last(self._areas, prefix) for prefix in prefixes)
        return next((area for area in found if area is not None), None)

    def mobile(self, number: str) -> MobileArea | None:
        """Return the area whose mobile prefix begins `number`."""
        return find_last(self._mobiles, number[:MOBILE_DIGITS])

    def mobile_area(self, number: str) -> str | None:
        """Return the code of the area whose mobile prefix begins `number`."""
        mobile = self.mobile(number)
        return None if mobile is None else mobile.area_code

    def area_code(self, number: str) -> str | None:
        """Return the code of the number's area, mobile or fixed."""
        mobile = self.mobile_area(number)
        if mobile is not None:
            return mobile
        city = self.city(number)
        return None if city is None else city.code

    def number_class(self, number: str) -> NumberClass:
        """Return whether it is a mobile's number, a city's, or another."""
        if self.mobile(number) is not None:
            return NumberClass.MOBILE
        return NumberClass.OTHER if self.city(number) is None else NumberClass.CITY
