"""Configuration documents: validated as a whole, applied as a whole, followed by every replica."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession
from support.turns import turns_of_another
from trunkline.common.v1 import documents_pb2 as pb
from trunkline.common.v1.documents_pb2_grpc import add_DocumentServiceServicer_to_server
from trunkline_kernel import paced
from trunkline_kernel.database import Database
from trunkline_kernel.documents import (
    SECRET,
    Action,
    BadDocuments,
    Document,
    DocumentInUse,
    Documents,
    DocumentServicer,
    Event,
    Kind,
    NoSuchDocument,
    Planned,
    Problem,
    Ref,
    Spec,
)
from trunkline_kernel.documents.diff import field_changes
from trunkline_kernel.documents.planning import Planner
from trunkline_kernel.documents.registry import Listener
from trunkline_kernel.faults import Fault, TrunklineError
from trunkline_kernel.metrics import Metrics
from trunkline_kernel.parameters import IntParameter, Parameters
from trunkline_kernel.parameters.store import StoredParameters
from trunkline_kernel.rpc import Dispatcher, InProcessChannel, method_of


class Access(Spec):
    username: str
    password: Annotated[str | None, SECRET] = None
    digest: Annotated[str | None, SECRET] = None


class Gate(Spec):
    owner: Annotated[str, Ref("Owner")]
    behind: Annotated[tuple[str, ...], Ref("Gate")] = ()
    twins: Annotated[tuple[str, ...], Ref("Gate", within=lambda it: it[1:], required=False)] = ()
    prefix: str = ""
    max_calls: Annotated[int, Field(ge=0)] = 0
    access: Access | None = None


def hashed(name: str, gate: Gate, previous: Gate | None) -> Gate:
    if gate.access is None or gate.access.password is None:
        return gate
    access = Access(username=gate.access.username, digest=f"hash of {gate.access.password}")
    return gate.model_copy(update={"access": access})


def prefixes_are_claimed_once(planned: Planned) -> Iterator[Problem]:
    claimed: dict[str, str] = {}
    for name, gate in sorted(planned.of("Gate").items()):
        if gate.prefix in claimed:
            message = f"is claimed by {claimed[gate.prefix]} already"
            yield Problem("Gate", name, "spec.prefix", message)
        elif gate.prefix:
            claimed[gate.prefix] = name


class Book(Spec):
    title: str


class Shelf:
    """A kind with a place of its own."""

    def __init__(self) -> None:
        self.books: dict[str, Book] = {}

    async def get(self, session: AsyncSession, name: str) -> Book | None:
        return self.books.get(name)

    async def names(self, session: AsyncSession) -> Sequence[str]:
        return sorted(self.books)

    async def put(
        self, session: AsyncSession, name: str, spec: Book, previous: Book | None, author: str
    ) -> None:
        self.books[name] = spec

    async def delete(self, session: AsyncSession, name: str, author: str) -> None:
        del self.books[name]


GATE = Kind("Gate", Gate, prepare=hashed)
LIMIT = IntParameter("LIMIT", default=5, minimum=1, maximum=9, meaning="A limit.")


async def opened(database: Database, *, kinds: Iterable[Kind[Any]] = (GATE,)) -> Documents:
    parameters = StoredParameters(Parameters([LIMIT]), database)
    documents = Documents(
        kinds, database, checks=[prefixes_are_claimed_once], parameters=parameters
    )
    await parameters.load()
    await documents.load()
    return documents


def gate(name: str, **spec: object) -> Document:
    return Document("Gate", name, {"owner": "acme", **spec})


async def test_a_document_is_created_then_unchanged_then_changed(database: Database) -> None:
    documents = await opened(database)

    (created,) = await documents.apply([gate("a", maxCalls=1)])
    (unchanged,) = await documents.apply([gate("a", maxCalls=1)])
    (changed,) = await documents.apply([gate("a", maxCalls=2)])

    assert [created.action, unchanged.action, changed.action] == [
        Action.CREATED,
        Action.UNCHANGED,
        Action.CHANGED,
    ]
    (field,) = changed.fields
    assert (field.field, field.old, field.new) == ("spec.maxCalls", 1, 2)


async def test_every_error_is_told_at_once_and_nothing_is_stored(database: Database) -> None:
    documents = await opened(database)

    with pytest.raises(BadDocuments) as failure:
        await documents.apply(
            [
                gate("good"),
                gate("bad", maxCalls=-1, colour="red"),
                gate("bad name"),
                Document("Door", "d", {}),
                Document("Parameters", "", {"LIMIT": 10, "LIMITS": 1}),
            ]
        )

    assert [violation.field for violation in failure.value.violations] == [
        "Gate/bad: spec.maxCalls",
        "Gate/bad: spec.colour",
        "Gate/bad name: name",
        "Door/d: kind",
        "Parameters: spec.LIMIT",
        "Parameters: spec.LIMITS",
    ]
    assert documents.of("Gate") == {}


async def test_a_reference_may_be_in_the_same_batch_and_must_exist(database: Database) -> None:
    documents = await opened(database)

    plan = await documents.plan([gate("a", behind=["b"]), gate("b", behind=["c"])])

    assert [str(problem) for problem in plan.problems] == [
        "Gate/b: spec.behind[0]: no Gate is named 'c'"
    ]


async def test_a_broken_reference_is_told_beside_other_errors(database: Database) -> None:
    documents = await opened(database)

    plan = await documents.plan(
        [gate("a", behind=["nowhere", "bad"]), gate("bad", colour="red"), gate("c")]
    )

    assert [str(problem) for problem in plan.problems] == [
        "Gate/bad: spec.colour: unknown field",
        "Gate/a: spec.behind[0]: no Gate is named 'nowhere'",
    ]


async def test_references_to_other_services_are_reported(database: Database) -> None:
    documents = await opened(database)

    plan = await documents.plan([gate("a")])

    assert [(each.field, each.target_kind, each.target_name) for each in plan.references] == [
        ("spec.owner", "Owner", "acme")
    ]


async def test_a_rule_across_documents_sees_the_stored_and_the_new(database: Database) -> None:
    documents = await opened(database)
    await documents.apply([gate("a", prefix="44")])

    plan = await documents.plan([gate("b", prefix="44")])

    assert [str(problem) for problem in plan.problems] == [
        "Gate/b: spec.prefix: is claimed by a already"
    ]


async def test_the_same_document_twice_is_an_error(database: Database) -> None:
    plan = await (await opened(database)).plan([gate("a"), gate("a")])

    assert [problem.message for problem in plan.problems] == ["is given twice"]


async def test_a_password_is_stored_as_its_hash_and_never_read(database: Database) -> None:
    documents = await opened(database)
    await documents.apply([gate("a", access={"username": "u", "password": "hunter2"})])

    spec = json.loads((await read(documents, "a")).spec_json)

    assert documents.of("Gate")["a"].access.digest == "hash of hunter2"
    assert spec["access"] == {"username": "u", "digest": "***"}


async def test_a_secret_written_as_it_is_shown_stays(database: Database) -> None:
    documents = await opened(database)
    await documents.apply([gate("a", access={"username": "u", "password": "hunter2"})])

    (change,) = await documents.apply([gate("a", access={"username": "u", "digest": "***"})])

    assert change.action is Action.UNCHANGED
    assert documents.of("Gate")["a"].access.digest == "hash of hunter2"


async def test_a_document_that_need_not_be_there_has_to_stay_while_it_is_used(
    database: Database,
) -> None:
    documents = await opened(database)
    await documents.apply([gate("b", twins=["=a", "=nobody"])])
    await documents.apply([gate("a")])

    with pytest.raises(DocumentInUse, match="Gate/b"):
        await documents.delete("Gate", "a")


async def test_a_document_in_use_cannot_be_deleted(database: Database) -> None:
    documents = await opened(database)
    await documents.apply([gate("a"), gate("b", behind=["a"])])

    with pytest.raises(DocumentInUse, match="Gate/b"):
        await documents.delete("Gate", "a")

    await documents.delete("Gate", "b")
    await documents.delete("Gate", "a")
    assert documents.of("Gate") == {}


async def test_what_does_not_exist_cannot_be_deleted(database: Database) -> None:
    with pytest.raises(NoSuchDocument, match="'a'"):
        await (await opened(database)).delete("Gate", "a")


async def test_referrers_of_what_others_keep_are_found(database: Database) -> None:
    documents = await opened(database)
    await documents.apply([gate("b"), gate("a")])

    found = await documents.referrers("Owner", "acme")

    assert [(each.name, each.field) for each in found] == [("a", "spec.owner"), ("b", "spec.owner")]


async def test_others_have_their_turn_between_documents_that_are_planned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(paced, "TURN", 0.0)
    planner = Planner({"Gate": GATE}, {}, {}, {})
    with turns_of_another() as turns:
        plan = await planner.plan([gate(str(number)) for number in range(100)], [])

    assert len(plan.changes) == 100
    assert turns.count >= 100


def noted_in(told: list[Event]) -> Listener:
    """Return a listener that notes what it is told."""

    async def note(events: Sequence[Event]) -> None:
        told.extend(events)

    return note


async def test_another_replica_follows_every_change(database: Database, replica: Database) -> None:
    here, there = await opened(database), await opened(replica)
    told: list[Event] = []
    there.subscribe(noted_in(told))

    await here.apply([gate("a", maxCalls=1), gate("b")])
    await here.delete("Gate", "b")
    await there.catch_up()

    assert [(event.name, event.deleted) for event in told] == [("a", False), ("b", True)]
    assert there.of("Gate") == here.of("Gate")


async def test_a_change_is_told_at_once_where_it_was_made(database: Database) -> None:
    documents = await opened(database)
    told: list[Event] = []
    documents.subscribe(noted_in(told))

    await documents.apply([gate("a")])

    assert [event.name for event in told] == ["a"]


async def test_replicas_that_write_in_turn_lose_nothing(
    database: Database, replica: Database
) -> None:
    here, there = await opened(database), await opened(replica)

    await here.apply([gate("a", prefix="1")])
    await there.apply([gate("b", prefix="2")])
    with pytest.raises(BadDocuments):
        await here.apply([gate("c", prefix="2")])

    assert here.of("Gate").keys() == {"a", "b"}


async def test_documents_are_there_after_a_restart(database: Database, replica: Database) -> None:
    await (await opened(database)).apply([gate("a", maxCalls=3)])

    assert (await opened(replica)).of("Gate")["a"].max_calls == 3


async def test_parameters_are_a_document_that_changes_only_what_it_names(
    database: Database,
) -> None:
    documents = await opened(database)

    (change,) = await documents.apply([Document("Parameters", "", {"LIMIT": 7})])

    assert documents.parameters is not None
    assert documents.parameters.values[LIMIT] == 7
    assert [each.field for each in change.fields] == ["spec.LIMIT"]
    (again,) = await documents.apply([Document("Parameters", "", {})])
    assert again.action is Action.UNCHANGED
    assert documents.parameters.values[LIMIT] == 7


async def test_a_parameter_given_its_default_is_unchanged(database: Database) -> None:
    documents = await opened(database)
    default = Document("Parameters", "", {"LIMIT": 5})

    first = await documents.apply([default])
    second = await documents.apply([default])

    assert [change.action for change in first + second] == [Action.UNCHANGED] * 2


async def test_bad_documents_leave_parameters_alone(database: Database) -> None:
    documents = await opened(database)

    with pytest.raises(BadDocuments):
        await documents.apply([Document("Parameters", "", {"LIMIT": 7}), gate("a", maxCalls="x")])

    assert documents.parameters is not None
    assert documents.parameters.values[LIMIT] == 5


async def test_a_kind_with_a_place_of_its_own_is_kept_there(database: Database) -> None:
    shelf = Shelf()
    documents = await opened(database, kinds=[Kind("Book", Book, store=shelf)])

    await documents.apply([Document("Book", "sip", {"title": "RFC 3261"})])

    assert shelf.books == {"sip": Book(title="RFC 3261")}
    assert await documents.names("Book") == ["sip"]


async def test_kinds_say_what_they_own_and_refer_to(database: Database) -> None:
    kinds = (await call(await opened(database), "ListKinds", pb.ListKindsRequest())).kinds

    assert [(kind.name, kind.singleton, kind.rest) for kind in kinds] == [
        ("Gate", False, True),
        ("Parameters", True, False),
    ]
    assert list(kinds[0].fields) == ["owner", "behind", "twins", "prefix", "maxCalls", "access"]
    assert list(kinds[0].references) == ["Gate", "Owner"]
    assert list(kinds[1].fields) == ["LIMIT"]


async def test_errors_cross_the_wire_with_their_fields(database: Database) -> None:
    request = pb.ApplyDocumentsRequest(
        documents=[pb.Document(kind="Gate", name="a", spec_json='{"owner": 1}')]
    )

    with pytest.raises(TrunklineError) as failure:
        await call(await opened(database), "ApplyDocuments", request)

    assert failure.value.fault is Fault.INVALID_ARGUMENT
    assert [each.field for each in failure.value.violations] == ["Gate/a: spec.owner"]


async def test_a_plan_shows_fields_before_and_after(database: Database) -> None:
    documents = await opened(database)
    await documents.apply([gate("a", maxCalls=1)])
    request = pb.PlanDocumentsRequest(
        documents=[pb.Document(kind="Gate", name="a", spec_json='{"owner": "acme", "prefix": "1"}')]
    )

    (change,) = (await call(documents, "PlanDocuments", request)).changes

    assert [(each.field, each.old_json, each.new_json) for each in change.fields] == [
        ("spec.maxCalls", "1", ""),
        ("spec.prefix", "", '"1"'),
    ]


async def test_a_list_goes_on_where_the_page_ended(database: Database) -> None:
    documents = await opened(database)
    await documents.apply([gate("a"), gate("b"), gate("c")])

    page = pb.ListDocumentsRequest(kind="Gate", page_size=2)
    first = await call(documents, "ListDocuments", page)
    rest = await call(
        documents,
        "ListDocuments",
        pb.ListDocumentsRequest(kind="Gate", page_size=2, page_token=first.next_page_token),
    )

    assert [each.name for each in first.documents] == ["a", "b"]
    assert [each.name for each in rest.documents] == ["c"]
    assert rest.next_page_token == ""


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(JSON, JSON)
def test_specs_differ_in_fields_exactly_when_they_differ(old: Any, new: Any) -> None:
    assert bool(list(field_changes(old, new))) == (old != new)


async def read(documents: Documents, name: str) -> pb.Document:
    request = pb.GetDocumentRequest(kind="Gate", name=name)
    document: pb.Document = (await call(documents, "GetDocument", request)).document
    return document


async def call(documents: Documents, method: str, request: Any) -> Any:
    dispatcher = Dispatcher(Metrics("test"))
    dispatcher.add(add_DocumentServiceServicer_to_server, DocumentServicer(documents))
    service = pb.DESCRIPTOR.services_by_name["DocumentService"]
    response = getattr(pb, f"{method}Response")
    described = method_of(service, method, type(request), response)
    return await InProcessChannel(dispatcher).call(described, request, timeout=10)
