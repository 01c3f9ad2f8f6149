"""BIL-14: when books are compared with peers, what is found, and what two platforms say."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.billing import USD, seconds
from trunkline_billing.money import Currency
from trunkline_billing.reconciliation.door import PeerDoor, Reply
from trunkline_billing.reconciliation.messages import (
    BadMessage,
    Question,
    What,
    is_signed,
    read_book,
    read_calls,
    read_question,
    sign,
    write_book,
    write_calls,
    write_question,
)
from trunkline_billing.reconciliation.peer import (
    Book,
    Direction,
    Peer,
    Record,
    Status,
    conditions,
    due,
    judge,
)
from trunkline_billing.reports.reconciliation import StatedCall, Totals

KEY = b"sixteen letters!"
PEER = Peer("vox", "vox", Direction.OUTGOING, KEY, "http://vox.example/reconciliation", "us")
YESTERDAY = date(2026, 2, 28)
TWO = datetime(2026, 3, 1, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
QUESTION = Question(What.TOTALS, "us", Direction.INCOMING, YESTERDAY)


def book(calls: int = 1000, amount: str = "100", currency: Currency | None = USD) -> Book:
    return Book(Totals(calls, seconds(60 * calls), Decimal(amount)), currency)


def record(status: Status, checked_at: datetime = TWO, day: date = YESTERDAY) -> Record:
    return Record("vox", day, status, checked_at, book())


def days_due(now: datetime, *records: Record, peer: Peer = PEER) -> list[date]:
    return [day for _, day in due([peer], {(one.peer, one.day): one for one in records}, now)]


def test_bil_14_a_day_is_compared_at_two_o_clock_after_it() -> None:
    assert days_due(TWO - seconds(1)) == []
    assert days_due(TWO) == [YESTERDAY]


@pytest.mark.parametrize("status", [Status.MATCHED, Status.DEVIATION, Status.REFUSED])
def test_bil_14_a_day_that_was_compared_is_not_compared_again(status: Status) -> None:
    assert days_due(TWO + 5 * HOUR, record(status)) == []


def test_bil_14_a_peer_that_gave_no_answer_is_asked_again_after_an_hour() -> None:
    unanswered = record(Status.NO_ANSWER)

    assert days_due(TWO + HOUR - seconds(1), unanswered) == []
    assert days_due(TWO + HOUR, unanswered) == [YESTERDAY]
    assert days_due(TWO + timedelta(days=7), unanswered)[:1] != [YESTERDAY]


def test_bil_14_days_that_were_slept_through_are_made_up_for() -> None:
    before = record(Status.MATCHED, day=YESTERDAY - timedelta(days=3))

    assert days_due(TWO, before) == [YESTERDAY - timedelta(days=ago) for ago in (2, 1, 0)]


@pytest.mark.parametrize("change", [{"enabled": False}, {"endpoint": ""}])
def test_bil_14_a_peer_that_is_off_or_only_asks_us_is_not_asked(change: dict[str, object]) -> None:
    assert days_due(TWO, peer=replace(PEER, **change)) == []  # type: ignore[arg-type]


def test_bil_14_equal_totals_match() -> None:
    assert judge(PEER, YESTERDAY, book(), book(), TWO).status is Status.MATCHED


@pytest.mark.parametrize(
    ("theirs", "status"),
    [
        (book(calls=1005), Status.MATCHED),
        (book(calls=1006), Status.DEVIATION),
        (book(amount="100.51"), Status.DEVIATION),
        (book(currency=Currency("EUR")), Status.DEVIATION),
    ],
    ids=["half a percent", "more calls", "dearer", "another currency"],
)
def test_bil_14_a_deviation_is_more_than_the_tolerance(theirs: Book, status: Status) -> None:
    assert judge(PEER, YESTERDAY, book(), theirs, TWO).status is status


def test_bil_14_a_deviation_is_an_alarm_until_a_later_day_matches() -> None:
    bad = record(Status.DEVIATION)
    good = record(Status.MATCHED, day=YESTERDAY + timedelta(days=1))

    assert [one.subject for one in conditions([PEER], {("vox", bad.day): bad})] == ["vox"]
    assert not list(conditions([PEER], {("vox", bad.day): bad, ("vox", good.day): good}))


def test_bil_14_a_question_comes_back_as_it_was_asked() -> None:
    asked = replace(QUESTION, what=What.CALLS, hour=23)

    assert read_question(write_question(asked)) == asked


@given(
    st.builds(
        StatedCall,
        caller=st.text(max_size=20),
        callee=st.text(max_size=20),
        start=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)).map(
            lambda moment: moment.replace(microsecond=0)
        ),
        billed=st.integers(0, 10**6).map(seconds),
        amount=st.decimals("0", "1000000", places=8),
        reference=st.text(max_size=20),
    )
)
def test_bil_14_calls_come_back_as_they_were_told(call: StatedCall) -> None:
    assert read_calls(write_calls([call])) == [call]


def test_bil_14_totals_come_back_exactly() -> None:
    exact = book(amount="100.000000001")

    assert read_book(write_book(exact)) == exact


@given(st.binary(max_size=200))
def test_bil_14_any_bytes_are_a_message_or_refused_by_name(body: bytes) -> None:
    for read in (read_question, read_book, read_calls):
        try:
            read(body)
        except BadMessage as error:
            assert str(error)


@given(st.binary(max_size=50), st.integers(0, 49), st.integers(1, 255))
def test_bil_14_a_changed_text_is_not_signed(body: bytes, place: int, change: int) -> None:
    signature = sign(KEY, "1", body)
    changed = bytearray(body + b"x")
    changed[place % len(changed)] ^= change

    assert is_signed(signature, KEY, "1", body)
    assert not is_signed(signature, KEY, "1", bytes(changed))
    assert not is_signed(signature, KEY, "2", body)


def headers(key: bytes = KEY, asked_at: datetime = TWO, body: bytes = b"") -> dict[str, str]:
    told = str(int(asked_at.timestamp()))
    body = body or write_question(QUESTION)
    return {"trunkline-time": told, "trunkline-signature": sign(key, told, body)}


async def answer(told: dict[str, str], body: bytes = b"") -> Reply:
    """Return what a door says that knows the peer of QUESTION."""

    async def books(question: Question) -> bytes:
        return b"the books"

    def find(question: Question) -> Peer | None:
        return PEER if question.account == "us" else None

    door = PeerDoor(find, books, lambda: TWO)
    return await door.answer(told, body or write_question(QUESTION))


async def test_bil_14_a_signed_question_gets_a_signed_answer() -> None:
    told = headers()

    reply = await answer(told)

    assert (reply.status, reply.body) == (200, b"the books")
    assert is_signed(reply.signature, KEY, told["trunkline-signature"], reply.body)


@pytest.mark.parametrize(
    "told",
    [{}, headers(key=b"another key here"), headers(asked_at=TWO - timedelta(minutes=6))],
    ids=["not signed", "another key", "an old question"],
)
async def test_bil_14_strangers_and_replays_are_told_nothing(told: dict[str, str]) -> None:
    reply = await answer(told)

    assert reply.status == 403
    assert b"books" not in reply.body


async def test_bil_14_an_unknown_account_looks_like_a_wrong_key() -> None:
    body = write_question(replace(QUESTION, account="nobody"))

    unknown = await answer(headers(body=body), body)
    unsigned = await answer({})

    assert unknown == unsigned


async def test_bil_14_a_question_that_is_none_is_refused_with_what_is_wrong() -> None:
    reply = await answer({}, b'{"what": "totals"}')

    assert (reply.status, reply.body) == (400, b"account: is required\n")
