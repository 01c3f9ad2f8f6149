"""A number list of a million: import, memory, look-up, and the way of a change to routing.

    python benches/lists.py [--numbers 1000000]

Auth's store on SQLite and its publication, and routing's copy behind a connection of its own, in
one process (AUT-14).
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import tempfile
import time

from processes import resident_bytes
from trunkline.common.v1.replication_pb2_grpc import add_ReplicationServiceServicer_to_server
from trunkline_auth.__main__ import MIGRATIONS
from trunkline_auth.documents.lists import NumberListSpec
from trunkline_auth.lists.imports import ImportMode
from trunkline_auth.publication import TOPIC, ListPublication
from trunkline_auth.store.number_lists import NumberLists, NumberListStore
from trunkline_kernel.database import Database
from trunkline_kernel.metrics import Metrics
from trunkline_kernel.replication import MemorySource, Replica, ReplicationServicer
from trunkline_kernel.rpc import MultiplexedChannel, RpcServer
from trunkline_routing.lists.replicated import NumberLists as RoutingLists

LIST = "blocked"
LOOK_UPS = 100_000


def main() -> None:
    """Run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--numbers", type=int, default=1_000_000)
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_run(f"sqlite:///{folder}/auth.db", parser.parse_args().numbers))


async def _run(url: str, count: int) -> None:
    rng = random.Random(1)
    numbers = [str(rng.randrange(10**10, 10**12)) for _ in range(count)]
    text = "\n".join(numbers)
    database = Database(url)
    await database.migrate(MIGRATIONS)
    store = NumberListStore(database)
    async with database.session() as session:
        await store.put(session, LIST, NumberListSpec(), None, "bench")
    began, spent = time.perf_counter(), time.process_time()
    await store.change(LIST, text, ImportMode.REPLACE)
    _print("import", time.perf_counter() - began, time.process_time() - spent)
    await _follow(database, store, numbers)
    await database.close()


async def _follow(database: Database, store: NumberListStore, numbers: list[str]) -> None:
    source, copy = MemorySource(), RoutingLists()
    publication = ListPublication(source, Metrics("auth"))
    lists = NumberLists(store, database, publication.part_changed)
    before, began, spent = _resident(), time.perf_counter(), time.process_time()
    await lists.refresh()
    _print("load and publish", time.perf_counter() - began, time.process_time() - spent)
    print(f"memory of auth       {(_resident() - before) / 2**20:>8.1f} MiB, list and topic")
    server = RpcServer(Metrics("auth"))
    server.add(add_ReplicationServiceServicer_to_server, ReplicationServicer({TOPIC: source}))
    port = await server.start("127.0.0.1", 0)
    async with MultiplexedChannel(f"127.0.0.1:{port}") as channel:
        arrived = asyncio.Event()

        def take(key: str, value: bytes) -> None:
            copy.put(key, value)
            arrived.set()

        replica = Replica(channel, TOPIC, put=take, delete=copy.delete)
        before, began = _resident(), time.perf_counter()
        following = [asyncio.create_task(replica.follow()), asyncio.create_task(lists.follow())]
        await replica.synced.wait()
        print(f"copy of routing      {time.perf_counter() - began:>8.2f} s")
        print(f"memory of routing    {(_resident() - before) / 2**20:>8.1f} MiB")
        _look_up(copy, numbers)
        await _change(store, copy, arrived)
        for task in following:
            task.cancel()
    await server.stop(0)


def _look_up(copy: RoutingLists, numbers: list[str]) -> None:
    sample = numbers[:LOOK_UPS]
    began = time.process_time()
    found = sum(copy.is_listed(LIST, number) for number in sample)
    taken = time.process_time() - began
    assert found == len(sample)
    print(f"look-up              {taken / len(sample) * 1e6:>8.2f} us of CPU")


async def _change(store: NumberListStore, copy: RoutingLists, arrived: asyncio.Event) -> None:
    arrived.clear()
    began = time.perf_counter()
    await store.change(LIST, "1", ImportMode.ADD)
    stored = time.perf_counter()
    await arrived.wait()
    assert copy.is_listed(LIST, "1")
    now = time.perf_counter()
    print(
        f"one number more      {stored - began:>8.2f} s to store, {now - stored:.2f} s to routing"
    )


def _print(what: str, taken: float, spent: float) -> None:
    print(f"{what:<20} {taken:>8.2f} s, {spent:.2f} s of CPU")


def _resident() -> int:
    return resident_bytes(os.getpid())


if __name__ == "__main__":
    main()
