"""The opening balance of an account, written in the transaction that creates the account."""

from sqlalchemy.ext.asyncio import AsyncSession

from ..accounts.account import Accounts
from ..charging.till import Till
from ..ledger.transactions import Transaction
from .edits import edits_of, empty_purses
from .statements import statement_of


async def write_opening(session: AsyncSession, opening: Transaction) -> None:
    """Book `opening` on the empty purse of a new account. Nothing is written for nothing."""
    if not opening.entries:
        return
    till = Till(Accounts(), {})
    till.post(opening)
    changes = till.take_changes()
    dialect = session.get_bind().dialect.name
    for edit in [*empty_purses(changes.purses), *edits_of(changes, till)]:
        await session.execute(*statement_of(edit, dialect))
