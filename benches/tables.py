"""Turns of the event loop that storing large tables, or many documents, costs a service.

    python benches/tables.py [--rows 200000] [LrnTable ...]

The service's documents on SQLite in this process, and a replica that follows them: a table is
applied, applied again, changed, taken over by the replica, and read; of Phone, a fortieth as many
documents are. What is worked out in a
process of its own is told apart. Every call that arrives waits as long as the longest turn, told in
processor time, so that a busy machine doesn't count, and by the clock.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import uvloop
from processes import resident_bytes
from support.billing_service import running_billing
from trunkline.common.v1 import documents_pb2 as pb
from trunkline.common.v1.documents_pb2_grpc import add_DocumentServiceServicer_to_server
from trunkline_auth.documents.areas import AREA_KIND, AreaFeed
from trunkline_auth.documents.lists import MAX_WHITE_NUMBERS, WHITE_LIST, list_kinds
from trunkline_auth.publication import ListPublication
from trunkline_auth.store.number_lists import NumberListStore
from trunkline_kernel.collector import spare_the_collector
from trunkline_kernel.database import Database
from trunkline_kernel.documents import Documents, DocumentServicer
from trunkline_kernel.logs import configure_logs
from trunkline_kernel.metrics import Metrics
from trunkline_kernel.parameters import Parameters
from trunkline_kernel.replication import MemorySource
from trunkline_kernel.rpc import Dispatcher, InProcessChannel, method_of
from trunkline_routing.composition import Routing
from trunkline_routing.declarations import DECLARED
from turns import children_seconds, watch_turns

SERVICE = pb.DESCRIPTOR.services_by_name["DocumentService"]
APPLY = method_of(SERVICE, "ApplyDocuments", pb.ApplyDocumentsRequest, pb.ApplyDocumentsResponse)
GET = method_of(SERVICE, "GetDocument", pb.GetDocumentRequest, pb.GetDocumentResponse)
PATIENCE = 300.0

Spec = dict[str, Any]
Opened = tuple[Documents, list[Callable[[], Awaitable[None]]]]
"""Documents, and what goes on beside them."""


Documented = Callable[[int, int], dict[str, Spec]]
"""Makes documents by name out of a number of rows and a seed."""


@dataclass(frozen=True)
class House:
    """A service and, where it is tried, a replica of it."""

    channel: InProcessChannel
    follow: Callable[[], Awaitable[None]]


Opens = Callable[[str], AbstractAsyncContextManager[House]]


@asynccontextmanager
async def routing(url: str) -> AsyncIterator[House]:
    """Run routing's documents."""
    async with _documents(url, _routing) as house:
        yield house


@asynccontextmanager
async def auth(url: str) -> AsyncIterator[House]:
    """Run auth's areas and lists."""
    async with _documents(url, _auth) as house:
        yield house


@asynccontextmanager
async def billing(url: str) -> AsyncIterator[House]:
    """Run billing."""

    async def follow() -> None:
        """Nobody follows."""

    async with running_billing(url, max_call_duration=PATIENCE) as client:
        yield House(InProcessChannel(client.service.server.dispatcher), follow)


@asynccontextmanager
async def _documents(url: str, opened: Callable[[Database], Opened]) -> AsyncIterator[House]:
    database = Database(url)
    await database.migrate()
    (here, works), (there, _) = opened(database), opened(database)
    tasks = [asyncio.ensure_future(work()) for work in works]
    await here.load()
    await there.load()
    dispatcher = Dispatcher(Metrics("bench"))
    dispatcher.add(add_DocumentServiceServicer_to_server, DocumentServicer(here))
    yield House(InProcessChannel(dispatcher), there.catch_up)
    for task in tasks:
        task.cancel()
    await database.close()


def _routing(database: Database) -> Opened:
    service = Routing(
        clock=lambda: datetime.now(UTC),
        rng=random.Random(1),
        metrics=Metrics("routing"),
        zone=UTC,
        values=Parameters(DECLARED),
    )
    documents = Documents(service.kinds, database, checks=service.checks)
    documents.subscribe(service.take_documents)
    return documents, []


def _auth(database: Database) -> Opened:
    kinds = [
        AREA_KIND,
        *(each for each in list_kinds(NumberListStore(database)) if each.store is None),
    ]
    documents = Documents(kinds, database)
    areas = AreaFeed()
    documents.subscribe(areas.documents_changed)
    documents.subscribe(ListPublication(MemorySource(), Metrics("auth")).documents_changed)
    return documents, [areas.keep_built]


def _lrn(rows: int, seed: int) -> Spec:
    return {
        "rows": [
            {"number": f"{212_000_0000 + place}", "lrn": f"{973_000_0000 + place % 999 + seed}"}
            for place in range(rows)
        ]
    }


