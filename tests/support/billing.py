"""Calls, accounts and decks for billing's tests."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from trunkline_billing.accounts.account import Account, Accounts
from trunkline_billing.cdrs.cdr import Call, Numbers, Party
from trunkline_billing.charging.reservation import CallStart
from trunkline_billing.charging.till import Till
from trunkline_billing.ledger.transactions import EntryKind, Transaction, opening_book, transfer
from trunkline_billing.money import Currency
from trunkline_billing.rating.deck import Rate, RateDeck
from trunkline_billing.rating.tariff import Tariff
from trunkline_billing.reasons import CallEndReason, EndDirection

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
USD = Currency("USD")
CALLEE = "447700900123"


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def rate(prefix: str, fee: str, period: int = 60, **rest: Any) -> Rate:
    return Rate(prefix, Tariff(Decimal(fee), seconds(period)), **rest)


def deck(name: str, **fees: str) -> RateDeck:
    """Return a deck of fees per minute by prefix: `deck("retail", p44="0.10")`."""
    return RateDeck(name, [rate(prefix[1:], fee) for prefix, fee in fees.items()])


def account(name: str = "acme", *, rate_group: str | None = "retail", **rest: Any) -> Account:
    return Account(name, USD, rate_group=rate_group, **rest)


def till(*accounts: Account, decks: Iterable[RateDeck] = (), **balances: str) -> Till:
    """Return a till with accounts, decks and opening balances by account."""
    made = Till(Accounts(accounts), {one.name: one for one in decks})
    for name, balance in balances.items():
        made.post(opening(name, balance))
    return made


def opening(name: str, balance: str) -> Transaction:
    entries = transfer(opening_book(USD), name, Decimal(balance), USD, EntryKind.OPENING)
    return Transaction(EntryKind.OPENING, name, NOW, entries)


def start(call_id: str = "call-1", payer: str = "acme", **rest: Any) -> CallStart:
    values: dict[str, Any] = {
        "caller": "15550100",
        "callee": CALLEE,
        "setup_time": NOW,
        "signaling_instance": "signaling-0",
    }
    return CallStart(call_id=call_id, account=payer, **(values | rest))


def call(
    call_id: str = "call-1", talk: float | None = 60, payer: str = "acme", **rest: Any
) -> Call:
    """Return a finished call; a talk of None was never answered."""
    answer = None if talk is None else NOW + seconds(5)
    values: dict[str, Any] = {
        "setup_time": NOW,
        "answer_time": answer,
        "end_time": (answer or NOW) + seconds(talk or 0),
        "end_direction": EndDirection.CALLER,
        "end_reason": CallEndReason.CALLER_HANGUP,
        "caller": Numbers("15550100", "15550100", "15550100"),
        "callee": Numbers("0" + CALLEE, CALLEE, CALLEE),
        "caller_party": Party(1, "acme-pbx", "192.0.2.10", 5060),
        "callee_party": Party(2, "voxcarrier", "198.51.100.7", 5060),
    }
    return Call(call_id=call_id, account=payer, **(values | rest))
