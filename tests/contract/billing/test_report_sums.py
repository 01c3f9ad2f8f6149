"""BIL-16, MGT-11: the database adds up what adding up call by call gives."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from itertools import combinations
from random import Random
from typing import Any

import pytest
from sqlalchemy import delete, insert
from support.billing import NOW, USD, call, seconds
from support.report_sums import summed
from trunkline_billing.__main__ import MIGRATIONS
from trunkline_billing.cdrs.cdr import NOTHING, Cdr, Party, Share
from trunkline_billing.money import Currency
from trunkline_billing.reasons import CallEndReason
from trunkline_billing.reports.report import Dimension
from trunkline_billing.store.cdr_rows import encode_cdr
from trunkline_billing.store.report_reader import ReportReader
from trunkline_billing.store.tables import CDRS
from trunkline_kernel.database import Database

BEGIN, END = NOW - timedelta(days=40), NOW + timedelta(days=40)
GROUPINGS = [[], *([one] for one in Dimension), *map(list, combinations(Dimension, 2))]


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    await database.migrate(MIGRATIONS)
    yield database
    await database.close()


@pytest.mark.parametrize("seed", range(3))
async def test_bil_16_sql_sums_what_python_does(database: Database, seed: int) -> None:
    chance = Random(seed)
    cdrs = [some_cdr(chance) for _ in range(80)]
    await store(database, cdrs)
    reader = ReportReader(database)

    for dimensions in GROUPINGS:
        assert await reader.groups(BEGIN, END, dimensions) == summed(cdrs, dimensions)


async def test_bil_16_a_report_of_one_account_or_gateway_has_its_calls_alone(
    database: Database,
) -> None:
    chance = Random(4)
    cdrs = [some_cdr(chance) for _ in range(60)]
    await store(database, cdrs)
    reader, by = ReportReader(database), [Dimension.DAY]

    of_acme = [one for one in cdrs if "acme" in (one.call.account, one.call.clearing_account)]
    assert await reader.groups(BEGIN, END, by, account="acme") == summed(of_acme, by)
    sides = [(one, {one.call.caller_party.name, one.call.callee_party.name}) for one in cdrs]
    of_vox = [one for one, names in sides if "vox" in names]
    assert await reader.groups(BEGIN, END, by, gateway="vox") == summed(of_vox, by)


async def test_bil_16_sums_keep_their_decimals(database: Database) -> None:
    cdrs = [cdr(fee="0.10"), cdr(fee="0.2050"), cdr(fee="99999999.9999")]
    await store(database, cdrs)

    (row,) = await ReportReader(database).groups(BEGIN, END, [])

    assert format(row.charge, "f") == "100000000.3049"


async def test_bil_16_an_account_without_calls_has_no_row(database: Database) -> None:
    assert await ReportReader(database).groups(BEGIN, END, [Dimension.ACCOUNT]) == []


async def test_bil_16_the_days_add_up_to_the_month(database: Database) -> None:
    ends = [NOW + timedelta(days=day % 28, hours=day) for day in range(40)]
    await store(database, [cdr(held=61, fee="0.13", end_time=end) for end in ends])
    reader = ReportReader(database)

    days = await reader.groups(BEGIN, END, [Dimension.DAY])
    (month,) = await reader.groups(BEGIN, END, [Dimension.MONTH])

    assert sum(row.calls for row in days) == month.calls == 40
    assert sum(row.charge for row in days) == month.charge == Decimal("5.20")
    assert sum((row.hold_time for row in days), NOTHING) == month.hold_time


async def test_mgt_11_duration_classes(database: Database) -> None:
    classes = {0: "0", 1: "1-10", 10: "1-10", 11: "11-30", 60: "31-60", 600: "181-600", 601: ">600"}
    await store(database, [cdr(held=held) for held in classes])

    rows = await ReportReader(database).groups(BEGIN, END, [Dimension.DURATION])

    assert {row.keys[0] for row in rows} == {*classes.values()}
    assert {row.keys[0]: row.calls for row in rows}["1-10"] == 2


async def store(database: Database, cdrs: list[Cdr]) -> None:
    rows = [encode_cdr(one) | {"call_id": f"call-{at}"} for at, one in enumerate(cdrs)]
    async with database.session() as session:
        await session.execute(delete(CDRS))
        await session.execute(insert(CDRS), rows)


def some_cdr(chance: Random) -> Cdr:
    """Return a call like any other: answered or not, charged or not, tried anywhere."""
    held = chance.choice([0, 1, 10, 11, 60, 61, 599, 600, 601, chance.randint(0, 5000)])
    return cdr(
        held=held,
        fee=f"{chance.randint(0, 10**8)}e-4" if held and chance.random() < 0.9 else None,
        cost=f"{chance.randint(0, 10**8)}e-4" if held and chance.random() < 0.7 else None,
        currency=chance.choice([USD, Currency("EUR")]),
        prefix=chance.choice(["44", "4420", ""]),
        level=chance.choice([1, 2, 5]),
        payer=chance.choice(["acme", "child", ""]),
        clearing_account=chance.choice(["vox", "acme", ""]),
        end_reason=chance.choice([CallEndReason.CALLER_HANGUP, CallEndReason.ROUTE_NOT_FOUND]),
        end_time=NOW + timedelta(seconds=chance.uniform(-(10**6), 10**6)),
        caller_party=Party(1, chance.choice(["pbx", "other"]), "192.0.2.10", 5060),
        callee_party=Party(2, chance.choice(["vox", ""]), "198.51.100.7", 5060),
        extension={"attempts": attempts} if (attempts := some_attempts(chance)) else {},
    )


def some_attempts(chance: Random) -> list[dict[str, Any]]:
    """Return attempts as the proto's JSON has them: what is zero is left out."""
    made = []
    for _ in range(chance.randint(0, 3)):
        attempt: dict[str, Any] = {"endpoint": {"name": chance.choice(["vox", "carrier"])}}
        if chance.random() < 0.5:
            attempt["answered"] = True
        if chance.random() < 0.7:
            attempt["post_dial_delay"] = (
                f"{chance.randint(0, 9999)}.{chance.randint(0, 999999):06}s"
            )
        made.append(attempt if chance.random() < 0.9 else {})
    return made


def cdr(
    *,
    held: int = 60,
    fee: str | None = None,
    cost: str | None = None,
    currency: Currency = USD,
    prefix: str = "44",
    level: int = 5,
    **fields: Any,
) -> Cdr:
    finished = call(talk=held or None, **fields)
    rest = (seconds(held), NOTHING, "retail", prefix, level)
    payer = Share(finished.account, currency, Decimal(fee), *rest) if fee else None
    vendor = Share(finished.clearing_account, USD, Decimal(cost), *rest) if cost else None
    return Cdr(finished, seconds(held), NOW, payer, (), vendor)
