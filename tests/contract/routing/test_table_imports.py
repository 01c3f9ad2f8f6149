"""Imports of rows as carriers send them (RTE-24, MGT-15, RTE-01)."""

from __future__ import annotations

import gzip
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from support.workbooks import Cell, workbook
from trunkline.common.v1 import common_pb2
from trunkline.routing.v1 import tables_pb2 as pb
from trunkline.routing.v1.tables_pb2_grpc import add_TableServiceServicer_to_server
from trunkline_kernel.database import open_database
from trunkline_kernel.documents import Document, Documents
from trunkline_kernel.faults import Fault, RemoteError
from trunkline_kernel.metrics import Metrics
from trunkline_kernel.rpc import Dispatcher, InProcessChannel, method_of
from trunkline_routing.documents.kinds import CHECKS, KINDS
from trunkline_routing.rpc.tables import TableServicer
from trunkline_routing.settings import RoutingSettings

SERVICE = pb.DESCRIPTOR.services_by_name["TableService"]
ROLL_BACK = method_of(SERVICE, "RollBackRows", pb.RollBackRowsRequest, pb.RollBackRowsResponse)
DESCRIBE = method_of(
    SERVICE, "DescribeSection", pb.DescribeSectionRequest, pb.DescribeSectionResponse
)
IMPORT = method_of(SERVICE, "ImportRows", pb.ImportRowsRequest, pb.ImportRowsResponse)
STREAM = method_of(
    SERVICE, "StreamRowImport", pb.StreamRowImportRequest, pb.StreamRowImportResponse
)
READ, CHECKED, STORED = (
    common_pb2.PROGRESS_STAGE_READ,
    common_pb2.PROGRESS_STAGE_CHECKED,
    common_pb2.PROGRESS_STAGE_STORED,
)

THREE = b"number,lrn,state\n2125551234,9730000000,NJ\n212555123,9730000000,NJ\n2125551236,9731,\n"


class Tables:
    """Imports over the contract; looks at what is kept."""

    def __init__(self, channel: InProcessChannel, documents: Documents) -> None:
        self._channel = channel
        self._documents = documents

    async def load(self, text: bytes, kind: str = "LrnTable", **options: Any) -> Any:
        options = {"mode": pb.IMPORT_ROWS_MODE_ADD, "name": "own", **options}
        request = pb.ImportRowsRequest(kind=kind, text=text, **options)
        return await self._channel.call(IMPORT, request, timeout=5)

    async def steps(self, text: bytes, **options: Any) -> AsyncGenerator[Any, None]:
        request = pb.ImportRowsRequest(
            kind="LrnTable", name="own", text=text, mode=pb.IMPORT_ROWS_MODE_ADD, **options
        )
        message = pb.StreamRowImportRequest(request=request)
        async with aclosing(self._channel.stream(STREAM, message)) as steps:
            async for step in steps:
                yield step

    async def roll_back(self, kind: str = "LrnTable") -> int:
        request = pb.RollBackRowsRequest(kind=kind, name="own")
        return (await self._channel.call(ROLL_BACK, request, timeout=5)).rows

    async def apply_phone(self, number: str, **spec: Any) -> None:
        await self._documents.apply([Document("Phone", number, spec)])

    async def describe(self, digits: str) -> pb.DescribeSectionResponse:
        request = pb.DescribeSectionRequest(digits=digits)
        return await self._channel.call(DESCRIBE, request, timeout=5)

    async def apply(self, kind: str, **spec: Any) -> None:
        await self._documents.apply([Document(kind, "own", spec)])

    def spec(self, kind: str) -> Any:
        return self._documents.of(kind)["own"]

    def rows(self, kind: str = "LrnTable", field: str = "rows") -> list[Any]:
        spec = self._documents.of(kind).get("own")
        return list(getattr(spec, field)) if spec else []


@pytest.fixture
async def tables(tmp_path: Path) -> AsyncIterator[Tables]:
    settings = RoutingSettings(database_url=f"sqlite+aiosqlite:///{tmp_path}/routing.db")
    async with open_database(settings) as database:
        await database.migrate()
        documents = Documents(KINDS, database, checks=CHECKS)
        await documents.load()
        dispatcher = Dispatcher(Metrics("routing"))
        dispatcher.add(add_TableServiceServicer_to_server, TableServicer(documents))
        yield Tables(InProcessChannel(dispatcher), documents)


