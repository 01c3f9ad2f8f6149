"""Files as carriers send them: text in many spellings, and workbooks."""

import contextlib
import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.workbooks import workbook
from trunkline_kernel.sheets import UnreadableFile, delimiter_of, text_of, unpack


@pytest.mark.parametrize(
    "content",
    [
        "prefix;rate\n44;0,01 €".encode(),
        "prefix;rate\n44;0,01 €".encode("utf-8-sig"),
        "prefix;rate\n44;0,01 €".encode("utf-16"),
        "prefix;rate\n44;0,01 €".encode("cp1252"),
    ],
    ids=["UTF-8", "UTF-8 with a mark", "UTF-16", "Latin"],
)
def test_text_is_read_in_its_encoding(content: bytes) -> None:
    assert text_of(content) == "prefix;rate\n44;0,01 €"


def test_a_workbook_is_its_first_sheet_a_row_a_line() -> None:
    book = workbook([("Prefix", "Rate", "Area"), (44, 0.012, 'UK "mobile"'), (None,), (1, 1e-05)])

    assert text_of(book).splitlines() == [
        "Prefix\tRate\tArea",
        '44\t0.012\t"UK ""mobile"""',
        "",
        "1\t0.00001\t",
    ]


def test_a_row_of_a_workbook_keeps_its_line() -> None:
    assert text_of(workbook([("44", 0.012)], first_row=3)).splitlines() == ["", "", "44\t0.012"]


def test_a_line_break_in_a_cell_breaks_no_line() -> None:
    assert text_of(workbook([("44", "United\nKingdom")])) == "44\tUnited Kingdom"


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04 and nothing", b"%PDF-1.7\0\0", b"\xd0\xcf\x11\xe0\0\0"]
)
def test_what_is_no_table_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableFile):
        text_of(content)


@given(st.binary())
def test_any_bytes_are_text_or_refused(content: bytes) -> None:
    with contextlib.suppress(UnreadableFile):
        text_of(content)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_cuts_lines_alike(delimiter: str) -> None:
    lines = [delimiter.join(("44", "0.01", "a b")), delimiter.join(("1", "0.02", "c"))]

    assert delimiter_of(lines) == delimiter


def test_what_gzip_packed_is_unpacked_and_nothing_else() -> None:
    assert unpack(gzip.compress(b"44,1")) == b"44,1"
    with pytest.raises(UnreadableFile):
        unpack(b"44,1")
