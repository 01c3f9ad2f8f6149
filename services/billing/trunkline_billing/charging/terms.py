"""At which rates a call is charged: the payer's, its agents' and the vendor's (BIL-04, BIL-08)."""

from collections.abc import Mapping
from datetime import datetime

from ..accounts.account import Account
from ..errors import RateNotFound
from ..rating.deck import RateDeck
from .reservation import Terms

Decks = Mapping[str, RateDeck]
"""Rate groups by name."""


def terms_of(account: Account, decks: Decks, callee: str, setup_time: datetime) -> Terms:
    """Return the terms of one account; raise `RateNotFound`."""
    if account.rate_group is None:
        raise RateNotFound(f"account {account.name} has no rate group")
    deck = decks.get(account.rate_group)
    if deck is None:
        raise RateNotFound(f"account {account.name}: rate group {account.rate_group} is missing")
    if deck.currency not in (None, account.currency):
        raise RateNotFound(
            f"account {account.name} keeps {account.currency},"
            f" rate group {deck.name} is in {deck.currency}"
        )
    rate = deck.find(callee, setup_time)
    return Terms(
        account.name,
        account.currency,
        deck.name,
        rate.prefix,
        rate.tariff,
        rate.level,
        account.holder,
    )
