"""A reader of a topic has what its owner has, through changes, absences and restarts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from support.waiting import until
from trunkline.common.v1.replication_pb2_grpc import add_ReplicationServiceServicer_to_server
from trunkline_kernel import replication
from trunkline_kernel.metrics import Metrics
from trunkline_kernel.replication import MemorySource, Replica, ReplicaMetrics, ReplicationServicer
from trunkline_kernel.rpc import Dispatcher, InProcessChannel, RpcServer, UnaryChannel


class Copy(dict[str, bytes]):
    """A reader's read model, which refuses one value."""

    def put(self, key: str, value: bytes) -> None:
        if value == b"unreadable":
            raise ValueError("expected anything else")
        self[key] = value

    def delete(self, key: str) -> None:
        del self[key]


@asynccontextmanager
async def following(source: MemorySource, topic: str = "words") -> AsyncIterator[Copy]:
    dispatcher = Dispatcher(Metrics("owner"))
    dispatcher.add(add_ReplicationServiceServicer_to_server, ReplicationServicer({"words": source}))
    copy = Copy()
    replica = Replica(InProcessChannel(dispatcher), topic, put=copy.put, delete=copy.delete)
    task = asyncio.create_task(replica.follow())
    await replica.synced.wait()
    yield copy
    task.cancel()


async def test_a_reader_begins_with_a_complete_snapshot() -> None:
    source = MemorySource()
    source.put("a", b"1")
    source.put("b", b"2")
    source.delete("a")

    async with following(source) as copy:
        assert copy == {"b": b"2"}


async def test_changes_reach_the_reader() -> None:
    source = MemorySource()
    source.put("a", b"1")

    async with following(source) as copy:
        source.put("b", b"2")
        source.delete("a")
        await until(lambda: copy == {"b": b"2"})


async def test_an_unreadable_entry_leaves_the_others_alone() -> None:
    source = MemorySource()
    source.put("a", b"unreadable")
    source.put("b", b"2")

    async with following(source) as copy:
        assert copy == {"b": b"2"}


async def test_a_snapshot_larger_than_a_message_arrives_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(replication, "MAX_ENTRIES", 7)
    source = MemorySource()
    source.replace({f"key {number}": b"x" * number for number in range(100)})

    async with following(source) as copy:
        assert len(copy) == 100


def test_a_source_forgets_old_deletions_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replication, "MAX_DELETED", 2)
    source = MemorySource()
    for number in range(4):
        source.put(f"key-{number}", b"1")
    for number in range(3):
        source.delete(f"key-{number}")

    assert source.changes_since(4) is None
    assert [entry.key for entry in source.changes_since(5) or ()] == ["key-1", "key-2"]


def test_a_reader_that_resumes_gets_each_key_as_it_is_now() -> None:
    source = MemorySource()
    for key, value in (("a", b"1"), ("b", b"1"), ("a", b"2"), ("c", b"1")):
        source.put(key, value)
    source.delete("b")

    changes = source.changes_since(1) or []

    assert [(entry.key, entry.value) for entry in changes] == [("a", b"2"), ("c", b"1"), ("b", b"")]


def test_an_equal_value_is_no_change() -> None:
    source = MemorySource()
    source.put("a", b"1")

    source.put("a", b"1")

    assert source.revision == 1


async def test_a_reader_keeps_its_copy_while_the_owner_is_away_and_follows_the_next_one() -> None:
    first, second = MemorySource(), MemorySource()
    first.replace({"a": b"1", "gone": b"1"})
    second.replace({"a": b"2", "b": b"3"})
    copy = Copy()
    server, port = await serve(first, 0)
    async with UnaryChannel(f"127.0.0.1:{port}") as channel:
        metrics = Metrics("reader")
        replica = Replica(
            channel, "words", put=copy.put, delete=copy.delete, metrics=ReplicaMetrics(metrics)
        )
        task = asyncio.create_task(replica.follow())
        await replica.synced.wait()
        await server.stop(0)

        assert copy == {"a": b"1", "gone": b"1"}
        server, _ = await serve(second, port)
        await until(lambda: copy == {"a": b"2", "b": b"3"})
        assert b'trunkline_reader_replica_entries{topic="words"} 2.0' in metrics.render()
        task.cancel()
        await server.stop(0)


async def serve(source: MemorySource, port: int) -> tuple[RpcServer, int]:
    server = RpcServer(Metrics("owner"))
    server.add(add_ReplicationServiceServicer_to_server, ReplicationServicer({"words": source}))
    return server, await server.start("127.0.0.1", port)
