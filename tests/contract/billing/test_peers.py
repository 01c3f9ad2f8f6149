"""BIL-14 between two running platforms: one's clearing account against the other's customer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from support.billing_service import ACME, RETAIL, BillingClient, cdr, running_billing
from support.certificates import Authority
from support.ports import free_port
from trunkline.billing.v1 import reconciliation_pb2 as pb
from trunkline.billing.v1.alarms_pb2 import Alarm
from trunkline_billing.__main__ import MIGRATIONS
from trunkline_billing.reconciliation.asking import NoAnswer, PeerLine
from trunkline_billing.reconciliation.door import PeerDoor, tls_of
from trunkline_billing.reconciliation.messages import Question, write_book
from trunkline_billing.reconciliation.office import ReconciliationOffice
from trunkline_billing.reconciliation.peer import Book, Direction, Peer, Status
from trunkline_billing.reports.reconciliation import StatedCall, Totals
from trunkline_billing.store.reconciliations import Reconciliations
from trunkline_billing.store.stated import StatedCalls
from trunkline_kernel.database import Database
from trunkline_kernel.faults import Fault, TrunklineError

KEY = "a key that both platforms know"
NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
QUICK = {"alarm_interval": timedelta(milliseconds=50)}


@dataclass
class Platforms:
    """We send calls to them: our vendor is their MappingGateway's peer, and theirs is us."""

    us: BillingClient
    them: BillingClient


@pytest.fixture
async def platforms(url: str, tmp_path: Path) -> AsyncIterator[Platforms]:
    port = free_port()
    async with AsyncExitStack() as stack:
        us = await stack.enter_async_context(running_billing(url, **QUICK))
        them = await stack.enter_async_context(
            running_billing(f"sqlite:///{tmp_path}/them.db", peer_host="127.0.0.1", peer_port=port)
        )
        await us.apply(
            ("RateGroup", "vox", RETAIL),
            ("Account", "vox", {"currency": "USD", "type": "clearing", "rateGroup": "vox"}),
            ("ReconciliationPeer", "vox", peer("vox", "outgoing", port)),
        )
        await them.apply(
            ("RateGroup", "retail", RETAIL),
            ("Account", "acme", {**ACME, "openingBalance": "100"}),
            ("ReconciliationPeer", "acme", peer("acme", "incoming")),
        )
        yield Platforms(us, them)


def peer(account: str, direction: str, port: int | None = None, key: str = KEY) -> dict[str, Any]:
    spec = {"account": account, "direction": direction, "key": key}
    if port is None:
        return spec
    endpoint = f"http://127.0.0.1:{port}/reconciliation"
    return {**spec, "endpoint": endpoint, "peerAccount": "acme"}


async def alarms_of(billing: BillingClient, count: int) -> list[Alarm]:
    """Return the alarms when there are so many."""
    while True:
        if len(alarms := await billing.alarms()) == count:
            return alarms
        await asyncio.sleep(0.02)


def stamp(moment: datetime) -> Timestamp:
    message = Timestamp()
    message.FromDatetime(moment)
    return message


async def call(billing: BillingClient, number: int, late: float = 0, **fields: Any) -> None:
    """Settle a call of a minute that was answered at noon yesterday, a minute after another."""
    answer = NOON + timedelta(minutes=number, seconds=late)
    times = {
        "setup_time": stamp(answer - timedelta(seconds=5)),
        "answer_time": stamp(answer),
        "end_time": stamp(answer + timedelta(seconds=60)),
    }
    values = {"account": "", **times, **fields}
    await billing.settle(cdr(f"call-{number}", **values))


async def sent(billing: BillingClient, number: int) -> None:
    """Settle a call as the platform has it that sent it."""
    await call(
        billing,
        number,
        clearing_account="vox",
        caller_to_gateway="+15550100",
        callee_to_gateway="99447700900123",
    )


async def received(billing: BillingClient, number: int, **fields: Any) -> None:
    """Settle the same call as the platform has it that got it, a second later."""
    await call(
        billing,
        number,
        late=1,
        account="acme",
        caller_access="15550100",
        callee_access="99447700900123",
        callee_to_gateway="0447700900123",
        **fields,
    )


