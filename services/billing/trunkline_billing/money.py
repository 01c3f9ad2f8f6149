"""Exact money: decimal amounts with an explicit currency, and the one rounding rule (BIL-02.5).

Nothing else in billing rounds. Amounts are never floats.
"""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Final, NewType, Self

from .errors import BadAmount, CurrencyMismatch

Currency = NewType("Currency", str)

ZERO: Final = Decimal(0)
MAX_DECIMALS: Final = 12
"""Digits after the point that an amount may have: what the ledger's columns keep."""
MAX_DIGITS: Final = 12
"""Digits before the point."""

_CURRENCY: Final = re.compile(r"[A-Z]{3}")


def parse_currency(text: str) -> Currency:
    """Return `text` as an ISO 4217 code; raise `BadAmount` when it is not three capital letters."""
    if not _CURRENCY.fullmatch(text):
        raise BadAmount(f"currency {text!r}: expected an ISO 4217 code such as 'USD'")
    return Currency(text)


def parse_amount(text: str, what: str = "amount") -> Decimal:
    """Return the plain decimal in `text`; raise `BadAmount` naming `what` for anything else."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise BadAmount(f"{what} {text!r}: expected decimal digits such as '-0.0120'") from None
    if not amount.is_finite():
        raise BadAmount(f"{what} {text!r}: expected a finite decimal")
    exponent = amount.as_tuple().exponent
    assert isinstance(exponent, int)
    if -exponent > MAX_DECIMALS or amount.adjusted() >= MAX_DIGITS:
        raise BadAmount(
            f"{what} {text!r}: expected at most {MAX_DIGITS} digits before"
            f" and {MAX_DECIMALS} after the point"
        )
    return amount


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a currency; adding two currencies is refused."""

    amount: Decimal
    currency: Currency

    @classmethod
    def parse(cls, amount: str, currency: str) -> Self:
        """Return the money written as `amount` and `currency`; raise `BadAmount`."""
        return cls(parse_amount(amount), parse_currency(currency))

    def __add__(self, other: Self) -> Self:
        self.require(other.currency)
        return type(self)(self.amount + other.amount, self.currency)

    def __neg__(self) -> Self:
        return type(self)(-self.amount, self.currency)

    def require(self, currency: Currency) -> None:
        """Raise `CurrencyMismatch` unless this is money in `currency`."""
        if self.currency != currency:
            raise CurrencyMismatch(f"got {self.currency} where {currency} was expected")


@dataclass(frozen=True)
class Rounding:
    """Half up to a multiple of `unit` in the last of `precision` decimals.

    SERVER_BILLING_FEE_PRECISION (0 to 4) and SERVER_BILLING_FEE_UNIT (1 to 1000).
    """

    precision: int = 2
    unit: int = 1

    @cached_property
    def step(self) -> Decimal:
        """The smallest difference between two charges."""
        return Decimal(self.unit).scaleb(-self.precision)

    def quotient(self, numerator: Decimal, denominator: int) -> Decimal:
        """Return `numerator / denominator` rounded once, from the exact quotient."""
        step = self.step
        divisor = denominator * step
        return (2 * numerator + divisor) // (2 * divisor) * step

    def bound(self, most: Decimal) -> Decimal:
        """Return the least amount that no longer rounds to `most` or below."""
        step = self.step
        whole = (most // step) * step
        if whole > most:  # Decimal's // truncates towards zero
            whole -= step
        return whole + step / 2
