"""Workbooks as a spreadsheet program writes them, as small as they may be."""

import io
import zipfile
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape

TYPES = """<?xml version="1.0"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Override PartName="/xl/workbook.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>
<Override PartName="/xl/worksheets/sheet1.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>
</Types>"""
RELATIONS = """<?xml version="1.0"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="r1" Target="{target}"
 Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}"/>
</Relationships>"""
BOOK = """<?xml version="1.0"?>
<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"
 xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">
<sheets><sheet name="Rates" sheetId="1" r:id="r1"/></sheets></workbook>"""
SHEET = """<?xml version="1.0"?>
<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">
<sheetData>{rows}</sheetData></worksheet>"""

Cell = str | int | float | None


def workbook(rows: Iterable[Sequence[Cell]], first_row: int = 1) -> bytes:
    """Return an XLSX file with one sheet; `None` leaves a cell empty."""
    spelled = "".join(_row(number, row) for number, row in enumerate(rows, first_row))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("[Content_Types].xml", TYPES)
        target = RELATIONS.format(target="xl/workbook.xml", kind="officeDocument")
        parts.writestr("_rels/.rels", target)
        parts.writestr("xl/workbook.xml", BOOK)
        target = RELATIONS.format(target="worksheets/sheet1.xml", kind="worksheet")
        parts.writestr("xl/_rels/workbook.xml.rels", target)
        parts.writestr("xl/worksheets/sheet1.xml", SHEET.format(rows=spelled))
    return file.getvalue()


def _row(number: int, cells: Sequence[Cell]) -> str:
    spelled = "".join(
        _cell(f"{chr(65 + column)}{number}", value)
        for column, value in enumerate(cells)
        if value is not None
    )
    return f'<row r="{number}">{spelled}</row>'


def _cell(place: str, value: Cell) -> str:
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f'<c r="{place}"><v>{value!r}</v></c>'