def on_disk(folder: Path) -> bytes:
    """Return all that their database's files hold."""
    return b"".join(file.read_bytes() for file in folder.glob("them.db*"))


async def test_the_shared_key_lies_sealed(platforms: Platforms, tmp_path: Path) -> None:
    stored = on_disk(tmp_path)

    assert b"ReconciliationPeer" in stored
    assert KEY.encode() not in stored


async def test_bil_14_equal_books_match(platforms: Platforms) -> None:
    for number in range(3):
        await sent(platforms.us, number)
        await received(platforms.them, number)

    found = (await platforms.us.reconcile_peer("vox")).reconciliation

    assert found.state == pb.RECONCILIATION_STATE_MATCHED
    assert (found.ours.calls, found.ours.amount, found.currency) == (3, "0.30", "USD")
    assert found.theirs == found.ours


async def test_bil_14_a_cdr_that_is_gone_is_a_deviation_with_that_call(
    platforms: Platforms,
) -> None:
    for number in range(3):
        await received(platforms.them, number)
    await sent(platforms.us, 0)
    await sent(platforms.us, 2)

    answer = await platforms.us.reconcile_peer("vox", with_calls=True)

    assert answer.reconciliation.state == pb.RECONCILIATION_STATE_DEVIATION
    assert (answer.matched, answer.disputed) == (2, "0.10")
    assert [(one.finding, one.theirs.reference) for one in answer.disputes] == [
        ("missing on our side", "call-1")
    ]


async def test_bil_14_a_deviation_raises_an_alarm_that_a_match_clears(
    platforms: Platforms,
) -> None:
    await received(platforms.them, 0)
    await platforms.us.reconcile_peer("vox")
    raised = await alarms_of(platforms.us, 1)

    await sent(platforms.us, 0)
    await platforms.us.reconcile_peer("vox")

    assert [(one.type, one.object) for one in raised] == [("reconciliation", "vox")]
    await alarms_of(platforms.us, 0)


class Phone:
    """A line to a peer whose books are empty, and who may be away."""

    def __init__(self) -> None:
        self.away = False
        self.asked: list[date] = []

    async def totals(self, peer: Peer, day: date) -> Book:
        self.asked.append(day)
        if self.away:
            raise NoAnswer("connection refused")
        return Book(Totals(), None)

    async def calls(self, peer: Peer, day: date) -> list[StatedCall]:
        return []


async def test_bil_14_the_day_before_is_compared_at_two_and_retried_hourly(url: str) -> None:
    database = Database(url)
    await database.migrate(MIGRATIONS)
    two = datetime(2026, 3, 1, 2, tzinfo=UTC)
    clock, phone, records = [two - timedelta(seconds=1)], Phone(), Reconciliations(database)
    vox = Peer("vox", "vox", Direction.OUTGOING, KEY.encode(), "http://vox.example", "us")
    office = ReconciliationOffice(
        lambda: [vox], StatedCalls(database), records, phone, lambda: clock[0]
    )

    async def asked_at(moment: datetime, *, away: bool) -> list[date]:
        clock[0], phone.away, phone.asked = moment, away, []
        await office.look()
        return phone.asked

    yesterday = date(2026, 2, 28)
    assert await asked_at(two - timedelta(seconds=1), away=False) == []
    assert await asked_at(two, away=True) == [yesterday]
    assert await asked_at(two + timedelta(minutes=59), away=False) == []
    assert await asked_at(two + timedelta(minutes=60), away=False) == [yesterday]
    assert await asked_at(two + timedelta(minutes=120), away=False) == []
    (record,) = await records.page("", None, 10)
    await database.close()
    assert (record.day, record.status) == (yesterday, Status.MATCHED)


async def test_bil_14_comparisons_are_listed_newest_first(platforms: Platforms) -> None:
    days = [(NOON - timedelta(days=ago)).date().isoformat() for ago in range(3)]
    for day in days:
        await platforms.us.reconcile_peer("vox", day=day)

    assert [one.day for one in await platforms.us.peer_reconciliations()] == days


