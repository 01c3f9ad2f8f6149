"""How the rows of each kind of table look in text, and by what they replace each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from trunkline_kernel.documents import Kind, Row

from ..documents.areas import Area, MobileArea
from ..documents.kinds import AREA_TABLE, LRN_TABLE, MOBILE_TABLE, NUMBER_TRANSFORM
from ..documents.lrn_table import LrnRow
from ..documents.tables import TransformSpec

Json = dict[str, Any]
Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """One kind of table."""

    kind: Kind[Any]
    rows: str
    """Field of the spec that holds the rows."""
    row: type[Row]
    key: tuple[str, ...]
    """Columns by which one row replaces another."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """What else columns are called, with the column."""

    def key_of(self, row: Json) -> Key:
        """Return by what a row replaces another."""
        return tuple(map(row.get, self.key))

    @property
    def columns(self) -> list[str]:
        """Return the columns in their order."""
        return [info.alias or name for name, info in self.row.model_fields.items()]


LAYOUTS: Final = {
    LRN_TABLE.name: Layout(
        LRN_TABLE,
        "rows",
        LrnRow,
        ("number",),
        {"tn": "number", "phone number": "number", "rn": "lrn", "routing number": "lrn"},
    ),
    MOBILE_TABLE.name: Layout(
        MOBILE_TABLE, "mobiles", MobileArea, ("prefix",), {"area": "areaCode"}
    ),
    AREA_TABLE.name: Layout(AREA_TABLE, "areas", Area, ("prefix",), {"area": "name"}),
    NUMBER_TRANSFORM.name: Layout(
        NUMBER_TRANSFORM,
        "rows",
        TransformSpec,
        ("mappingGatewayCaller", "number", "original", "party", "point"),
        {"caller": "mappingGatewayCaller", "callee": "routingGatewayCallee"},
    ),
}
