"""Which prices an account has: accounts to rate groups, rate groups to decks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from .deck import Deck
from .price import Price


class Tariff(NamedTuple):
    """By which rate group an account is charged, and in which currency."""

    rate_group: str
    currency: str


class Rate(NamedTuple):
    """What a number costs an account."""

    prefix_length: int
    price: Price
    currency: str


@dataclass(frozen=True, slots=True)
class RateBook:
    """All that is known about prices at one moment."""

    accounts: Mapping[str, Tariff] = field(default_factory=dict)
    decks: Mapping[str, Deck] = field(default_factory=dict)
    _of: Mapping[str, tuple[Deck, str]] = field(init=False, repr=False)
    """Deck and currency of each account that has one."""

    def __post_init__(self) -> None:
        decks = self.decks
        found = {
            name: (decks[tariff.rate_group], tariff.currency)
            for name, tariff in self.accounts.items()
            if tariff.rate_group in decks
        }
        object.__setattr__(self, "_of", found)

    def rate(self, account: str | None, place: int) -> Rate | None:
        """Return what the number that `encode` put at `place` costs `account`.

        Nothing when the account, its rate group, or a rate is missing, or the rate is locked.
        """
        own = self._of.get(account) if account else None
        if own is None:
            return None
        deck, currency = own
        found = deck.find(place)
        if found is None or found[1].locked:
            return None
        return Rate(found[0], found[1], currency)
