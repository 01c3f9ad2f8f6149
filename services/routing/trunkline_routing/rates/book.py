"""Which prices an account has: accounts to rate groups, rate groups to decks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from .deck import Deck, Found


class Tariff(NamedTuple):
    """By which rate group an account is charged, and in which currency."""

    rate_group: str
    currency: str


class Rate(NamedTuple):
    """What a number costs an account."""

    prefix: str
    found: Found
    currency: str


@dataclass(frozen=True, slots=True)
class RateBook:
    """All that is known about prices at one moment."""

    accounts: Mapping[str, Tariff] = field(default_factory=dict)
    decks: Mapping[str, Deck] = field(default_factory=dict)

    def rate(self, account: str | None, number: str, place: int) -> Rate | None:
        """Return what `number`, which `encode` put at `place`, costs `account`.

        Nothing when the account, its rate group, or a rate is missing, or the rate is locked.
        """
        tariff = self.accounts.get(account) if account else None
        deck = self.decks.get(tariff.rate_group) if tariff else None
        found = deck.find(place) if deck else None
        if tariff is None or found is None or found.price.locked:
            return None
        return Rate(number[: found.prefix_length], found, tariff.currency)
