"""Accounts as they are configured, and the chain of agents above each (BIL-03, BIL-08).

What an account holds is not here but in its `Purse`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import IntEnum
from typing import Final

from ..errors import AccountDisabled, AccountExpired, UnknownAccount
from ..money import ZERO, Currency

MAX_AGENTS: Final = 8
"""Agents that may stand above one another (BIL-08)."""


class AccountType(IntEnum):
    """What an account is for."""

    ORDINARY = 0
    PHONE_CARD = 1
    CLEARING = 2


@dataclass(frozen=True, slots=True)
class SpendLimit:
    """What may be spent in a period before somebody is told, and before calls are refused."""

    warn: Decimal | None = None
    block: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """A money holder."""

    name: str
    currency: Currency
    holder: str = ""
    """Who it is, in words: the contact's company, else its name."""
    type: AccountType = AccountType.ORDINARY
    rate_group: str | None = None
    """Rates it is charged by. None: its calls find no rate."""
    overdraft: Decimal | None = ZERO
    """How far below zero it may go. None: without limit, as clearing accounts are by default."""
    agent: str | None = None
    """Account that resells to this one."""
    locked: bool = False
    cancelled: bool = False
    valid_until: datetime | None = None
    """When it expires. None: a default life after `created_at`."""
    created_at: datetime | None = None
    hour_limit: SpendLimit | None = None
    """Fraud brake by the hour (UTC)."""
    day_limit: SpendLimit | None = None
    """Fraud brake by the day (UTC)."""
    price_jump: SpendLimit | None = None
    """Fraud brake: mean price a minute of an hour, in multiples of the usual one."""
    expensive_share: SpendLimit | None = None
    """Fraud brake: percent of an hour's calls at `expensive_price` or more."""
    expensive_price: Decimal | None = None
    """Price a minute from which a call is expensive."""

    @property
    def has_brakes(self) -> bool:
        """Whether anything watches what it spends."""
        return any((self.hour_limit, self.day_limit, self.price_jump, self.expensive_share))

    def require_usable(self, now: datetime, default_life: timedelta) -> None:
        """Raise `AccountDisabled` or `AccountExpired` unless the account may make calls."""
        if self.locked or self.cancelled:
            state = "cancelled" if self.cancelled else "locked"
            raise AccountDisabled(f"account {self.name} is {state}")
        expiry = self.valid_until or (self.created_at and self.created_at + default_life)
        if expiry is not None and expiry <= now:
            raise AccountExpired(f"account {self.name} expired at {expiry.isoformat()}")


class Accounts:
    """All accounts by name."""

    def __init__(self, accounts: Iterable[Account] = ()) -> None:
        self.by_name = {account.name: account for account in accounts}

    def __contains__(self, name: str) -> bool:
        return name in self.by_name

    def put(self, account: Account) -> None:
        """Add an account or replace the one of its name."""
        self.by_name[account.name] = account

    def drop(self, name: str) -> None:
        """Remove an account, if it is there."""
        self.by_name.pop(name, None)

    def get(self, name: str) -> Account:
        """Return an account; raise `UnknownAccount`."""
        try:
            return self.by_name[name]
        except KeyError:
            raise UnknownAccount(f"no account is named {name!r}") from None

    def find(self, name: str) -> Account | None:
        """Return an account, if there is one."""
        return self.by_name.get(name)

    def names(self) -> list[str]:
        """Return every account's name."""
        return list(self.by_name)

    def chain(self, name: str) -> tuple[Account, ...]:
        """Return the account, its agent, the agent's agent and so on; raise `UnknownAccount`."""
        account = self.get(name)
        chain = [account]
        while account.agent is not None and len(chain) <= MAX_AGENTS:
            account = self.get(account.agent)
            chain.append(account)
        return tuple(chain)


def agent_problem(name: str, accounts: Mapping[str, Account]) -> str | None:
    """Return what is wrong with the agents above an account, if anything is (BIL-08)."""
    account = accounts[name]
    above = [name]
    while account.agent is not None:
        agent = accounts.get(account.agent)
        above.append(account.agent)
        if agent is None:
            return None  # a missing reference is told elsewhere
        if agent.name in above[:-1]:
            return f"agents in a circle: {' -> '.join(above)}"
        if agent.currency != account.currency:
            return f"agent {agent.name} keeps {agent.currency}, {account.name} {account.currency}"
        account = agent
    if len(above) - 1 > MAX_AGENTS:
        return f"{len(above) - 1} agents stand above it; at most {MAX_AGENTS} may"
    return None
