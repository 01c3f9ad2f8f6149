"""Answers trunkline.routing.v1.TableService: imports of rows."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel
from trunkline.routing.v1 import tables_pb2 as pb
from trunkline.routing.v1.tables_pb2_grpc import TableServiceServicer
from trunkline_kernel.background import to_the_end
from trunkline_kernel.beside import beside
from trunkline_kernel.documents import Document, Documents, Row, Rows
from trunkline_kernel.documents.text import BadSpec, dump, read
from trunkline_kernel.faults import FieldViolation
from trunkline_kernel.progress import Progress, Stage
from trunkline_kernel.rpc import Context
from trunkline_kernel.rpc.progress import progress_message
from trunkline_kernel.sheets import UnreadableFile, text_of, unpack

from ..documents.kinds import AREA_TABLE, MOBILE_TABLE, PHONE
from ..errors import BadImport
from ..tables.imports import Difference, Import, plan_import
from ..tables.layouts import LAYOUTS, Json, Layout
from ..tables.sections import describe
from ..tables.text import UnreadableText

LARGE_FILE: Final = 100_000
"""Bytes of a file that is read in a process of its own."""

LARGE_TABLE: Final = 2_000
"""Rows of a table that a file meets there."""


class TableServicer(TableServiceServicer):
    """Imports into the tables among `documents`."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def ImportRows(
        self, request: pb.ImportRowsRequest, context: Context
    ) -> pb.ImportRowsResponse:
        """Read rows into a table, or say what that would change."""
        async with aclosing(self._import(request)) as steps:
            *_, result = [step async for step in steps]
        assert isinstance(result, pb.ImportRowsResponse)
        return result

    async def StreamRowImport(
        self, request: pb.StreamRowImportRequest, context: Context
    ) -> AsyncIterator[pb.StreamRowImportResponse]:
        """Do the same and tell how far it is."""
        async with aclosing(self._import(request.request)) as steps:
            async for step in steps:
                if isinstance(step, Progress):
                    yield pb.StreamRowImportResponse(progress=progress_message(step))
                else:
                    yield pb.StreamRowImportResponse(result=step)

    async def _import(
        self, request: pb.ImportRowsRequest
    ) -> AsyncGenerator[Progress | pb.ImportRowsResponse, None]:
        layout = _layout(request)
        stored = self._documents.of(layout.kind.name).get(request.name)
        large = len(request.text) > LARGE_FILE or len(_rows(layout, stored)) > LARGE_TABLE
        async with beside(work_out, [Order(request, stored)], large=large) as results:
            async for result in results:
                match result:
                    case Progress():
                        yield result
                    case Import():
                        planned = result
                        if request.dry_run:
                            break
                    case _:
                        spec = result
        holds = not request.dry_run and (request.skip_bad_rows or not planned.bad_rows)
        if holds:
            total = len(_rows(layout, spec))
            yield Progress(Stage.STORED, 0, total)
            document = Document(layout.kind.name, request.name, spec)
            await to_the_end(self._documents.apply([document], request.author))
            yield Progress(Stage.STORED, total, total)
        yield _response(planned, stored=holds)

    async def RollBackRows(
        self, request: pb.RollBackRowsRequest, context: Context
    ) -> pb.RollBackRowsResponse:
        """Put a table back to what it was before its last change."""
        layout = LAYOUTS.get(request.kind)
        if layout is None:
            raise BadImport(violations=[_no_table()])
        before = await self._documents.version_before(request.kind, request.name)
        document = Document(request.kind, request.name, before)
        await self._documents.apply([document], request.author)
        return pb.RollBackRowsResponse(rows=len(_rows(layout, before)))

    async def DescribeSection(
        self, request: pb.DescribeSectionRequest, context: Context
    ) -> pb.DescribeSectionResponse:
        """Say where a section lies and whose it is."""
        if not request.digits.isdecimal():
            raise BadImport(violations=[FieldViolation("digits", "expected digits")])
        of = self._documents.of
        section = describe(
            request.digits, of(AREA_TABLE.name), of(MOBILE_TABLE.name), of(PHONE.name)
        )
        response = pb.DescribeSectionResponse(accounts=section.owners)
        if area := section.area:
            response.area_prefix, response.area_name = area.prefix, area.name
            response.area_code = area.code
        if mobile := section.mobile:
            response.mobile_name, response.mobile_area_code = mobile.name, mobile.area_code
        return response


@dataclass(frozen=True, slots=True)
class Order:
    """A file to be read, and the table it meets, if there is one."""

    request: pb.ImportRowsRequest
    stored: BaseModel | None


def work_out(orders: Iterator[Order]) -> Iterator[Progress | Import | BaseModel | BadSpec]:
    """Read the file and compare; yield progress, what differs, and the table as it would be."""
    order = next(orders)
    request, layout = order.request, LAYOUTS[order.request.kind]
    stored, replace = _rows(layout, order.stored), request.mode == pb.IMPORT_ROWS_MODE_REPLACE
    try:
        content = unpack(request.text) if request.gzip else request.text
        for step in plan_import(layout, stored, text_of(content), replace=replace):
            yield _with_rows(layout, order.stored, step) if isinstance(step, Rows) else step
    except (UnreadableText, UnreadableFile) as error:
        raise BadImport(violations=[FieldViolation("text", str(error))]) from error


def _with_rows(layout: Layout, stored: BaseModel | None, rows: Rows[Row]) -> BaseModel | BadSpec:
    try:
        return read(layout.kind.spec, {**(dump(stored) if stored else {}), layout.rows: rows})
    except BadSpec as error:
        return error


def _rows(layout: Layout, spec: BaseModel | BadSpec | None) -> Sequence[Row]:
    rows: Sequence[Row] = getattr(spec, layout.rows, ())
    return rows


def _no_table() -> FieldViolation:
    return FieldViolation("kind", f"expected one of {', '.join(LAYOUTS)}")


def _layout(request: pb.ImportRowsRequest) -> Layout:
    layout = LAYOUTS.get(request.kind)
    violations = []
    if layout is None:
        violations.append(_no_table())
    if not request.name:
        violations.append(FieldViolation("name", "is required"))
    if request.mode == pb.IMPORT_ROWS_MODE_UNSPECIFIED:
        violations.append(FieldViolation("mode", "expected ADD or REPLACE"))
    if layout is None or violations:
        raise BadImport(violations=violations)
    return layout


def _response(planned: Import, *, stored: bool) -> pb.ImportRowsResponse:
    return pb.ImportRowsResponse(
        added=planned.added,
        changed=planned.changed,
        unchanged=planned.unchanged,
        removed=planned.removed,
        bad_rows=[pb.BadRow(line=each.line, message=each.message) for each in planned.bad_rows],
        stored=stored,
        differences=map(_difference, planned.differences),
    )


def _difference(difference: Difference) -> pb.RowDifference:
    return pb.RowDifference(
        key=difference.key,
        before_json=_json(difference.before),
        after_json=_json(difference.after),
    )


def _json(row: Json | None) -> str:
    return "" if row is None else json.dumps(row, ensure_ascii=False)
