"""`trunkline table`: files into tables, back, and whose a section is (RTE-24, MGT-15)."""

import gzip
from pathlib import Path
from typing import Any

import pytest
from support.command import FakeSwitch, Run
from trunkline.common.v1 import common_pb2
from trunkline.routing.v1 import tables_pb2 as pb
from trunkline.routing.v1 import tables_pb2_grpc
from trunkline_cli.services import Service


class Tables(tables_pb2_grpc.TableServiceServicer):
    """Remembers what it was asked last; its second row is bad."""

    asked: Any

    def StreamRowImport(self, message: pb.StreamRowImportRequest, context: Any) -> Any:
        self.asked = request = message.request
        yield pb.StreamRowImportResponse(progress=common_pb2.Progress(done=1, total=2))
        result = pb.ImportRowsResponse(
            added=1,
            stored=request.skip_bad_rows and not request.dry_run,
            bad_rows=[pb.BadRow(line=2, message="number: expected ten digits")],
            differences=[pb.RowDifference(key="2125551234", after_json='{"lrn": "9730000000"}')],
        )
        yield pb.StreamRowImportResponse(result=result)

    def ImportRows(self, request: pb.ImportRowsRequest, context: Any) -> Any:
        raise AssertionError("a command follows its import")

    def RollBackRows(self, request: pb.RollBackRowsRequest, context: Any) -> Any:
        self.asked = request
        return pb.RollBackRowsResponse(rows=7)

    def DescribeSection(self, request: pb.DescribeSectionRequest, context: Any) -> Any:
        return pb.DescribeSectionResponse(
            area_prefix="8613", area_name="China Mobile", area_code="0138", accounts=["acme"]
        )


@pytest.fixture
def tables(switch: FakeSwitch) -> Tables:
    servicer = Tables()
    add = tables_pb2_grpc.add_TableServiceServicer_to_server
    switch.servicers[Service.ROUTING] = [(add, servicer)]
    return servicer


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "lrn.csv"
    path.write_text("2125551234,9730000000\n212,9730000000\n")
    return str(path)


def test_rte24_a_bad_row_stops_the_import_and_is_named(tables: Tables, run: Run, file: str) -> None:
    ended = run("table", "import", "lrn", "us", file)

    assert ended.status == 1
    assert "nothing changed, --skip-bad leaves them out" in ended.err
    assert f"{file}:2: number: expected ten digits" in ended.err
    assert (tables.asked.kind, tables.asked.name) == ("LrnTable", "us")
    assert gzip.decompress(tables.asked.text).startswith(b"2125551234")


def test_rte24_bad_rows_may_be_left_out_and_the_difference_is_shown(
    tables: Tables, run: Run, file: str
) -> None:
    ended = run("table", "import", "lrn", "us", file, "--skip-bad", "--replace")

    assert "nothing changed" not in ended.err
    assert tables.asked.mode == pb.IMPORT_ROWS_MODE_REPLACE
    assert ended.out.splitlines()[-1] == "1 new"
    assert '{"lrn": "9730000000"}' in ended.out


def test_rte24_a_table_is_put_back(tables: Tables, run: Run) -> None:
    assert run("table", "rollback", "transform", "own").out == "own is what it was: 7 rows\n"
    assert tables.asked.kind == "NumberTransform"


def test_mgt15_a_section_has_an_owner_and_an_area(tables: Tables, run: Run) -> None:
    assert run("table", "section", "8613800").out.splitlines() == [
        "area: 0138 China Mobile (prefix 8613)",
        "owner: acme",
    ]
