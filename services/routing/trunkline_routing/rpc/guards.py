"""What operators need a right for in routing, besides documents and parameters (MGT-12)."""

from collections.abc import Mapping
from typing import Final

from trunkline.routing.v1 import tables_pb2 as pb
from trunkline_kernel.rights import Action, Rule


def _import_rows(request: pb.ImportRowsRequest) -> Action | None:
    return None if request.dry_run else Action("numbers", (f"{request.kind}/{request.name}",))


def _stream_row_import(message: pb.StreamRowImportRequest) -> Action | None:
    return _import_rows(message.request)


def _roll_back_rows(request: pb.RollBackRowsRequest) -> Action:
    return Action("numbers", (f"{request.kind}/{request.name}",))


GUARDS: Final[Mapping[str, Rule]] = {
    "/trunkline.routing.v1.TableService/ImportRows": _import_rows,
    "/trunkline.routing.v1.TableService/StreamRowImport": _stream_row_import,
    "/trunkline.routing.v1.TableService/RollBackRows": _roll_back_rows,
}
