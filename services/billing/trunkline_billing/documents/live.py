"""Keeps accounts and decks in memory as the documents say, and publishes them to routing.

What this replica wrote is taken over at once; what another one wrote is read from the database.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError
from trunkline_kernel.database import Database
from trunkline_kernel.documents import Check, Event, Kind
from trunkline_kernel.vault import BadKey, Vault

from ..accounts.account import Account, Accounts
from ..accounts.purse import Purse
from ..alarms.rules import AlarmRule
from ..charging.till import Till
from ..money import Money
from ..rating.deck import RateDeck
from ..reconciliation.peer import Peer
from .accounts import AccountSpec, AccountStore, check_agents, prepare_account
from .alarm_rules import AlarmRuleSpec, alarm_rule_of
from .packages import PackageOrderSpec, PackageSpec, orders_of, prepare_order
from .peers import KIND as PEER
from .peers import PeerSpec, check_peers, peer_of
from .rate_groups import RateGroupSpec, RateGroupStore

ACCOUNT: Final = "Account"
RATE_GROUP: Final = "RateGroup"
PACKAGE: Final = "Package"
PACKAGE_ORDER: Final = "PackageOrder"
ALARM_RULE: Final = "AlarmRule"
LARGE: Final = 10_000
"""Rates of a deck that is made ready for publication in a thread."""
RETRY: Final = 1.0
"""Seconds until a document that could not be read is tried again."""

log = structlog.stdlib.get_logger(__name__)


class Publisher(Protocol):
    """Tells routing which account buys at which rates."""

    def account(self, name: str, account: Account | None) -> None:
        """Publish an account, or that it is gone."""

    def chunks(self, deck: RateDeck | None) -> Mapping[str, bytes]:
        """Return a deck as it is published; nothing for one that is gone. Safe in a thread."""

    def deck(self, name: str, chunks: Mapping[str, bytes]) -> Iterator[None]:
        """Publish a deck, a little at each step."""


class LiveModel:
    """Accounts and decks of a till, kept current."""

    def __init__(
        self,
        till: Till,
        decks: dict[str, RateDeck],
        database: Database,
        publisher: Publisher,
        vault: Vault,
        *,
        purses_in_memory: bool,
    ) -> None:
        self.till = till
        self._decks = decks
        self._database = database
        self._publisher = publisher
        self._vault = vault
        self._purses_in_memory = purses_in_memory
        self.accounts = AccountStore()
        self.rate_groups = RateGroupStore()
        self._packages: dict[str, PackageSpec] = {}
        self.alarm_rules: dict[str, AlarmRule] = {}
        self.peers: dict[str, Peer] = {}
        self._orders: dict[str, PackageOrderSpec] = {}
        self._unread: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        self._unpublished: asyncio.Queue[str] = asyncio.Queue()

    def kinds(self) -> list[Kind[Any]]:
        """Return the kinds of documents, in the order in which they are applied."""
        return [
            Kind(
                RATE_GROUP,
                RateGroupSpec,
                store=self.rate_groups,
                module="rates",
            ),
            Kind(
                ACCOUNT,
                AccountSpec,
                store=self.accounts,
                prepare=prepare_account,
                module="accounts",
            ),
            Kind(PACKAGE, PackageSpec, module="accounts"),
            Kind(PACKAGE_ORDER, PackageOrderSpec, prepare=prepare_order, module="accounts"),
            Kind(ALARM_RULE, AlarmRuleSpec, module="alarms"),
            Kind(PEER, PeerSpec, prepare=self._seal_peer, module="reconciliation"),
        ]

    def checks(self) -> list[Check]:
        """Return the checks across documents."""
        return [lambda planned: check_agents(self.till.accounts.by_name, planned), check_peers]

    async def load(self) -> None:
        """Read everything from the database."""
        async with self._database.reading() as session:
            accounts = await self.accounts.all(session)
            for name in await self.rate_groups.names(session):
                self._set_deck(name, await self.rate_groups.read(session, name))
        for name, account in accounts.items():
            self._set_account(name, account)

    async def documents_changed(self, events: Sequence[Event]) -> None:
        """Take over what was written here; note what another replica wrote."""
        for event in events:
            if event.kind == ACCOUNT:
                self._account_changed(event)
            elif event.kind == RATE_GROUP:
                self._rate_group_changed(event)
            elif event.kind == PACKAGE:
                self._set_package(event)
            elif event.kind == PACKAGE_ORDER:
                self._set_order(event)
            elif event.kind == ALARM_RULE:
                self._set_alarm_rule(event)
            elif event.kind == PEER:
                self._set_peer(event)

    async def follow(self) -> None:
        """Read what other replicas wrote. Never returns."""
        while True:
            kind, name = await self._unread.get()
            try:
                await self._read(kind, name)
            except (SQLAlchemyError, OSError) as error:
                log.error("document_not_read", kind=kind, name=name, error=str(error))
                await asyncio.sleep(RETRY)
                self._unread.put_nowait((kind, name))

    async def publish(self) -> None:
        """Publish large decks that changed. Never returns."""
        while True:
            name = await self._unpublished.get()
            deck = self._decks.get(name)
            chunks = await asyncio.to_thread(self._publisher.chunks, deck)
            for _ in self._publisher.deck(name, chunks):
                await asyncio.sleep(0)
                if self._decks.get(name) is not deck:
                    break  # another one is on its way

    async def _read(self, kind: str, name: str) -> None:
        async with self._database.reading() as session:
            if kind == ACCOUNT:
                self._set_account(name, await self.accounts.read(session, name))
            else:
                self._set_deck(name, await self.rate_groups.read(session, name))

    def _account_changed(self, event: Event) -> None:
        written = self.accounts.written.pop(event.name, None)
        if event.deleted:
            self._set_account(event.name, None)
        elif written is None:
            self._unread.put_nowait((ACCOUNT, event.name))
        else:
            account, opening = written
            self._set_account(event.name, account)
            if opening is not None and self._purses_in_memory:
                self._open_purse(event.name, opening)

    def _rate_group_changed(self, event: Event) -> None:
        deck = self.rate_groups.written.pop(event.name, None)
        if event.deleted:
            self._set_deck(event.name, None)
        elif deck is None:
            self._unread.put_nowait((RATE_GROUP, event.name))
        else:
            self._set_deck(event.name, deck)

    def _set_package(self, event: Event) -> None:
        self._packages.pop(event.name, None)
        if isinstance(event.spec, PackageSpec):
            self._packages[event.name] = event.spec
        self.till.shelf.orders = orders_of(self._packages, self._orders)

    def _set_order(self, event: Event) -> None:
        self._orders.pop(event.name, None)
        if isinstance(event.spec, PackageOrderSpec):
            self._orders[event.name] = event.spec
        self.till.shelf.orders = orders_of(self._packages, self._orders)

    def _set_alarm_rule(self, event: Event) -> None:
        self.alarm_rules.pop(event.name, None)
        if isinstance(event.spec, AlarmRuleSpec):
            self.alarm_rules[event.name] = alarm_rule_of(event.spec)

    def _set_peer(self, event: Event) -> None:
        self.peers.pop(event.name, None)
        if not isinstance(event.spec, PeerSpec):
            return
        try:
            key = self._vault.open(event.name, event.spec.key)
        except BadKey as error:
            log.error("peer is left out", peer=event.name, problem=str(error))
            return
        self.peers[event.name] = peer_of(event.name, event.spec.with_key(key))

    def _seal_peer(self, name: str, spec: PeerSpec, previous: PeerSpec | None) -> PeerSpec:
        kept = previous.key if previous else None
        return spec.with_key(self._vault.seal_anew(name, spec.key, kept))

    def _open_purse(self, name: str, opening: Money) -> None:
        """Show the balance that was booked with the account: it can have moved no money yet."""
        self.till.purses[name] = Purse(opening.amount)

    def _set_account(self, name: str, account: Account | None) -> None:
        accounts: Accounts = self.till.accounts
        if account is None:
            accounts.drop(name)
        else:
            accounts.put(account)
        self._publisher.account(name, account)

    def _set_deck(self, name: str, deck: RateDeck | None) -> None:
        if deck is None:
            self._decks.pop(name, None)
        else:
            self._decks[name] = deck
            log.info("rate_group_loaded", rate_group=name, rates=len(deck))
        if deck is not None and len(deck) > LARGE:
            self._unpublished.put_nowait(name)
        else:
            for _ in self._publisher.deck(name, self._publisher.chunks(deck)):
                pass