async def test_bil_14_a_peer_that_is_away_gives_no_answer(billing: BillingClient) -> None:
    await billing.apply(("ReconciliationPeer", "vox", peer("acme", "incoming", 9)))

    found = (await billing.reconcile_peer("vox")).reconciliation

    assert found.state == pb.RECONCILIATION_STATE_NO_ANSWER
    assert not found.HasField("theirs")
    assert found.explanation


async def test_bil_14_a_peer_with_another_key_is_refused(platforms: Platforms) -> None:
    await platforms.them.apply(
        ("ReconciliationPeer", "acme", peer("acme", "incoming", key="quite another shared key"))
    )

    found = (await platforms.us.reconcile_peer("vox")).reconciliation

    assert found.state == pb.RECONCILIATION_STATE_REFUSED
    assert "HTTP 403" in found.explanation


async def test_bil_14_today_is_not_compared(platforms: Platforms) -> None:
    with pytest.raises(TrunklineError) as refused:
        await platforms.us.reconcile_peer("vox", day=datetime.now(UTC).date().isoformat())

    assert refused.value.fault is Fault.INVALID_ARGUMENT


async def test_bil_14_the_shared_key_is_never_shown(platforms: Platforms) -> None:
    shown = await platforms.us.document("ReconciliationPeer", "vox")

    assert shown["key"] == "***"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"key": "short"}, "spec.key"),
        ({"endpoint": "vox.example"}, "spec.endpoint"),
        ({"endpoint": "http://vox.example", "peerAccount": ""}, "spec.peerAccount"),
        ({"direction": "sideways"}, "spec.direction"),
    ],
    ids=["a short key", "no URL", "nobody to ask for", "no direction"],
)
async def test_bil_14_a_peer_that_cannot_be_asked_is_rejected_by_field(
    billing: BillingClient, change: dict[str, str], field: str
) -> None:
    spec = {**peer("acme", "incoming", 9), **change}

    with pytest.raises(TrunklineError) as refused:
        await billing.apply(("ReconciliationPeer", "vox", spec))

    assert field in str(refused.value.violations or refused.value.message)


async def test_bil_14_two_peers_cannot_share_an_account_and_direction(
    billing: BillingClient,
) -> None:
    await billing.apply(("ReconciliationPeer", "one", peer("acme", "incoming")))

    with pytest.raises(TrunklineError, match="one has its incoming calls"):
        await billing.apply(("ReconciliationPeer", "two", peer("acme", "incoming")))


@pytest.mark.parametrize(
    ("sent_bytes", "status"),
    [
        (b"\x16\x03\x01 not HTTP at all\r\n\r\n", b""),
        (b"GET /reconciliation HTTP/1.1\r\nHost: a\r\n\r\n", b"HTTP/1.1 405"),
        (b"POST /admin HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 404"),
        (
            b"POST /reconciliation HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\n"
            + b"x" * 9999,
            b"HTTP/1.1 413",
        ),
    ],
    ids=["no HTTP", "GET", "another page", "too long"],
)
async def test_bil_14_the_door_answers_only_what_it_is_for(
    sent_bytes: bytes, status: bytes
) -> None:
    async def books(question: Question) -> bytes:
        raise AssertionError("nobody may ask")

    door = PeerDoor(lambda question: None, books, lambda: NOON)
    async with door.opened("127.0.0.1", 0):
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        writer.write(sent_bytes)
        answer = await reader.read()
        writer.close()

    assert answer[:12] == status


async def test_bil_14_a_door_with_a_certificate_is_asked_over_tls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    issued = authority.issue("door", addresses=["127.0.0.1"])
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca))
    us = Peer("us", "acme", Direction.INCOMING, KEY.encode())

    async def books(question: Question) -> bytes:
        return write_book(Book(Totals(3), None))

    door = PeerDoor(lambda question: us, books, lambda: NOON)
    async with door.opened("127.0.0.1", 0, tls_of(issued.cert, issued.key)):
        url = f"https://127.0.0.1:{door.port}/reconciliation"
        them = Peer("them", "vox", Direction.OUTGOING, KEY.encode(), url, "acme")
        book = await PeerLine(lambda: NOON).totals(them, NOON.date())

    assert book.totals.calls == 3
