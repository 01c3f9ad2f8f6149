"""What applying a batch would change, or everything that is wrong with it.

Nothing is stored here: every service is asked for its plan, and references between services are
checked against the batch and the documents the other services have.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from trunkline.common.v1.documents_pb2 import (
    ChangeAction,
    Document,
    DocumentChange,
    FieldChange,
    GetDocumentRequest,
    PlanDocumentsRequest,
    PlanDocumentsResponse,
    Reference,
)
from trunkline_kernel.faults import Fault

from ..channels import PeerError
from ..services import Service
from ..switch import Switch
from .catalog import Catalog, Part
from .secrets import resolve
from .source import Batch, Problem, SourceDocument, find_duplicates

CREATED = ChangeAction.CHANGE_ACTION_CREATED
CHANGED = ChangeAction.CHANGE_ACTION_CHANGED
UNCHANGED = ChangeAction.CHANGE_ACTION_UNCHANGED


@dataclass(slots=True)
class PlannedChange:
    """What happens to one document, over all services that keep a part of it."""

    document: SourceDocument
    action: ChangeAction.ValueType = UNCHANGED
    fields: list[FieldChange] = field(default_factory=list)

    def add(self, change: DocumentChange) -> None:
        """Take what one service does to its part."""
        if change.action != UNCHANGED and self.action != CREATED:
            self.action = change.action
        self.fields += change.fields


@dataclass(slots=True)
class Plan:
    """The changes of a batch. Nothing may be applied while there are problems."""

    changes: list[PlannedChange] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    """What is allowed and hardly meant."""
    work: dict[Service, list[Part]] = field(default_factory=dict)
    """Parts that change something, by service, in the order of applying."""


def make_plan(
    batch: Batch, catalog: Catalog, switch: Switch, environment: Mapping[str, str]
) -> Plan:
    """Check the whole batch and return what it would change."""
    plan = Plan(problems=[*batch.problems, *find_duplicates(batch.documents)])
    shares: dict[Service, list[Part]] = defaultdict(list)
    for document in batch.documents:
        resolved, missing = resolve(document, environment)
        parts, unknown = catalog.split(resolved)
        plan.problems += missing + unknown
        for part in parts:
            shares[part.service].append(part)
    answers = {
        service: switch.documents(service).PlanDocuments(
            PlanDocumentsRequest(documents=[wire_document(part) for part in shares[service]])
        )
        for service in catalog.order()
        if shares[service]
    }
    plan.problems += _service_problems(batch, answers.values())
    plan.problems += _broken_references(batch, answers.values(), catalog, switch)
    plan.problems = sorted(set(plan.problems))
    plan.warnings = sorted(_warnings(batch, answers.values()))
    if not plan.problems:
        _collect(plan, batch, shares, answers)
    return plan


def wire_document(part: Part) -> Document:
    """Return a part as it is sent."""
    return Document(
        kind=part.document.kind, name=part.document.name, spec_json=json.dumps(part.spec)
    )


def _collect(
    plan: Plan,
    batch: Batch,
    shares: Mapping[Service, list[Part]],
    answers: Mapping[Service, PlanDocumentsResponse],
) -> None:
    planned = {(d.kind, d.name): PlannedChange(d) for d in batch.documents}
    for service, answer in answers.items():
        work = []
        for part, change in zip(shares[service], answer.changes, strict=True):
            planned[part.document.kind, part.document.name].add(change)
            if change.action != UNCHANGED:
                work.append(part)
        if work:
            plan.work[service] = work
    plan.changes = list(planned.values())


def _service_problems(batch: Batch, answers: Iterable[PlanDocumentsResponse]) -> Iterator[Problem]:
    documents = {(d.kind, d.name): d for d in batch.documents}
    for answer in answers:
        for error in answer.errors:
            yield documents[error.kind, error.name].problem(error.field, error.message)


def _warnings(batch: Batch, answers: Iterable[PlanDocumentsResponse]) -> Iterator[Problem]:
    documents = {(d.kind, d.name): d for d in batch.documents}
    for warning in (one for answer in answers for one in answer.warnings):
        document = documents.get((warning.kind, warning.name))
        if document is not None:  # others were warned of when they were applied
            yield document.problem(warning.field, warning.message)


def _broken_references(
    batch: Batch,
    answers: Iterable[PlanDocumentsResponse],
    catalog: Catalog,
    switch: Switch,
) -> Iterator[Problem]:
    documents = {(d.kind, d.name): d for d in batch.documents}
    known: dict[tuple[str, str], bool] = dict.fromkeys(documents, True)
    for reference in (one for answer in answers for one in answer.references):
        target = (reference.target_kind, reference.target_name)
        if target not in known:
            known[target] = _exists(reference, catalog, switch)
        if not known[target]:
            yield documents[reference.kind, reference.name].problem(
                reference.field,
                f"there is no {target[0]} {target[1]}, neither in this batch nor in the switch",
            )


def _exists(reference: Reference, catalog: Catalog, switch: Switch) -> bool:
    request = GetDocumentRequest(kind=reference.target_kind, name=reference.target_name)
    for service in catalog.keepers(reference.target_kind):
        try:
            switch.documents(service).GetDocument(request)
        except PeerError as error:
            if error.remote.fault != Fault.NOT_FOUND:
                raise
        else:
            return True
    return False
