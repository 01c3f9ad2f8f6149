"""What SQLite's driver is given directly does what SQLAlchemy's statements do."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, select
from support.billing import NOW, account, call, deck, seconds, start, till
from trunkline_billing.accounts.purse import Purse
from trunkline_billing.charging.rules import Rules
from trunkline_billing.charging.till import Till
from trunkline_billing.store.edits import Edit, Verb, edits_of, empty_purses
from trunkline_billing.store.purse_rows import encode_purse
from trunkline_billing.store.row_statements import row_statement
from trunkline_billing.store.statements import statement_of
from trunkline_billing.store.tables import METADATA, PURSES

RULES = Rules(advance=seconds(60), outputs=("file",))


def by_driver(connection: Connection, edit: Edit) -> None:
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.executemany(*row_statement(edit))


def by_sqlalchemy(connection: Connection, edit: Edit) -> None:
    connection.execute(*statement_of(edit, "sqlite"))


@pytest.fixture
def connection() -> Iterator[Connection]:
    with create_engine("sqlite://").connect() as opened:
        METADATA.create_all(opened)
        yield opened


def stored(connection: Connection, edits: list[Edit], make: Callable[..., None]) -> dict[str, Any]:
    for edit in edits:
        make(connection, edit)
    tables = METADATA.sorted_tables
    rows = {table.name: connection.execute(select(table)).all() for table in tables}
    connection.rollback()
    return rows


def test_a_life_of_calls_is_stored_alike(connection: Connection) -> None:
    books = till(account(), account("vox"), decks=[deck("retail", p44="0.10")], acme="100")
    edits = [*empty_purses(["acme", "vox"]), *written(books)]
    books.authorize(start("talks"), RULES, NOW)
    books.authorize(start("ends"), RULES, NOW)
    edits += written(books)
    books.extend("talks", seconds(61), RULES, NOW)
    books.settle(call("ends", clearing_account="vox"), RULES, NOW)
    edits += written(books)

    told = stored(connection, edits, by_driver)

    assert told == stored(connection, edits, by_sqlalchemy)
    assert [row.call_id for row in told["reservations"]] == ["talks"]
    assert len(told["cdrs"]) == len(told["deliveries"]) == 1


def test_a_purse_that_exists_is_not_made_again(connection: Connection) -> None:
    rich = Edit(Verb.ADD, PURSES, [encode_purse("acme", Purse(Decimal("1.50")))])
    edits = [rich, *empty_purses(["acme"])]

    told = stored(connection, edits, by_driver)

    assert told == stored(connection, edits, by_sqlalchemy)
    assert told["purses"][0].balance == Decimal("1.50")


def written(books: Till) -> list[Edit]:
    return edits_of(books.take_changes(), books)
