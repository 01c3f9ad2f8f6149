"""`trunkline get` and `trunkline delete`: documents as the services keep them."""

import json
import sys
from collections.abc import Iterable, Iterator
from typing import Annotated, Any

import typer
import yaml
from trunkline.common.v1.documents_pb2 import (
    DeleteDocumentRequest,
    Document,
    GetDocumentRequest,
    ListDocumentsRequest,
    ListReferrersRequest,
)
from trunkline_kernel.faults import Fault

from .channels import PeerError
from .context import author, switch_of
from .documents.catalog import Catalog, read_catalog
from .errors import Refused
from .output import Column, DocumentFormat, console, show_table, write_json
from .paging import PAGE_SIZE, collect
from .services import Service
from .switch import Switch

KindArgument = Annotated[str, typer.Argument(help="Kind of document, for example Account.")]
NO_LIMIT = sys.maxsize
SUMMARY_WIDTH = 60


def get(
    context: typer.Context,
    kind: KindArgument,
    name: Annotated[str, typer.Argument(help="Name. Without it all are listed.")] = "",
    output: Annotated[
        DocumentFormat, typer.Option("--output", "-o", help="table, or a document to apply again.")
    ] = DocumentFormat.TABLE,
) -> None:
    """Show the documents of a kind, or one of them."""
    switch = switch_of(context)
    catalog = read_catalog(switch)
    kind = catalog.find(kind)
    if name or catalog.is_singleton(kind):
        found = [find_document(switch, catalog, kind, name)]
        single = True
    else:
        found = list(list_documents(switch, catalog, kind))
        single = False
    if output is DocumentFormat.JSON:
        write_json(found[0] if single else found)
    elif output is DocumentFormat.YAML or single:
        yaml.safe_dump_all(found, sys.stdout, sort_keys=False, allow_unicode=True)
    else:
        show_table(found, COLUMNS)


def delete(
    context: typer.Context,
    kind: KindArgument,
    name: Annotated[str, typer.Argument(help="Name of the document.")],
) -> None:
    """Remove a document that no other refers to."""
    switch = switch_of(context)
    catalog = read_catalog(switch)
    kind = catalog.find(kind)
    find_document(switch, catalog, kind, name)
    referrers = sorted(set(_referrers(switch, kind, name)))
    if referrers:
        raise Refused(f"{kind}/{name} is referred to and stays", referrers)
    for service in reversed(catalog.keepers(kind)):
        request = DeleteDocumentRequest(kind=kind, name=name, author=author())
        _unless_missing(switch.documents(service).DeleteDocument, request)
    console().print(f"{kind}/{name} [red]deleted[/]")


def find_document(switch: Switch, catalog: Catalog, kind: str, name: str) -> dict[str, Any]:
    """Return one document, put together from all services that keep a part of it.

    Raises `Refused` when none has it.
    """
    answers = [
        _unless_missing(
            switch.documents(service).GetDocument, GetDocumentRequest(kind=kind, name=name)
        )
        for service in catalog.keepers(kind)
    ]
    merged = list(_merge(answer.document for answer in answers if answer is not None))
    if not merged:
        raise Refused(f"there is no {kind} {name}".rstrip())
    return merged[0]


def list_documents(switch: Switch, catalog: Catalog, kind: str) -> Iterator[dict[str, Any]]:
    """Yield the documents of a kind in the order of their names."""
    return _merge(
        document
        for service in catalog.keepers(kind)
        for document in _list_of(switch, service, kind)
    )


def _list_of(switch: Switch, service: Service, kind: str) -> Iterator[Document]:
    def page(token: str) -> tuple[Iterable[Document], str]:
        answer = switch.documents(service).ListDocuments(
            ListDocumentsRequest(kind=kind, page_size=PAGE_SIZE, page_token=token)
        )
        return answer.documents, answer.next_page_token

    return collect(page, NO_LIMIT)


def _merge(parts: Iterable[Document]) -> Iterator[dict[str, Any]]:
    specs: dict[tuple[str, str], dict[str, Any]] = {}
    for part in parts:
        specs.setdefault((part.name, part.kind), {}).update(json.loads(part.spec_json or "{}"))
    for (name, kind), spec in sorted(specs.items()):
        yield {"kind": kind, "name": name, "spec": spec} if name else {"kind": kind, "spec": spec}


def _referrers(switch: Switch, kind: str, name: str) -> Iterator[str]:
    request = ListReferrersRequest(kind=kind, name=name)
    for service in Service:
        for reference in switch.documents(service).ListReferrers(request).references:
            yield f"{reference.kind}/{reference.name}: {reference.field}"


def _unless_missing(method: Any, request: Any) -> Any:
    try:
        return method(request)
    except PeerError as error:
        if error.remote.fault != Fault.NOT_FOUND:
            raise
        return None


def _summary(document: dict[str, Any]) -> str:
    text = ", ".join(
        f"{field}={json.dumps(value) if isinstance(value, dict | list) else value}"
        for field, value in document["spec"].items()
        if value not in (None, "", [], {})
    )
    return text if len(text) <= SUMMARY_WIDTH else text[: SUMMARY_WIDTH - 1] + "…"


COLUMNS: list[Column[dict[str, Any]]] = [
    Column("Name", lambda document: document.get("name", ""), "bold"),
    Column("Spec", _summary),
]
