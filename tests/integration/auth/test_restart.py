"""Auth as a process of its own: killed, it loses no registration."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.auth_doors import answer
from support.ports import free_port
from trunkline.auth.v1 import auth_pb2 as pb
from trunkline.common.v1 import documents_pb2
from trunkline.common.v1.common_pb2 import (
    ENDPOINT_KIND_PHONE,
    TRANSPORT_UDP,
    Endpoint,
    SocketAddress,
)
from trunkline_auth.store.bindings import WRITE_INTERVAL
from trunkline_kernel.faults import TrunklineError
from trunkline_kernel.rpc import UnaryChannel, method_of

AUTH = pb.DESCRIPTOR.services_by_name["AuthService"]
DOCUMENTS = documents_pb2.DESCRIPTOR.services_by_name["DocumentService"]
REGISTER = method_of(AUTH, "Register", pb.RegisterRequest, pb.RegisterResponse)
LOCATE = method_of(AUTH, "Locate", pb.LocateRequest, pb.LocateResponse)
APPLY = method_of(
    DOCUMENTS,
    "ApplyDocuments",
    documents_pb2.ApplyDocumentsRequest,
    documents_pb2.ApplyDocumentsResponse,
)
ALICE = Endpoint(kind=ENDPOINT_KIND_PHONE, name="1001")

pytestmark = pytest.mark.integration


@asynccontextmanager
async def auth_process(folder: Path) -> AsyncIterator[UnaryChannel]:
    """Run auth over `folder`, and kill it at the end without asking."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "trunkline_auth",
        cwd=folder,
        env={
            **os.environ,
            "TRUNKLINE_AUTH_GRPC_PORT": str(port),
            "TRUNKLINE_AUTH_HTTP_PORT": "0",
            "TRUNKLINE_AUTH_LOG_LEVEL": "error",
        },
    )
    try:
        async with UnaryChannel(f"127.0.0.1:{port}") as channel:
            await ready(channel)
            yield channel
    finally:
        process.kill()
        await process.wait()


async def ready(channel: UnaryChannel) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                await channel.call(LOCATE, pb.LocateRequest(endpoint=ALICE), timeout=1.0)
            except TrunklineError:
                await asyncio.sleep(0.05)
            else:
                return


def register(*authorization: str) -> pb.RegisterRequest:
    admit = pb.AdmitRequest(
        method="REGISTER",
        source=SocketAddress(ip="203.0.113.7", port=5060),
        transport=TRANSPORT_UDP,
        from_user="1001",
        to_user="1001",
        call_id="call-1",
        authorization=authorization,
    )
    contact = pb.RegisterContact(uri="sip:1001@203.0.113.7:5060")
    return pb.RegisterRequest(admit=admit, contacts=[contact], cseq=1)


async def test_sig24_a_killed_auth_remembers_its_registrations(tmp_path: Path) -> None:
    phone = documents_pb2.Document(
        kind="Phone", name="1001", spec_json='{"access": {"password": "right"}}'
    )
    async with auth_process(tmp_path) as channel:
        apply = documents_pb2.ApplyDocumentsRequest(documents=[phone])
        await channel.call(APPLY, apply, timeout=5.0)
        met = await channel.call(REGISTER, register(), timeout=5.0)
        signed = register(answer(met.challenge.challenges[0], "1001", "right", "REGISTER"))
        await channel.call(REGISTER, signed, timeout=5.0)
        await asyncio.sleep(2 * WRITE_INTERVAL)

    async with auth_process(tmp_path) as channel:
        located = await channel.call(LOCATE, pb.LocateRequest(endpoint=ALICE), timeout=5.0)

    assert [each.contact for each in located.bindings] == ["sip:1001@203.0.113.7:5060"]
