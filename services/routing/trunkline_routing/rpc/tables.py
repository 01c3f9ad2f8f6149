"""Answers trunkline.routing.v1.TableService: imports of rows."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

from trunkline.routing.v1 import tables_pb2 as pb
from trunkline.routing.v1.tables_pb2_grpc import TableServiceServicer
from trunkline_kernel.documents import Document, Documents, Spec
from trunkline_kernel.documents.kinds import dump
from trunkline_kernel.faults import FieldViolation
from trunkline_kernel.rpc import Context
from trunkline_kernel.sheets import UnreadableFile, text_of, unpack

from ..documents.kinds import AREA_TABLE, MOBILE_TABLE, PHONE
from ..errors import BadImport
from ..tables.imports import Difference, Import, Json, plan_import
from ..tables.layouts import LAYOUTS, Layout
from ..tables.sections import describe
from ..tables.text import UnreadableText


class TableServicer(TableServiceServicer):
    """Imports into the tables among `documents`."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def ImportRows(
        self, request: pb.ImportRowsRequest, context: Context
    ) -> pb.ImportRowsResponse:
        """Read rows into a table, or say what that would change."""
        layout = _layout(request)
        spec = self._documents.of(layout.kind).get(request.name)
        stored = getattr(spec, layout.rows) if spec is not None else ()
        planned = await asyncio.to_thread(_plan, layout, stored, request)
        stores = not request.dry_run and (request.skip_bad_rows or not planned.bad_rows)
        if stores:
            others = dump(spec) if spec is not None else {}
            document = Document(layout.kind, request.name, {**others, layout.rows: planned.rows})
            await self._documents.apply([document], request.author)
        return _response(planned, stored=stores)

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
        return pb.RollBackRowsResponse(rows=len(before[layout.rows]))

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


def _plan(layout: Layout, stored: Sequence[Spec], request: pb.ImportRowsRequest) -> Import:
    """Read the file and compare, in a thread: calls are routed meanwhile."""
    replace = request.mode == pb.IMPORT_ROWS_MODE_REPLACE
    try:
        content = unpack(request.text) if request.gzip else request.text
        return plan_import(layout, stored, text_of(content), replace=replace)
    except (UnreadableText, UnreadableFile) as error:
        raise BadImport(violations=[FieldViolation("text", str(error))]) from error


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
