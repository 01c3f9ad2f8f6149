"""MGT-12: writes are for operators with the right, and every write is kept."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import grpc
import pytest
from support.auth_service import RunningAuth
from trunkline.auth.v1 import operators_pb2 as operators
from trunkline.common.v1 import documents_pb2, parameters_pb2
from trunkline.common.v1.documents_pb2_grpc import (
    DocumentServiceStub,
    add_DocumentServiceServicer_to_server,
)
from trunkline.common.v1.parameters_pb2_grpc import (
    ParametersServiceStub,
    add_ParametersServiceServicer_to_server,
)
from trunkline_kernel.database import Database
from trunkline_kernel.documents import Document, Documents, DocumentServicer, Kind, Ref, Spec
from trunkline_kernel.metrics import Metrics
from trunkline_kernel.parameters import IntParameter, Parameters, StringParameter
from trunkline_kernel.parameters.servicer import ParametersServicer
from trunkline_kernel.parameters.store import StoredParameters
from trunkline_kernel.rights import AskedRights
from trunkline_kernel.rpc import Channel, RpcServer, UnaryChannel
from trunkline_kernel.vault import Vault

TTL = IntParameter("SS_TTL", default=600, minimum=60, maximum=900, scope="sip", meaning="Time.")
KEY = StringParameter("SS_KEY", default="", secret=True, scope="media", meaning="Key.")


class Group(Spec):
    """A rate group, as far as these tests go."""

    memo: str = ""
    account: Annotated[str, Ref("Account")] = ""


@dataclass
class Books:
    """A service that asks auth, over a socket."""

    documents: Any
    parameters: Any

    async def apply(self, token: str, **spec: Any) -> Any:
        document = documents_pb2.Document(
            kind="RateGroup", name="retail", spec_json=json.dumps(spec)
        )
        request = documents_pb2.ApplyDocumentsRequest(documents=[document], author="console")
        return await self.documents.ApplyDocuments(request, metadata=shown(token))

    async def delete(self, token: str) -> Any:
        request = documents_pb2.DeleteDocumentRequest(kind="RateGroup", name="retail")
        return await self.documents.DeleteDocument(request, metadata=shown(token))

    async def set(self, token: str, **values: str) -> Any:
        request = parameters_pb2.SetParametersRequest(values=values)
        return await self.parameters.SetParameters(request, metadata=shown(token))

    async def memo(self) -> str:
        request = documents_pb2.GetDocumentRequest(kind="RateGroup", name="retail")
        answer = await self.documents.GetDocument(request)
        return str(json.loads(answer.document.spec_json).get("memo", ""))


def shown(token: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {token}"),) if token else ()


@asynccontextmanager
async def serving_books(folder: Path, auth: Channel) -> AsyncIterator[Books]:
    database, rights = Database(f"sqlite:///{folder}/books.db"), AskedRights(auth)
    await database.migrate()
    stored = StoredParameters(Parameters([TTL, KEY]), database, Vault(bytes(32)))
    await stored.load()
    documents = Documents([Kind("RateGroup", Group, module="rates")], database)
    server = RpcServer(Metrics("books"))
    server.add(add_DocumentServiceServicer_to_server, DocumentServicer(documents, rights))
    server.add(add_ParametersServiceServicer_to_server, ParametersServicer(stored, rights))
    port = await server.start("127.0.0.1", 0)
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield Books(DocumentServiceStub(channel), ParametersServiceStub(channel))
    finally:
        await server.stop(0)
        await database.close()


@pytest.fixture
async def books(auth: RunningAuth, tmp_path: Path) -> AsyncIterator[Books]:
    async with serving_books(tmp_path, auth.channel) as served:
        yield served


async def login(auth: RunningAuth, name: str, **spec: Any) -> str:
    document = Document("Operator", name, {"password": "abcd1234", **spec})
    await auth.documents.apply([document])
    answer = await auth.ask(operators.LoginRequest(name=name, password="abcd1234", ip="127.0.0.1"))
    return str(answer.token)


async def audit(auth: RunningAuth) -> list[operators.AuditRecord]:
    return list(reversed((await auth.ask(operators.ListAuditRequest())).records))


async def test_mgt12_everybody_writes_until_an_admin_can_log_in(
    auth: RunningAuth, books: Books
) -> None:
    await login(auth, "olga", type="operator")
    await books.apply("", memo="first")
    await login(auth, "ada", type="admin")

    with pytest.raises(grpc.aio.AioRpcError, match="log in first") as refused:
        await books.apply("", memo="second")

    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert await books.memo() == "first"


async def test_mgt12_an_operator_without_rates_write_is_refused_and_nothing_changes(
    auth: RunningAuth, books: Books
) -> None:
    admin = await login(auth, "ada", type="admin")
    olga = await login(auth, "olga", type="operator", functions={"read": ["rates"]})
    await books.apply(admin, memo="first")

    with pytest.raises(grpc.aio.AioRpcError, match="olga may not write in rates") as refused:
        await books.apply(olga, memo="second")

    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED
    assert await books.memo() == "first"


async def test_mgt12_who_may_write_may_not_delete(auth: RunningAuth, books: Books) -> None:
    await login(auth, "ada", type="admin")
    olga = await login(auth, "olga", type="operator", functions={"write": ["rates"]})
    await books.apply(olga, memo="first")

    with pytest.raises(grpc.aio.AioRpcError, match="olga may not delete in rates"):
        await books.delete(olga)

    assert await books.memo() == "first"


async def test_mgt12_an_agent_writes_only_what_names_its_accounts(
    auth: RunningAuth, books: Books
) -> None:
    await login(auth, "ada", type="admin")
    agent = await login(
        auth,
        "agent",
        type="agent",
        functions={"write": ["rates"]},
        accounts=["acme"],
        rateGroups=["retail"],
    )
    await books.apply(agent, account="acme")

    with pytest.raises(grpc.aio.AioRpcError, match="Account/other"):
        await books.apply(agent, account="other")


async def test_mgt12_every_write_is_kept_with_who_where_before_and_after(
    auth: RunningAuth, books: Books
) -> None:
    ada = await login(auth, "ada", type="admin")

    await books.apply(ada, memo="first")
    await books.apply(ada, memo="first")
    await books.apply(ada, memo="second")
    await books.delete(ada)

    kept = [
        (each.operator, each.ip, each.before_json, each.after_json) for each in await audit(auth)
    ]
    assert kept == [
        ("ada", "127.0.0.1", "", '{"memo": "first"}'),
        ("ada", "127.0.0.1", '{"spec.memo": "first"}', '{"spec.memo": "second"}'),
        ("ada", "127.0.0.1", '{"memo": "second"}', ""),
    ]
    assert {each.object for each in await audit(auth)} == {"RateGroup/retail"}


async def test_mgt01_the_audit_of_parameters_shows_no_secret(
    auth: RunningAuth, books: Books
) -> None:
    ada = await login(auth, "ada", type="admin")

    await books.set(ada, SS_TTL="900", SS_KEY="hunter2")

    kept = {each.object: (each.before_json, each.after_json) for each in await audit(auth)}
    assert kept == {
        "Parameters/SS_TTL": ('"600"', '"900"'),
        "Parameters/SS_KEY": ('""', '"***"'),
    }


async def test_mgt12_nothing_is_written_while_nobody_can_be_asked(tmp_path: Path) -> None:
    async with UnaryChannel("127.0.0.1:1") as away, serving_books(tmp_path, away) as served:
        with pytest.raises(grpc.aio.AioRpcError, match="auth does not answer") as refused:
            await served.apply("", memo="first")

    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED
