"""Imports of rows as carriers send them (RTE-24, MGT-15, RTE-01)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from trunkline.routing.v1 import tables_pb2 as pb
from trunkline.routing.v1.tables_pb2_grpc import add_TableServiceServicer_to_server
from trunkline_kernel.database import open_database
from trunkline_kernel.documents import Documents
from trunkline_kernel.faults import Fault, RemoteError
from trunkline_kernel.metrics import Metrics
from trunkline_kernel.rpc import Dispatcher, InProcessChannel, method_of
from trunkline_routing.documents.kinds import CHECKS, KINDS
from trunkline_routing.rpc.tables import TableServicer
from trunkline_routing.settings import RoutingSettings

SERVICE = pb.DESCRIPTOR.services_by_name["TableService"]
IMPORT = method_of(SERVICE, "ImportRows", pb.ImportRowsRequest, pb.ImportRowsResponse)

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


async def test_a_mobile_prefix_that_comes_again_is_replaced(tables: Tables) -> None:
    """MGT-15."""
    await tables.load(b"1380013,021,Shanghai\n", "MobileTable")
    response = await tables.load(b"1380013,010,Beijing\n138001,010,short\n", "MobileTable")

    assert (response.changed, [each.line for each in response.bad_rows]) == (1, [2])
    assert tables.rows("MobileTable", "mobiles")[0].area_code == "021"


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
        pytest.param({"text": b"\xff\xfe1"}, "text", id="not UTF-8"),
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
