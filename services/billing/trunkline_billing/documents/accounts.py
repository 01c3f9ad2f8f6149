"""The kind Account (BIL-03): its spec, and its store with the opening balance."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BeforeValidator, Field
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from trunkline_kernel.documents import Planned, Problem, Ref, Spec
from trunkline_kernel.faults import FailedPrecondition, FieldViolation, InvalidArgument

from ..accounts.account import Account, AccountType, SpendLimit, agent_problem
from ..errors import BadAmount
from ..ledger.payments import book_opening
from ..money import ZERO, Money, parse_amount, parse_currency
from ..store.opening import write_opening
from ..store.tables import ACCOUNTS, ENTRIES

TYPES = {
    "ordinary": AccountType.ORDINARY,
    "phoneCard": AccountType.PHONE_CARD,
    "clearing": AccountType.CLEARING,
}


class AccountInUse(FailedPrecondition):
    """Money moved through the account: it can be cancelled, not removed."""

    reason = "ACCOUNT_IN_USE"


def _amount(value: object) -> object:
    """Take amounts as text or whole numbers: a YAML float is not exact."""
    if isinstance(value, bool | float):
        raise ValueError("expected an exact amount in quotes, such as '0.0120'")
    try:
        return parse_amount(str(value)) if isinstance(value, str | int) else value
    except BadAmount as error:
        raise ValueError(str(error)) from None


def _currency(value: object) -> object:
    try:
        return parse_currency(str(value))
    except BadAmount as error:
        raise ValueError(str(error)) from None


ExactAmount = Annotated[Decimal, BeforeValidator(_amount)]
CurrencyCode = Annotated[str, BeforeValidator(_currency)]


class Contact(Spec):
    """Whom to call about the account."""

    name: str = ""
    company: str = ""
    email: str = ""
    phone: str = ""
    address: str = ""


class SpendLimitSpec(Spec):
    """A fraud brake."""

    warn: Annotated[ExactAmount | None, Field(ge=0)] = None
    """From this amount on it is told."""
    block: Annotated[ExactAmount | None, Field(ge=0)] = None
    """From this amount on no new call begins."""


class ExpensiveCallsSpec(SpendLimitSpec):
    """A fraud brake in percent of an hour's charged calls."""

    price_per_minute: Annotated[ExactAmount, Field(gt=0)]
    """Price from which a call is expensive, in the account's currency."""


class AccountSpec(Spec):
    """A money holder."""

    currency: CurrencyCode
    """ISO 4217 code. Cannot be changed."""
    type: Literal["ordinary", "phoneCard", "clearing"] = "ordinary"
    """What it is for; clearing accounts are vendors'."""
    opening_balance: ExactAmount = ZERO
    """Booked once, at creation. Later changes of this field book nothing."""
    overdraft: Annotated[ExactAmount, Field(ge=0)] | Literal["unlimited"] | None = None
    """How far below zero it may go. Unset: 0, and unlimited for clearing accounts."""
    rate_group: Annotated[str | None, Ref("RateGroup")] = None
    """Rates it is charged by."""
    agent: Annotated[str | None, Ref("Account")] = None
    """Account that resells to this one (BIL-08)."""
    locked: bool = False
    """Whether it may make no calls for now."""
    cancelled: bool = False
    """Whether it may make no calls any more. Its history stays."""
    valid_until: AwareDatetime | None = None
    """When it expires. Unset: SERVER_ACCOUNT_DEFAULT_VALID_DAYS after its creation."""
    spend_per_hour: SpendLimitSpec | None = None
    """What its calls may cost in an hour (UTC) before somebody is told, and before new calls are
    refused. Every account of a chain of agents has its own."""
    spend_per_day: SpendLimitSpec | None = None
    """The same by the day (UTC)."""
    average_price: SpendLimitSpec | None = None
    """What the mean price a minute of an hour's calls may be, in multiples of the usual price of
    the hours before. From 20 charged calls an hour on."""
    expensive_calls: ExpensiveCallsSpec | None = None
    """What percentage of an hour's calls may be expensive. From 20 charged calls an hour on."""
    memo: str = ""
    contact: Contact = Contact()