def _mobiles(rows: int, seed: int) -> Spec:
    return {
        "mobiles": [
            {"prefix": f"{1_300_000 + place}", "areaCode": f"{place % 300 + seed}", "name": "x"}
            for place in range(rows)
        ]
    }


def _areas(rows: int, seed: int) -> Spec:
    return {
        "areas": [
            {"prefix": f"{44_000_000 + place}", "code": f"{place % 300 + seed}"}
            for place in range(min(rows, 100_000))
        ]
    }


def _transforms(rows: int, seed: int) -> Spec:
    return {
        "rows": [
            {"mappingGatewayCaller": f"{2_000_000 + place}", "number": f"4420{place + seed}"}
            for place in range(rows)
        ]
    }


def _rates(rows: int, seed: int) -> Spec:
    return {
        "rates": [
            {"prefix": f"{44_000_000 + place}", "perMinute": f"0.{place % 1000 + seed:04}"}
            for place in range(rows)
        ]
    }


def _white(rows: int, seed: int) -> Spec:
    first = 442_000_000_000 + seed * rows
    numbers = range(first, first + min(rows, MAX_WHITE_NUMBERS))
    return {"numbers": [{"number": str(number)} for number in numbers]}


def _ranges(rows: int, seed: int) -> Spec:
    first = 11 << 24
    return {
        "ranges": [
            {"start": _ip(first + place * 256), "count": 200 + seed} for place in range(rows)
        ]
    }


def _ip(number: int) -> str:
    return ".".join(str(number >> bits & 255) for bits in (24, 16, 8, 0))


def _phones(rows: int, seed: int) -> dict[str, Spec]:
    return {str(100_000 + place): {"account": f"a{seed}"} for place in range(rows // 40)}


def _one(spec: Callable[[int, int], Spec], name: str = "bench") -> Documented:
    return lambda rows, seed: {name: spec(rows, seed)}


TABLES: dict[str, tuple[Opens, Documented]] = {
    "LrnTable": (routing, _one(_lrn)),
    "MobileTable": (routing, _one(_mobiles)),
    "AreaTable": (routing, _one(_areas)),
    "NumberTransform": (routing, _one(_transforms)),
    "RateGroup": (billing, _one(_rates)),
    "Area": (auth, _one(_ranges)),
    WHITE_LIST: (auth, _one(_white, "")),
    "Phone": (routing, _phones),
}


def main() -> None:
    """Run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", default=list(TABLES))
    parser.add_argument("--rows", type=int, default=200_000)
    options = parser.parse_args()
    configure_logs("bench", level="error")
    for kind in options.kinds:
        with tempfile.TemporaryDirectory() as folder:
            uvloop.run(_run(kind, f"sqlite:///{folder}/bench.db", options.rows))


async def _run(kind: str, url: str, rows: int) -> None:
    opened, specs = TABLES[kind]
    first, second = (_apply(kind, specs(rows, seed)) for seed in (1, 2))
    async with opened(url) as house:
        spare_the_collector()  # as a service's process does
        print(f"{kind}, {first.ByteSize() / 1e6:.1f} MB")
        for what, wanted in (("into nothing", first), ("again", first), ("over another", second)):
            await _timed(what, house.channel.call(APPLY, wanted, timeout=PATIENCE))
        await _timed("replica", house.follow())
        request = pb.GetDocumentRequest(kind=kind, name=first.documents[0].name)
        await _timed("read", house.channel.call(GET, request, timeout=PATIENCE))


def _apply(kind: str, specs: dict[str, Spec]) -> pb.ApplyDocumentsRequest:
    return pb.ApplyDocumentsRequest(
        documents=[
            pb.Document(kind=kind, name=name, spec_json=json.dumps(spec))
            for name, spec in specs.items()
        ]
    )


async def _timed(what: str, work: Awaitable[object]) -> None:
    turns: list[tuple[float, float]] = []
    watch = asyncio.create_task(watch_turns(turns))
    began, beside = time.perf_counter(), children_seconds()
    await work
    taken, beside = time.perf_counter() - began, children_seconds() - beside
    await asyncio.sleep(1.0)  # what is published after the answer
    watch.cancel()
    cpu, wall = (max(each) * 1e3 for each in zip(*turns, strict=True))
    resident = resident_bytes(os.getpid()) / 2**20
    print(
        f"  {what:<13}{taken:>6.1f} s, {beside:.1f} s beside; longest turn {cpu:.1f} ms of CPU,"
        f" longest wait {wall:.1f} ms; {resident:.0f} MiB"
    )


if __name__ == "__main__":
    main()
