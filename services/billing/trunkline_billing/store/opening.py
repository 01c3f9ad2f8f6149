"""The opening balance of an account, written in the transaction that creates the account."""

from sqlalchemy.ext.asyncio import AsyncSession

from ..accounts.account import Accounts
from ..charging.till import Till
from ..ledger.transactions import Transaction
from .statements import Statements


async def write_opening(session: AsyncSession, opening: Transaction) -> None:
    """Book `opening` on the empty purse of a new account. Nothing is written for nothing."""
    if not opening.entries:
        return
    till = Till(Accounts(), {})
    till.post(opening)
    changes = till.take_changes()
    statements = Statements(session.get_bind().dialect.name)
    for statement, rows in [
        *statements.add_purses(changes.purses),
        *statements.store(changes, till),
    ]:
        await session.execute(statement, rows)
