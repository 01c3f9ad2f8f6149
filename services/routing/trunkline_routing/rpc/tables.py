"""Answers trunkline.routing.v1.TableService: imports of rows."""

from __future__ import annotations

from trunkline.routing.v1 import tables_pb2 as pb
from trunkline.routing.v1.tables_pb2_grpc import TableServiceServicer
from trunkline_kernel.documents import Document, Documents
from trunkline_kernel.faults import FieldViolation
from trunkline_kernel.rpc import Context

from ..errors import BadImport
from ..tables.imports import Import, plan_import
from ..tables.layouts import LAYOUTS, Layout
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
        replace = request.mode == pb.IMPORT_ROWS_MODE_REPLACE
        try:
            planned = plan_import(layout, stored, request.text, replace=replace)
        except UnreadableText as error:
            raise BadImport(violations=[FieldViolation("text", str(error))]) from error
        stores = not request.dry_run and (request.skip_bad_rows or not planned.bad_rows)
        if stores:
            document = Document(layout.kind, request.name, {layout.rows: planned.rows})
            await self._documents.apply([document], request.author)
        return _response(planned, stored=stores)


def _layout(request: pb.ImportRowsRequest) -> Layout:
    layout = LAYOUTS.get(request.kind)
    violations = []
    if layout is None:
        violations.append(FieldViolation("kind", f"expected one of {', '.join(LAYOUTS)}"))
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
    )