def account_of(name: str, spec: AccountSpec, created_at: datetime | None = None) -> Account:
    """Return the account a document describes."""
    type = TYPES[spec.type]
    overdraft = spec.overdraft
    if overdraft is None:
        overdraft = "unlimited" if type is AccountType.CLEARING else ZERO
    return Account(
        name=name,
        currency=parse_currency(spec.currency),
        holder=spec.contact.company or spec.contact.name,
        type=type,
        rate_group=spec.rate_group,
        overdraft=None if overdraft == "unlimited" else Decimal(overdraft),
        agent=spec.agent,
        locked=spec.locked,
        cancelled=spec.cancelled,
        valid_until=spec.valid_until,
        created_at=created_at,
        hour_limit=_limit(spec.spend_per_hour),
        day_limit=_limit(spec.spend_per_day),
        price_jump=_limit(spec.average_price),
        expensive_share=_limit(spec.expensive_calls),
        expensive_price=spec.expensive_calls.price_per_minute if spec.expensive_calls else None,
    )


def _limit(spec: SpendLimitSpec | None) -> SpendLimit | None:
    return None if spec is None else SpendLimit(spec.warn, spec.block)


def prepare_account(name: str, spec: AccountSpec, previous: AccountSpec | None) -> AccountSpec:
    """Refuse another currency for an account that exists."""
    if previous is not None and previous.currency != spec.currency:
        message = f"is {previous.currency} since creation and cannot be changed"
        raise InvalidArgument(violations=[FieldViolation("currency", message)])
    return spec


class AccountStore:
    """Keeps accounts, and books what a new one begins with in the same transaction."""

    def __init__(self) -> None:
        self.written: dict[str, tuple[Account, Money | None]] = {}
        """Accounts put since the last change was told, with the opening of a new one."""

    async def get(self, session: AsyncSession, name: str) -> AccountSpec | None:
        """Return a stored spec."""
        text = await session.scalar(select(ACCOUNTS.c.spec).where(ACCOUNTS.c.name == name))
        return None if text is None else AccountSpec.model_validate_json(text)

    async def names(self, session: AsyncSession) -> Sequence[str]:
        """Return every name, in order."""
        return list(await session.scalars(select(ACCOUNTS.c.name).order_by(ACCOUNTS.c.name)))

    async def all(self, session: AsyncSession) -> dict[str, Account]:
        """Return every account by name."""
        return {
            row.name: account_of(
                row.name, AccountSpec.model_validate_json(row.spec), row.created_at
            )
            for row in await session.execute(select(ACCOUNTS))
        }

    async def read(self, session: AsyncSession, name: str) -> Account | None:
        """Return one account."""
        row = (await session.execute(select(ACCOUNTS).where(ACCOUNTS.c.name == name))).one_or_none()
        if row is None:
            return None
        return account_of(name, AccountSpec.model_validate_json(row.spec), row.created_at)

    async def put(
        self,
        session: AsyncSession,
        name: str,
        spec: AccountSpec,
        previous: AccountSpec | None,
        author: str,
    ) -> None:
        """Create or change an account."""
        text = json.dumps(spec.model_dump(mode="json", by_alias=True, exclude_unset=True))
        if previous is not None:
            change = update(ACCOUNTS).where(ACCOUNTS.c.name == name).values(spec=text)
            created = await session.scalar(change.returning(ACCOUNTS.c.created_at))
            self.written[name] = (account_of(name, spec, created), None)
            return
        now = datetime.now(UTC)
        await session.execute(insert(ACCOUNTS).values(name=name, spec=text, created_at=now))
        money = Money(spec.opening_balance, parse_currency(spec.currency))
        await write_opening(session, book_opening(name, money, now))
        self.written[name] = (account_of(name, spec, now), money)

    async def delete(self, session: AsyncSession, name: str, author: str) -> None:
        """Remove an account through which no money ever moved; raise `AccountInUse`."""
        query = select(ENTRIES.c.id).where(ENTRIES.c.book == name).limit(1)
        if await session.scalar(query) is not None:
            raise AccountInUse(f"account {name} has ledger entries: set cancelled: true instead")
        await session.execute(delete(ACCOUNTS).where(ACCOUNTS.c.name == name))


def check_agents(known: Mapping[str, Account], planned: Planned) -> list[Problem]:
    """Return what is wrong with the agents: circles, over eight, other currencies (BIL-08)."""
    specs: Mapping[str, Any] = planned.of("Account")
    accounts = {**known, **{name: account_of(name, spec) for name, spec in specs.items()}}
    problems = []
    for name in specs:
        problem = agent_problem(name, accounts)
        if problem:
            problems.append(Problem("Account", name, "spec.agent", problem))
    return problems