async def test_bad_rows_are_told_by_their_line_and_skipped(tables: Tables) -> None:
    """RTE-24, acceptance."""
    response = await tables.load(THREE, skip_bad_rows=True)

    assert (response.added, response.stored) == (1, True)
    assert [each.line for each in response.bad_rows] == [3, 4]
    assert "number" in response.bad_rows[0].message
    assert [each.number for each in tables.rows()] == ["2125551234"]


async def test_one_bad_row_stores_nothing_unless_told_to_skip_it(tables: Tables) -> None:
    response = await tables.load(THREE)

    assert not response.stored
    assert tables.rows() == []


async def test_a_dry_run_tells_the_difference_and_stores_nothing(tables: Tables) -> None:
    await tables.load(b"2125550001,9730000000\n2125550002,9730000000\n2125550003,9730000000\n")
    text = b"2125550001,9730000000\n2125550002,9739999999\n2125550009,9730000000\n"
    dry = await tables.load(text, mode=pb.IMPORT_ROWS_MODE_REPLACE, dry_run=True)

    assert (dry.added, dry.changed, dry.unchanged, dry.removed) == (1, 1, 1, 1)
    assert not dry.stored
    assert len(tables.rows()) == 3


async def test_rows_that_are_not_named_stay_or_go(tables: Tables) -> None:
    await tables.load(b"2125550001,9730000000\n")
    await tables.load(b"2125550002,9730000000\n")
    both = [each.number for each in tables.rows()]
    await tables.load(b"2125550003,9730000000\n", mode=pb.IMPORT_ROWS_MODE_REPLACE)

    assert both == ["2125550001", "2125550002"]
    assert [each.number for each in tables.rows()] == ["2125550003"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"\xef\xbb\xbfTN;RN\r\n2125551234;9730000000\r\n", id="BOM, semicolons"),
        pytest.param(b"Routing_Number\tPhone Number\n9730000000\t2125551234\n", id="tabs, turned"),
        pytest.param(b"number|note|lrn\n2125551234|x|9730000000\n", id="bars, one column more"),
        pytest.param(b'"2125551234" , "9730000000"\n\n', id="quoted, no header"),
        pytest.param(b"2125551234,9739999999\n2125551234,9730000000\n", id="the later one counts"),
    ],
)
async def test_text_is_read_as_it_comes(tables: Tables, text: bytes) -> None:
    response = await tables.load(text)

    assert list(response.bad_rows) == []
    assert [(each.number, each.lrn) for each in tables.rows()] == [("2125551234", "9730000000")]


async def test_rte24_a_workbook_is_read_as_text_is(tables: Tables) -> None:
    rows: list[tuple[Cell, ...]] = [
        ("TN", "RN", "State"),
        (2125551234, 9730000000, "NJ"),
        (212555123, 9730000000, "NJ"),
    ]

    response = await tables.load(workbook(rows), skip_bad_rows=True)

    assert [each.line for each in response.bad_rows] == [3]
    assert [(each.number, each.state) for each in tables.rows()] == [("2125551234", "NJ")]


async def test_rte24_a_packed_file_is_unpacked(tables: Tables) -> None:
    response = await tables.load(gzip.compress(b"2125551234,9730000000\n"), gzip=True)

    assert response.stored


async def test_rte24_every_difference_is_told(tables: Tables) -> None:
    await tables.load(b"2125550001,9730000000\n2125550002,9730000000\n")
    text = b"2125550001,9739999999\n2125550009,9730000000\n"

    told = await tables.load(text, mode=pb.IMPORT_ROWS_MODE_REPLACE, dry_run=True)

    assert [(e.key, bool(e.before_json), bool(e.after_json)) for e in told.differences] == [
        ("2125550001", True, True),
        ("2125550009", False, True),
        ("2125550002", True, False),
    ]


async def test_rte24_an_import_is_taken_back_and_taken_over_again(tables: Tables) -> None:
    await tables.load(b"2125550001,9730000000\n")
    await tables.load(b"2125550002,9730000000\n", mode=pb.IMPORT_ROWS_MODE_REPLACE)

    assert await tables.roll_back() == 1
    assert [each.number for each in tables.rows()] == ["2125550001"]
    assert await tables.roll_back() == 1
    assert [each.number for each in tables.rows()] == ["2125550002"]


