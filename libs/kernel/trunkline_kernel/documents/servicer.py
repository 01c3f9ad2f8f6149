"""Documents over gRPC: translation only."""

import json
from collections.abc import Iterable, Sequence
from typing import Final

from pydantic import BaseModel
from trunkline.common.v1 import documents_pb2 as pb
from trunkline.common.v1.documents_pb2_grpc import DocumentServiceServicer

from ..faults import FieldViolation, InvalidArgument
from ..paced import paced
from ..rights import UNGUARDED, Rights, Write
from ..rpc import Context
from .diff import ABSENT, FieldChange
from .kinds import Kind, Problem, Reference
from .planning import Action, Change, Document
from .registry import Documents
from .text import LARGE, BadSpec, brief, read_text, spell

MAX_PAGE: Final = 1000


class DocumentServicer(DocumentServiceServicer):
    """Answers for one service's documents."""

    def __init__(self, documents: Documents, rights: Rights = UNGUARDED) -> None:
        self._documents = documents
        self._rights = rights

    async def ListKinds(
        self, request: pb.ListKindsRequest, context: Context
    ) -> pb.ListKindsResponse:
        return pb.ListKindsResponse(
            kinds=[_kind_to_proto(kind) for kind in self._documents.kinds.values()]
        )

    async def PlanDocuments(
        self, request: pb.PlanDocumentsRequest, context: Context
    ) -> pb.PlanDocumentsResponse:
        plan = await self._documents.plan(await self._read(request.documents))
        return pb.PlanDocumentsResponse(
            changes=[each async for each in paced(map(_change_to_proto, plan.changes))],
            errors=map(_problem_to_proto, plan.problems),
            warnings=map(_problem_to_proto, plan.warnings),
            references=map(_reference_to_proto, plan.references),
        )

    async def ApplyDocuments(
        self, request: pb.ApplyDocumentsRequest, context: Context
    ) -> pb.ApplyDocumentsResponse:
        author = request.author

        async def permit(changes: Sequence[Change]) -> str:
            nonlocal author
            actions = [
                self._documents.kinds[each.kind].action(each.name, each.spec, each.previous)
                async for each in paced(changes)
            ]
            author = await self._rights.admit(context, actions) or author
            return author

        documents = await self._read(request.documents)
        changes = await self._documents.apply(documents, author, permit)
        written = (each for each in changes if each.action is not Action.UNCHANGED)
        writes = [each async for each in paced(map(self._write, written))]
        await self._rights.record(context, author, writes)
        return pb.ApplyDocumentsResponse(
            changes=[each async for each in paced(map(_change_to_proto, changes))],
            revision=self._documents.revision,
            generated=[each for change in changes for each in _generated_to_proto(change)],
        )

    async def GetDocument(
        self, request: pb.GetDocumentRequest, context: Context
    ) -> pb.GetDocumentResponse:
        return pb.GetDocumentResponse(document=await self._document(request.kind, request.name))

    async def ListDocuments(
        self, request: pb.ListDocumentsRequest, context: Context
    ) -> pb.ListDocumentsResponse:
        size = request.page_size or MAX_PAGE
        if size > MAX_PAGE:
            raise InvalidArgument(f"page_size: must be in 1-{MAX_PAGE}")
        names = [
            name
            for name in await self._documents.names(request.kind)
            if name > request.page_token or not request.page_token
        ]
        page = names[:size]
        return pb.ListDocumentsResponse(
            documents=[await self._document(request.kind, name) for name in page],
            next_page_token=page[-1] if len(names) > size else "",
        )

    async def DeleteDocument(
        self, request: pb.DeleteDocumentRequest, context: Context
    ) -> pb.DeleteDocumentResponse:
        spec, _ = await self._documents.get(request.kind, request.name)
        kind = self._documents.kinds[request.kind]
        action = kind.action(request.name, spec, deletes=True)
        author = await self._rights.admit(context, [action]) or request.author
        revision = await self._documents.delete(request.kind, request.name, author)
        write = Write(_object(request.kind, request.name), before=brief(kind.shown(spec)))
        await self._rights.record(context, author, [write])
        return pb.DeleteDocumentResponse(revision=revision)

    async def ListReferrers(
        self, request: pb.ListReferrersRequest, context: Context
    ) -> pb.ListReferrersResponse:
        found = await self._documents.referrers(request.kind, request.name)
        return pb.ListReferrersResponse(references=map(_reference_to_proto, found))

    async def _read(self, documents: Iterable[pb.Document]) -> list[Document]:
        """Read large documents, and parse what the others are written in."""
        parsed, violations = [], []
        async for document in paced(documents):
            kind = self._documents.kinds.get(document.kind)
            if kind is not None and len(document.spec_json) >= LARGE and not kind.has_secrets:
                spec = await _read_large(kind, document.spec_json)
            else:
                try:
                    spec = json.loads(document.spec_json)
                except ValueError as error:
                    where = f"{document.kind}/{document.name}: spec_json"
                    violations.append(FieldViolation(where, f"is not JSON: {error}"))
                    continue
            parsed.append(Document(document.kind, document.name, spec))
        if violations:
            raise InvalidArgument(violations=violations)
        return parsed

    def _write(self, change: Change) -> Write:
        where, fields = _object(change.kind, change.name), change.fields
        if change.previous is None:
            return Write(where, after=brief(self._documents.kinds[change.kind].shown(change.spec)))
        return Write(
            where,
            before={each.field: brief(each.old) for each in fields if each.old is not ABSENT},
            after={each.field: brief(each.new) for each in fields if each.new is not ABSENT},
        )

    async def _document(self, kind: str, name: str) -> pb.Document:
        spec, revision = await self._documents.get(kind, name)
        shown = self._documents.kinds[kind].shown(spec)
        return pb.Document(kind=kind, name=name, spec_json=spell(shown), revision=revision)


