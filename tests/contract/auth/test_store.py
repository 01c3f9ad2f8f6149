"""Bindings on disk: what was written is there after a kill, what was not heals with a refresh."""

from dataclasses import replace
from datetime import timedelta

import pytest
from support.auth_doors import NOON, address
from trunkline_auth.identity import EndpointId, EndpointKind, Transport
from trunkline_auth.memory import MemoryBindings
from trunkline_auth.registrations import Binding
from trunkline_auth.store.audit import AuditRecord, AuditStore
from trunkline_auth.store.bindings import BindingStore
from trunkline_kernel.database import Database

pytestmark = pytest.mark.parametrize(
    "url",
    ["sqlite", pytest.param("postgres", marks=pytest.mark.integration)],
    indirect=True,
)

ALICE = Binding(
    EndpointId(EndpointKind.PHONE, "1001"),
    contact="sip:1001@10.0.0.5:5060",
    received=address("203.0.113.7:5060"),
    transport=Transport.TLS,
    registered=NOON,
    updated=NOON + timedelta(seconds=60),
    expires=NOON + timedelta(hours=1),
    call_id="call-1",
    cseq=2**32 - 1,
    local=address("2001:db8::1:5061"),
    user_agent="phone/1.0",
    instance_id="<urn:uuid:1>",
    signaling_instance="signaling-0",
    behind_nat=True,
    reachable=False,
)
BOB = replace(
    ALICE, endpoint=EndpointId(EndpointKind.MAPPING_GATEWAY, "pbx"), local=None, behind_nat=False
)


async def test_bindings_outlive_the_process(database: Database) -> None:
    store = BindingStore(database)
    bindings = MemoryBindings(store)
    await bindings.put(ALICE)
    await bindings.put(BOB)
    await store.flush()

    restored = MemoryBindings(store, await BindingStore(database).load(NOON))

    assert store.pending == 0
    assert await restored.page(None, 10, NOON) == [BOB, ALICE]


async def test_a_refresh_replaces_what_was_written(database: Database) -> None:
    store = BindingStore(database)
    refreshed = replace(ALICE, contact="sip:1001@10.0.0.6:5060")
    store.put(ALICE)
    await store.flush()
    store.put(ALICE)
    store.put(refreshed)
    await store.flush()

    assert await store.load(NOON) == [refreshed]


async def test_a_binding_that_was_removed_does_not_come_back(database: Database) -> None:
    store = BindingStore(database)
    bindings = MemoryBindings(store)
    await bindings.put(ALICE)
    await store.flush()
    await bindings.remove(ALICE.endpoint)
    await store.flush()

    assert await store.load(NOON) == []


async def test_a_binding_that_lapsed_while_we_were_away_is_forgotten(database: Database) -> None:
    store = BindingStore(database)
    store.put(ALICE)
    await store.flush()

    assert await store.load(NOON + timedelta(hours=1)) == []
    assert await store.load(NOON) == []


async def test_many_bindings_are_written_in_batches(database: Database) -> None:
    store = BindingStore(database)
    endpoints = [EndpointId(EndpointKind.PHONE, str(number)) for number in range(12_000)]
    for endpoint in endpoints:
        store.put(replace(ALICE, endpoint=endpoint))

    await store.flush()

    assert len(await store.load(NOON)) == 12_000


async def test_mgt12_the_audit_keeps_the_first_record_of_a_write(database: Database) -> None:
    audit = AuditStore(database)
    record = AuditRecord("olga", "203.0.113.7", "RateGroup/retail", "{}", '{"a": 1}', NOON)
    await audit.add("write-1", [record])
    await audit.add("write-1", [replace(record, after_json="changed")])
    await audit.add("write-2", [replace(record, operator="petra")])

    newest = await audit.page("", "", 1, None)
    older = await audit.page("", "RateGroup/retail", 9, newest[0][0])

    assert newest[0][1].operator == "petra"
    assert [each for _, each in older] == [record]
