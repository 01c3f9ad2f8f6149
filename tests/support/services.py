"""Services that answer over real gRPC without being there: for tests of those who ask them."""

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.rpc.error_details_pb2 import BadRequest
from google.rpc.status_pb2 import Status
from trunkline.common.v1.documents_pb2 import (
    ApplyDocumentsRequest,
    ApplyDocumentsResponse,
    ChangeAction,
    DeleteDocumentRequest,
    DeleteDocumentResponse,
    Document,
    DocumentChange,
    DocumentError,
    FieldChange,
    GeneratedSecret,
    GetDocumentRequest,
    GetDocumentResponse,
    Kind,
    ListDocumentsRequest,
    ListDocumentsResponse,
    ListKindsRequest,
    ListKindsResponse,
    ListReferrersRequest,
    ListReferrersResponse,
    PlanDocumentsRequest,
    PlanDocumentsResponse,
    Reference,
)
from trunkline.common.v1.documents_pb2_grpc import DocumentServiceServicer


@contextmanager
def serving(*registrations: tuple[Any, Any]) -> Iterator[str]:
    """Serve pairs of add_..._to_server and servicer on a free port; give HOST:PORT."""
    with ThreadPoolExecutor(max_workers=4) as pool:
        server = grpc.server(pool)
        for add, servicer in registrations:
            add(servicer, server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield f"127.0.0.1:{port}"
        finally:
            server.stop(None).wait()


def refuse(context: Any, code: grpc.StatusCode, message: str, fields: Mapping[str, str]) -> None:
    """End a call with an error that names fields, as the kernel's servers do."""
    bad = BadRequest()
    for name, description in fields.items():
        bad.field_violations.add(field=name, description=description)
    status = Status(code=code.value[0], message=message)
    status.details.add().Pack(bad)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(code, message)


@dataclass
class StoredDocuments(DocumentServiceServicer):
    """Documents of one service: fields not in `allowed` are errors, `references` are reported."""

    kinds: list[Kind]
    allowed: set[str] = field(default_factory=set)
    references: dict[str, str] = field(default_factory=dict)
    """Kind referred to, by the field that refers."""
    doubtful: dict[str, str] = field(default_factory=dict)
    """Warning, by the field it is of."""
    store: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    """Secrets that it makes up for every document, by path."""
    broken: str = ""
    """Why Apply fails, when it is to fail."""
    applied: list[str] = field(default_factory=list)
    """Names in the order in which they were stored."""

    def ListKinds(self, request: ListKindsRequest, context: Any) -> ListKindsResponse:
        return ListKindsResponse(kinds=self.kinds)

    def PlanDocuments(self, request: PlanDocumentsRequest, context: Any) -> PlanDocumentsResponse:
        answer = PlanDocumentsResponse(
            errors=[error for one in request.documents for error in self._errors(one)],
            references=[ref for one in request.documents for ref in self._references(one)],
            warnings=[warning for one in request.documents for warning in self._warnings(one)],
        )
        if not answer.errors:
            answer.changes.extend(map(self._change, request.documents))
        return answer

    def _warnings(self, document: Document) -> Iterator[DocumentError]:
        for name, message in self.doubtful.items():
            if name in json.loads(document.spec_json):
                yield DocumentError(
                    kind=document.kind,
                    name=document.name,
                    field=f"spec.{name}",
                    message=message,
                )

    def ApplyDocuments(
        self, request: ApplyDocumentsRequest, context: Any
    ) -> ApplyDocumentsResponse:
        if self.broken:
            refuse(context, grpc.StatusCode.FAILED_PRECONDITION, self.broken, {})
        changes = list(map(self._change, request.documents))
        for one in request.documents:
            self.store[one.kind, one.name] = json.loads(one.spec_json)
            self.applied.append(one.name)
        generated = [
            GeneratedSecret(kind=one.kind, name=one.name, field=path, value=secret)
            for one in request.documents
            for path, secret in self.secrets.items()
        ]
        return ApplyDocumentsResponse(changes=changes, generated=generated)

    def GetDocument(self, request: GetDocumentRequest, context: Any) -> GetDocumentResponse:
        key = (request.kind, request.name)
        if key not in self.store:
            context.abort(grpc.StatusCode.NOT_FOUND, f"no {request.kind} {request.name}")
        return GetDocumentResponse(document=self._document(*key))

    def ListDocuments(self, request: ListDocumentsRequest, context: Any) -> ListDocumentsResponse:
        keys = sorted(key for key in self.store if key[0] == request.kind)
        return ListDocumentsResponse(documents=[self._document(*key) for key in keys])

    def DeleteDocument(
        self, request: DeleteDocumentRequest, context: Any
    ) -> DeleteDocumentResponse:
        if self.store.pop((request.kind, request.name), None) is None:
            context.abort(grpc.StatusCode.NOT_FOUND, "gone already")
        return DeleteDocumentResponse()

    def ListReferrers(self, request: ListReferrersRequest, context: Any) -> ListReferrersResponse:
        return ListReferrersResponse(
            references=[
                reference
                for key in sorted(self.store)
                for reference in self._references(self._document(*key))
                if (reference.target_kind, reference.target_name) == (request.kind, request.name)
            ]
        )

    def _document(self, kind: str, name: str) -> Document:
        return Document(kind=kind, name=name, spec_json=json.dumps(self.store[kind, name]))

    def _errors(self, one: Document) -> Iterator[DocumentError]:
        for name in json.loads(one.spec_json).keys() - self.allowed:
            yield DocumentError(
                kind=one.kind, name=one.name, field=f"spec.{name}", message="unknown field"
            )

    def _references(self, one: Document) -> Iterator[Reference]:
        spec = json.loads(one.spec_json)
        for name, kind in self.references.items():
            if name in spec:
                yield Reference(
                    kind=one.kind,
                    name=one.name,
                    field=f"spec.{name}",
                    target_kind=kind,
                    target_name=spec[name],
                )

    def _change(self, one: Document) -> DocumentChange:
        old, new = self.store.get((one.kind, one.name)), json.loads(one.spec_json)
        action = ChangeAction.CHANGE_ACTION_CREATED
        fields = []
        if old is not None:
            fields = [_field_change(name, old, new) for name in sorted(old | new)]
            fields = [change for change in fields if change.old_json != change.new_json]
            action = ChangeAction.CHANGE_ACTION_CHANGED
            if not fields:
                action = ChangeAction.CHANGE_ACTION_UNCHANGED
        return DocumentChange(kind=one.kind, name=one.name, action=action, fields=fields)


def _field_change(name: str, old: dict[str, Any], new: dict[str, Any]) -> FieldChange:
    def text(spec: dict[str, Any]) -> str:
        return json.dumps(spec[name]) if name in spec else ""

    return FieldChange(field=f"spec.{name}", old_json=text(old), new_json=text(new))