def _object(kind: str, name: str) -> str:
    return f"{kind}/{name}" if name else kind


def _problem_to_proto(problem: Problem) -> pb.DocumentError:
    return pb.DocumentError(
        kind=problem.kind, name=problem.name, field=problem.field, message=problem.message
    )


async def _read_large(kind: Kind[BaseModel], text: str) -> BaseModel | BadSpec:
    try:
        return await read_text(kind.spec, text)
    except BadSpec as error:
        return error


def _kind_to_proto(kind: Kind[BaseModel]) -> pb.Kind:
    return pb.Kind(
        name=kind.name,
        fields=kind.owned,
        rest=kind.rest,
        references=kind.targets,
        schema_json=json.dumps(kind.spec.model_json_schema(by_alias=True)),
        singleton=kind.singleton,
    )


def _change_to_proto(change: Change) -> pb.DocumentChange:
    return pb.DocumentChange(
        kind=change.kind,
        name=change.name,
        action=pb.ChangeAction.Value(f"CHANGE_ACTION_{change.action.name}"),
        fields=_fields_to_proto(change.fields),
    )


def _generated_to_proto(change: Change) -> list[pb.GeneratedSecret]:
    return [
        pb.GeneratedSecret(kind=change.kind, name=change.name, field=path, value=secret)
        for path, secret in change.generated.items()
    ]


def _fields_to_proto(fields: Sequence[FieldChange]) -> list[pb.FieldChange]:
    return [
        pb.FieldChange(field=each.field, old_json=_json(each.old), new_json=_json(each.new))
        for each in fields
    ]


def _reference_to_proto(reference: Reference) -> pb.Reference:
    return pb.Reference(
        kind=reference.kind,
        name=reference.name,
        field=reference.field,
        target_kind=reference.target_kind,
        target_name=reference.target_name,
    )


def _json(value: object) -> str:
    return "" if value is ABSENT else json.dumps(brief(value))
