"""`trunkline account`: money of accounts, payments and the ledger (BIL-03, BIL-09)."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Annotated

import typer
from trunkline.billing.v1.billing_pb2 import (
    GetBalanceRequest,
    GetBalanceResponse,
    LedgerEntry,
    LedgerEntryKind,
    ListLedgerEntriesRequest,
    PayRequest,
)
from trunkline.common.v1.common_pb2 import Money
from trunkline.common.v1.documents_pb2 import Document, ListDocumentsRequest

from . import words
from .context import switch_of
from .errors import BadUsage
from .output import (
    Column,
    Format,
    OutputOption,
    as_json,
    console,
    show_fields,
    show_list,
    show_table,
    write_json,
)
from .paging import PAGE_SIZE, collect
from .services import Service

app = typer.Typer(no_args_is_help=True, help="See balances and ledgers, book payments.")

NameArgument = Annotated[str, typer.Argument(metavar="ACCOUNT", help="Name of the account.")]
MANY = 100_000


@dataclass(frozen=True, slots=True)
class AccountMoney:
    """An account's name and its money."""

    name: str
    money: GetBalanceResponse


@app.command("list")
def list_accounts(context: typer.Context, output: OutputOption = Format.TABLE) -> None:
    """List accounts with their balances."""
    switch = switch_of(context)
    documents = switch.documents(Service.BILLING)

    def page(token: str) -> tuple[Iterable[Document], str]:
        request = ListDocumentsRequest(kind="Account", page_size=PAGE_SIZE, page_token=token)
        answer = documents.ListDocuments(request)
        return answer.documents, answer.next_page_token

    accounts = [
        AccountMoney(
            account.name, switch.billing.GetBalance(GetBalanceRequest(account=account.name))
        )
        for account in collect(page, MANY)
    ]
    if output is Format.JSON:
        write_json([{"account": one.name, **as_json(one.money)} for one in accounts])
    else:
        show_table(accounts, COLUMNS)


@app.command()
def show(context: typer.Context, name: NameArgument, output: OutputOption = Format.TABLE) -> None:
    """Show the money of one account."""
    answer = switch_of(context).billing.GetBalance(GetBalanceRequest(account=name))
    if output is Format.JSON:
        write_json({"account": name, **as_json(answer)})
        return
    account = AccountMoney(name, answer)
    show_fields((column.title, column.value(account)) for column in COLUMNS)


@app.command()
def pay(
    context: typer.Context,
    name: NameArgument,
    amount: Annotated[str, typer.Argument(help="Decimal amount; after -- negative to deduct.")],
    memo: Annotated[str, typer.Option(help="Free text for the books.")] = "",
    request_id: Annotated[
        str, typer.Option(help="The same id books once. Made up when not given.")
    ] = "",
    output: OutputOption = Format.TABLE,
) -> None:
    """Book a payment in the account's currency."""
    billing = switch_of(context).billing
    currency = billing.GetBalance(GetBalanceRequest(account=name)).balance.currency
    request = PayRequest(
        request_id=request_id or str(uuid.uuid4()),
        account=name,
        amount=Money(amount=_amount(amount), currency=currency),
        memo=memo,
    )
    answer = billing.Pay(request)
    if output is Format.JSON:
        write_json({"account": name, "requestId": request.request_id, **as_json(answer)})
        return
    what = "was booked before" if answer.repeated else "booked"
    console().print(f"{words.money(request.amount)} {what}; balance {words.money(answer.balance)}")


@app.command()
def ledger(
    context: typer.Context,
    name: NameArgument,
    limit: Annotated[int, typer.Option(min=1, help="Most entries to show.")] = 100,
    output: OutputOption = Format.TABLE,
) -> None:
    """List what was booked on an account, the newest first."""
    billing = switch_of(context).billing

    def page(token: str) -> tuple[Iterable[LedgerEntry], str]:
        request = ListLedgerEntriesRequest(
            account=name, page_size=min(limit, PAGE_SIZE), page_token=token
        )
        answer = billing.ListLedgerEntries(request)
        return answer.entries, answer.next_page_token

    show_list(list(collect(page, limit)), LEDGER_COLUMNS, output)


def _amount(text: str) -> str:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount == 0:
        raise BadUsage(f"expected an amount such as 25.00, got {text!r}")
    return f"{amount:f}"


COLUMNS: list[Column[AccountMoney]] = [
    Column("Account", lambda account: account.name, "bold"),
    Column("Balance", lambda account: words.money(account.money.balance), "green", number=True),
    Column("Reserved", lambda account: words.money(account.money.reserved), number=True),
    Column("Overdraft", lambda account: words.money(account.money.overdraft), number=True),
    Column("Calls", lambda account: str(account.money.calls), number=True),
]

LEDGER_COLUMNS: list[Column[LedgerEntry]] = [
    Column("Time", lambda entry: words.time(entry.time)),
    Column(
        "Kind", lambda entry: words.enum_word(LedgerEntryKind, entry.kind, "LEDGER_ENTRY_KIND_")
    ),
    Column("Amount", lambda entry: words.money(entry.amount), "green", number=True),
    Column("Balance", lambda entry: words.money(entry.balance), number=True),
    Column("Reference", lambda entry: entry.reference),
    Column("Memo", lambda entry: entry.memo),
]
