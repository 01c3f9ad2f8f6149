"""Documents of many rows: read in a process of their own, kept and told like all others."""

import json
import os
from typing import Any

import pytest
from pydantic import model_validator
from trunkline.common.v1 import documents_pb2 as pb
from trunkline.common.v1.documents_pb2_grpc import add_DocumentServiceServicer_to_server
from trunkline_kernel.database import Database
from trunkline_kernel.documents import Documents, DocumentServicer, Kind, Row, Rows, Spec
from trunkline_kernel.documents.rows import MOST_SHOWN
from trunkline_kernel.documents.text import LARGE, MOST_VIOLATIONS
from trunkline_kernel.faults import RemoteError
from trunkline_kernel.metrics import Metrics
from trunkline_kernel.rpc import Dispatcher, InProcessChannel, method_of

SERVICE = pb.DESCRIPTOR.services_by_name["DocumentService"]


class Entry(Row):
    number: int


class Register(Spec):
    """A table that says which process it was read in."""

    entries: Rows[Entry]
    read_in: int = 0

    @model_validator(mode="before")
    @classmethod
    def _sign(cls, values: dict[str, Any]) -> dict[str, Any]:
        return values | {"readIn": os.getpid()}


REGISTER = Kind("Register", Register, keeps_version=True)
FEW, MANY = range(10), range(LARGE // 10)


class House:
    """Documents of one replica, asked over the contract."""

    def __init__(self, documents: Documents) -> None:
        self.documents = documents
        dispatcher = Dispatcher(Metrics("test"))
        dispatcher.add(add_DocumentServiceServicer_to_server, DocumentServicer(documents))
        self._channel = InProcessChannel(dispatcher)

    async def apply(self, *numbers: object) -> Any:
        """Apply the register of these numbers."""
        request = pb.ApplyDocumentsRequest(documents=[register(numbers)])
        return await self._call("ApplyDocuments", request)

    async def plan(self, *numbers: object) -> Any:
        """Plan the register of these numbers."""
        request = pb.PlanDocumentsRequest(documents=[register(numbers)])
        return await self._call("PlanDocuments", request)

    async def get(self) -> Any:
        """Return the register as it is shown."""
        answer = await self._call("GetDocument", pb.GetDocumentRequest(kind="Register", name="r"))
        return json.loads(answer.document.spec_json)

    @property
    def numbers(self) -> list[int]:
        """Numbers in memory."""
        return [entry.number for entry in self.documents.of("Register")["r"].entries]

    async def _call(self, method: str, request: Any) -> Any:
        described = method_of(SERVICE, method, type(request), getattr(pb, f"{method}Response"))
        return await self._channel.call(described, request, timeout=30)


def register(numbers: tuple[object, ...]) -> pb.Document:
    spec = {"entries": [{"number": number} for number in numbers]}
    return pb.Document(kind="Register", name="r", spec_json=json.dumps(spec))


async def opened(database: Database) -> House:
    documents = Documents([REGISTER], database)
    await documents.load()
    return House(documents)


@pytest.mark.parametrize(
    ("numbers", "beside"), [(FEW, False), (MANY, True)], ids=["a small one", "a large one"]
)
async def test_a_large_document_is_read_in_a_process_of_its_own(
    database: Database, replica: Database, numbers: range, beside: bool
) -> None:
    here, there = await opened(database), await opened(replica)

    await here.apply(*numbers)
    await there.documents.catch_up()
    restarted = await opened(database)

    assert here.numbers == there.numbers == restarted.numbers == list(numbers)
    houses = (here, there, restarted)
    read_in = {house.documents.of("Register")["r"].read_in for house in houses}
    assert (os.getpid() not in read_in) is beside
    shown = await there.get()
    assert shown["entries"] == [{"number": number} for number in numbers]


async def test_what_is_wrong_in_a_large_document_is_told_by_its_place(database: Database) -> None:
    house = await opened(database)

    with pytest.raises(RemoteError) as raised:
        await house.apply(*MANY, "one", 2, "three")

    assert raised.value.reason == "BAD_DOCUMENTS"
    assert [each.field for each in raised.value.violations] == [
        f"Register/r: spec.entries[{len(MANY)}].number",
        f"Register/r: spec.entries[{len(MANY) + 2}].number",
    ]
    assert "r" not in house.documents.of("Register")


async def test_of_many_mistakes_the_first_are_told(database: Database) -> None:
    plan = await (await opened(database)).plan(*["one"] * (MOST_VIOLATIONS + 5), *MANY)

    assert len(plan.errors) == MOST_VIOLATIONS


async def test_a_difference_of_many_rows_is_told_by_their_number(database: Database) -> None:
    house = await opened(database)
    await house.apply(1)

    (change,) = (await house.plan(*range(MOST_SHOWN + 1))).changes

    entries = next(each for each in change.fields if each.field == "spec.entries")
    assert json.loads(entries.old_json) == [{"number": 1}]
    assert json.loads(entries.new_json)["rows"] == MOST_SHOWN + 1


async def test_what_a_large_document_was_before_is_kept(database: Database) -> None:
    house = await opened(database)
    await house.apply(*MANY)
    await house.apply(1)

    before = await house.documents.version_before("Register", "r")

    assert isinstance(before, Register)
    assert [entry.number for entry in before.entries] == list(MANY)
