"""The kinds Package and PackageOrder (BIL-15)."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Final

from pydantic import AwareDatetime, Field
from trunkline_kernel.documents import Ref, Spec

from ..money import ZERO
from ..packages.package import FailedProcess, Gift, Order, Package, RentType
from .accounts import ExactAmount

SECOND: Final = timedelta(seconds=1)
A_DAY: Final = 86_400

Prefix = Annotated[str, Field(pattern="^[0-9*#]{1,32}$")]
Fee = Annotated[ExactAmount, Field(ge=0)]


class GiftSpec(Spec):
    """Seconds that come with a package."""

    prefixes: Annotated[tuple[Prefix, ...], Field(min_length=1)]
    """Destinations they are for."""
    gift_time: Annotated[int, Field(ge=1)]
    """Seconds in a period."""
    start_time: Annotated[int, Field(ge=0, le=A_DAY)] = 0
    """Second of the day (UTC) from which they can be used."""
    end_time: Annotated[int, Field(ge=0, le=A_DAY)] = A_DAY
    """Second of the day (UTC) until which they can be used."""


class PackageSpec(Spec):
    """Rent by the period for seconds and money. Amounts are in the currency of who orders it."""

    rent_type: RentType
    """What the period is measured in: day, month, year, or once."""
    rent_period: Annotated[int, Field(ge=1)]
    """Days, months or years; seconds of one that is sold once."""
    rent_fee: Fee = ZERO
    """Taken at the start of every period."""
    gift_money: Fee = ZERO
    """Credited at the start of every period."""
    min_consumption: Fee = ZERO
    """What calls of a period cost at least; the shortfall is charged at its end."""
    gifts: tuple[GiftSpec, ...] = ()
    memo: str = ""


class PackageOrderSpec(Spec):
    """A package that an account has."""

    package: Annotated[str, Ref("Package")]
    account: Annotated[str, Ref("Account")]
    available_from: AwareDatetime | None = None
    """When its first period begins. Unset: the day it was ordered, 00:00 UTC."""
    expires_at: AwareDatetime | None = None
    """When it ends. Unset: never."""
    priority: int = 0
    """The highest is used first."""
    failed_process: FailedProcess = FailedProcess.WAIT
    """What happens when the rent cannot be paid: wait, next, or delete."""
    rent_percent: Annotated[ExactAmount, Field(ge=0, le=100)] = Decimal(100)
    """Part of the rent that is taken."""


def prepare_order(
    name: str, spec: PackageOrderSpec, previous: PackageOrderSpec | None
) -> PackageOrderSpec:
    """Fix when the first period begins."""
    if spec.available_from is not None:
        return spec
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    began = previous.available_from if previous is not None else midnight
    return spec.model_copy(update={"available_from": began})


def orders_of(
    packages: Mapping[str, PackageSpec], orders: Mapping[str, PackageOrderSpec]
) -> dict[str, Order]:
    """Return the orders whose package is known."""
    return {
        name: _order(name, spec, packages[spec.package])
        for name, spec in orders.items()
        if spec.package in packages
    }


def _order(name: str, spec: PackageOrderSpec, package: PackageSpec) -> Order:
    assert spec.available_from is not None
    return Order(
        name=name,
        account=spec.account,
        package=_package(package),
        available=spec.available_from,
        expires=spec.expires_at,
        priority=spec.priority,
        failed=spec.failed_process,
        rent_percent=spec.rent_percent,
    )


def _package(spec: PackageSpec) -> Package:
    return Package(
        rent=spec.rent_fee,
        rent_type=spec.rent_type,
        rent_period=spec.rent_period,
        gifts=tuple(
            Gift(
                one.prefixes,
                one.gift_time * SECOND,
                one.start_time * SECOND,
                one.end_time * SECOND,
            )
            for one in spec.gifts
        ),
        gift_money=spec.gift_money,
        min_consumption=spec.min_consumption,
    )
