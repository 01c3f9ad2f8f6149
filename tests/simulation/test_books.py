"""The readers of the books see what is wrong: an invariant that can't fail proves nothing."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from simulation.books import CALL, Books, StoredCdr, check_books

CDR = StoredCdr(
    call_id="call-1",
    sip_call_id="sip-1",
    callee="4420",
    account="acme",
    setup=100.0,
    answer=105.0,
    end=165.0,
    direction=0,
    reason=11,
    sip_status=200,
    hold_seconds=60,
    fee=Decimal("0.60"),
    cost=Decimal(0),
    clearing_account="",
    shares={"acme": Decimal("0.60")},
    recovered_by="",
)
BOOKS = Books(
    cdrs=[CDR],
    purses={"acme": (Decimal("-0.60"), Decimal(0), 0)},
    entries=[
        ("call:call-1", "acme", Decimal("-0.60"), CALL),
        ("call:call-1", "revenue:USD", Decimal("0.60"), CALL),
    ],
    transactions={"call:call-1": (CALL, "call-1")},
    reservations=[],
)


def test_books_that_are_right_pass() -> None:
    assert list(check_books(BOOKS)) == []


def test_a_doubled_cdr_is_seen() -> None:
    assert "call call-1 has 2 CDRs" in list(check_books(replace(BOOKS, cdrs=[CDR, CDR])))


def test_a_cent_too_much_on_a_balance_is_seen() -> None:
    purses = {"acme": (Decimal("-0.59"), Decimal(0), 0)}

    (problem,) = check_books(replace(BOOKS, purses=purses))
    assert "acme has -0.59" in problem


def test_a_charge_without_a_cdr_is_seen() -> None:
    (problem,) = check_books(replace(BOOKS, cdrs=[]))
    assert "call-1 is charged" in problem


def test_a_charge_for_an_unanswered_call_is_seen() -> None:
    (problem,) = check_books(replace(BOOKS, cdrs=[replace(CDR, answer=None)]))
    assert "never answered" in problem


def test_a_reservation_that_stays_is_seen() -> None:
    purses = {"acme": (Decimal("-0.60"), Decimal("0.10"), 1)}
    books = replace(BOOKS, purses=purses, reservations=["call-2"])

    assert len(list(check_books(books))) == 2
