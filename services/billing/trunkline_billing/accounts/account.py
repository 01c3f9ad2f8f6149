"""Accounts as they are configured, and the chain of agents above each (BIL-03, BIL-08).

What an account holds is not here but in its `Purse`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import IntEnum
from typing import Final

from ..errors import AccountDisabled, AccountExpired, BadInput, UnknownAccount
from ..money import ZERO, Currency

MAX_AGENTS: Final = 8
"""Agents that may stand above one another (BIL-08)."""


class AccountType(IntEnum):
    """What an account is for."""

    ORDINARY = 0
    PHONE_CARD = 1
    CLEARING = 2


@dataclass(frozen=True, slots=True)
class Account:
    """A money holder."""

    name: str
    currency: Currency
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

    def require_usable(self, now: datetime) -> None:
        """Raise `AccountDisabled` or `AccountExpired` unless the account may make calls."""
        if self.locked or self.cancelled:
            state = "cancelled" if self.cancelled else "locked"
            raise AccountDisabled(f"account {self.name} is {state}")
        if self.valid_until is not None and self.valid_until <= now:
            raise AccountExpired(f"account {self.name} expired at {self.valid_until.isoformat()}")


class Accounts:
    """All accounts by name."""

    def __init__(self, accounts: Iterable[Account] = ()) -> None:
        self._by_name = {account.name: account for account in accounts}

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def put(self, account: Account) -> None:
        """Add an account or replace the one of its name."""
        self._by_name[account.name] = account

    def drop(self, name: str) -> None:
        """Remove an account, if it is there."""
        self._by_name.pop(name, None)

    def get(self, name: str) -> Account:
        """Return an account; raise `UnknownAccount`."""
        try:
            return self._by_name[name]
        except KeyError:
            raise UnknownAccount(f"no account is named {name!r}") from None

    def find(self, name: str) -> Account | None:
        """Return an account, if there is one."""
        return self._by_name.get(name)

    def names(self) -> list[str]:
        """Return every account's name."""
        return list(self._by_name)

    def chain(self, name: str) -> tuple[Account, ...]:
        """Return the account, its agent, the agent's agent and so on; raise `UnknownAccount`."""
        account = self.get(name)
        chain = [account]
        while account.agent is not None and len(chain) <= MAX_AGENTS:
            account = self.get(account.agent)
            chain.append(account)
        return tuple(chain)


def check_agents(agents: Mapping[str, str | None]) -> None:
    """Raise `BadInput` when an account is above itself or has over eight agents above it.

    `agents` gives every account's agent.
    """
    for name in agents:
        above, agent = [name], agents[name]
        while agent is not None:
            if agent in above:
                raise BadInput(f"agents in a circle: {' -> '.join([*above, agent])}")
            above.append(agent)
            agent = agents.get(agent)
        if len(above) - 1 > MAX_AGENTS:
            raise BadInput(f"account {name} has {len(above) - 1} agents above it, at most 8 may be")