async def test_rte24_a_first_import_can_not_be_taken_back(tables: Tables) -> None:
    await tables.load(b"2125550001,9730000000\n")

    with pytest.raises(RemoteError, match="before its last change") as refused:
        await tables.roll_back()

    assert refused.value.fault is Fault.FAILED_PRECONDITION


async def test_an_import_leaves_the_rest_of_a_table_alone(tables: Tables) -> None:
    await tables.apply("LrnTable", rows=[], memo="from the carrier")
    await tables.load(b"2125550001,9730000000\n")

    assert tables.spec("LrnTable").memo == "from the carrier"


async def test_a_mobile_prefix_that_comes_again_is_replaced(tables: Tables) -> None:
    """MGT-15."""
    await tables.load(b"1380013,021,Shanghai\n", "MobileTable")
    response = await tables.load(b"1380013,010,Beijing\n138001,010,short\n", "MobileTable")

    assert (response.changed, [each.line for each in response.bad_rows]) == (1, [2])
    assert tables.rows("MobileTable", "mobiles")[0].area_code == "021"


async def test_mgt15_a_section_is_described_by_its_owner_and_area(tables: Tables) -> None:
    await tables.load(b"86,China,0086\n8613,China Mobile,0138\n", "AreaTable")
    await tables.load(b"8613800,010,Beijing\n", "MobileTable")
    await tables.apply_phone("8613800138000", account="acme")
    await tables.apply_phone("8613900138000", account="other")

    found = await tables.describe("8613800")

    assert (found.area_prefix, found.area_name) == ("8613", "China Mobile")
    assert (found.mobile_name, found.mobile_area_code) == ("Beijing", "010")
    assert list(found.accounts) == ["acme"]


async def test_number_transforms_come_in_three_columns(tables: Tables) -> None:
    """RTE-01."""
    text = b"mappingGatewayCaller,number,routingGatewayCallee\n2015551234,12015551234,\n,1800,800\n"
    response = await tables.load(text, "NumberTransform")

    assert response.added == 2
    assert [str(row) for spec in tables.rows("NumberTransform") for row in spec.rows("")] == [
        "2015551234 -> 12015551234",
        "1800 -> 800",
    ]


@pytest.mark.parametrize(
    ("options", "field"),
    [
        pytest.param({"kind": "Phone"}, "kind", id="no table"),
        pytest.param({"name": ""}, "name", id="no name"),
        pytest.param({"mode": pb.IMPORT_ROWS_MODE_UNSPECIFIED}, "mode", id="no mode"),
        pytest.param({"text": b"PK\x03\x04"}, "text", id="a broken workbook"),
        pytest.param({"text": b"1", "gzip": True}, "text", id="not packed"),
        pytest.param({"text": b"lrn,rn,number\n"}, "text", id="a column twice"),
    ],
)
async def test_what_cannot_be_read_at_all_is_refused(
    tables: Tables, options: dict[str, Any], field: str
) -> None:
    with pytest.raises(RemoteError) as error:
        await tables.load(**{"text": b"2125551234,9730000000\n", **options})

    assert error.value.fault is Fault.INVALID_ARGUMENT
    assert [each.field for each in error.value.violations] == [field]


MANY = b"".join(b"%d,9730000000\n" % number for number in range(2_125_550_000, 2_125_562_000))


async def test_rte24_an_import_tells_how_far_it_is(tables: Tables) -> None:
    *told, last = [step async for step in tables.steps(MANY)]

    stages = [step.progress.stage for step in told]
    assert stages == sorted(stages)
    assert set(stages) == {READ, CHECKED, STORED}
    assert all(step.progress.done <= step.progress.total for step in told)
    assert (last.result.added, last.result.stored, len(tables.rows())) == (12_000, True, 12_000)


async def test_rte24_a_dry_run_tells_how_far_it_is_and_stores_nothing(tables: Tables) -> None:
    *told, last = [step async for step in tables.steps(MANY, dry_run=True)]

    assert {step.progress.stage for step in told} == {READ, CHECKED}
    assert (last.result.added, last.result.stored, tables.rows()) == (12_000, False, [])


@pytest.mark.parametrize("stage", [READ, CHECKED], ids=["reading", "comparing"])
async def test_rte24_an_import_that_is_stopped_leaves_nothing(tables: Tables, stage: int) -> None:
    async with aclosing(tables.steps(MANY)) as steps:
        async for step in steps:
            if step.progress.stage == stage:
                break

    assert tables.rows() == []
