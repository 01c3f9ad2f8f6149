"""Auth, routing, billing and media in one process: the real servicers over the real domain.

What a composition root wires to sockets, threads and the machine's clock stands here on virtual
time, with its randomness from the seed. The ledger, CDRs and documents are in SQLite files.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

from trunkline.auth.v1.auth_pb2_grpc import add_AuthServiceServicer_to_server
from trunkline.billing.v1.billing_pb2_grpc import add_BillingServiceServicer_to_server
from trunkline.common.v1.replication_pb2_grpc import add_ReplicationServiceServicer_to_server
from trunkline.media.v1.media_pb2_grpc import add_MediaServiceServicer_to_server
from trunkline.routing.v1.routing_pb2_grpc import add_RoutingServiceServicer_to_server
from trunkline_auth.admission.doors import Digest, Doors, SharedState, open_doors
from trunkline_auth.digest import Nonces
from trunkline_auth.documents import CHECKS as AUTH_CHECKS
from trunkline_auth.documents import DirectoryFeed
from trunkline_auth.documents import kinds as auth_kinds
from trunkline_auth.identity import Directory
from trunkline_auth.memory import (
    MemoryBindings,
    MemoryFailures,
    MemoryNonceCounts,
    MemorySessions,
    NoJournal,
)
from trunkline_auth.observation import Observation as AuthObservation
from trunkline_auth.parameters import PARAMETERS as AUTH_PARAMETERS
from trunkline_auth.parameters import Live, policy_of
from trunkline_auth.rpc.servicer import AuthServicer
from trunkline_billing.accounts.account import Accounts
from trunkline_billing.cashier.cashier import Cashier
from trunkline_billing.charging.till import Till
from trunkline_billing.desk import Desk
from trunkline_billing.documents.live import LiveModel
from trunkline_billing.observation import Observation as BillingObservation
from trunkline_billing.parameters import PARAMETERS as BILLING_PARAMETERS
from trunkline_billing.parameters import LiveRules
from trunkline_billing.rating.deck import RateDeck
from trunkline_billing.rpc.rates_topic import TOPIC as RATES_TOPIC
from trunkline_billing.rpc.rates_topic import RatesTopic
from trunkline_billing.rpc.servicer import BillingServicer
from trunkline_billing.store.cdr_reader import CdrReader
from trunkline_billing.store.embedded import EmbeddedJournal
from trunkline_billing.store.ledger_reader import LedgerReader
from trunkline_kernel.database import Database
from trunkline_kernel.documents import Document, Documents
from trunkline_kernel.metrics import Metrics
from trunkline_kernel.parameters import Parameters
from trunkline_kernel.parameters.store import StoredParameters
from trunkline_kernel.replication import MemorySource, Replica, ReplicationServicer
from trunkline_kernel.rpc import Channel, Dispatcher, InProcessChannel
from trunkline_kernel.vault import Vault
from trunkline_routing.composition import Routing
from trunkline_routing.declarations import DECLARED as ROUTING_PARAMETERS
from trunkline_routing.documents.kinds import CHECKS as ROUTING_CHECKS
from trunkline_routing.documents.kinds import KINDS as ROUTING_KINDS
from trunkline_routing.publication import GATEWAYS

from .config import Configuration
from .loop import InlineExecutor, inline_connector, unix_now
from .media import FakeMedia

REALM: Final = "trunkline.test"
MIGRATIONS: Final = "trunkline_billing:store/migrations"
LEASE: Final = timedelta(minutes=2)
EXPIRY_INTERVAL: Final = timedelta(seconds=5)
LINGER: Final = timedelta(milliseconds=5)


@dataclass(frozen=True)
class ControlPlane:
    """The four services that signaling asks, and what the invariants read of them."""

    channels: dict[str, Channel]
    routing: Routing
    till: Till
    media: FakeMedia
    ledger: Path
    """Billing's SQLite file."""


@asynccontextmanager
async def control_plane(
    folder: Path, configuration: Configuration, random: Random
) -> AsyncIterator[ControlPlane]:
    """Wire and configure the services; they run until the block ends."""
    async with asyncio.TaskGroup() as tasks, open_file(folder / "billing.db") as database:
        running: list[asyncio.Task[Any]] = []

        def run(work: Coroutine[Any, Any, Any]) -> None:
            running.append(tasks.create_task(work))

        auth_file, routing_file = folder / "auth.db", folder / "routing.db"
        async with open_file(auth_file) as auth_base, open_file(routing_file) as routing_base:
            billing, till, cashier = await _billing(database, folder, configuration, run)
            routing, routing_channel = await _routing(routing_base, configuration, random, run)
            replica = Replica(
                billing, RATES_TOPIC, put=routing.rates.put, delete=routing.rates.delete
            )
            run(replica.follow())
            auth = await _auth(auth_base, configuration, random, routing_channel, run)
            media = FakeMedia(configuration.media_capacity)
            run(media.keep_house())
            await replica.synced.wait()
            await asyncio.sleep(1.0)  # until the decks are built and every topic is read
            yield ControlPlane(
                {
                    "auth": auth,
                    "routing": routing_channel,
                    "billing": billing,
                    "media": _channel("media", add_MediaServiceServicer_to_server, media),
                },
                routing,
                till,
                media,
                folder / "billing.db",
            )
            await cashier.flush()
            for task in running:
                task.cancel()


@asynccontextmanager
async def open_file(path: Path) -> AsyncIterator[Database]:
    """Open a SQLite file that is worked on in the loop's own thread."""
    database = Database(f"sqlite:///{path}", connect=inline_connector(str(path)))
    try:
        yield database
    finally:
        await database.close()


async def _billing(
    database: Database, folder: Path, configuration: Configuration, run: Any
) -> tuple[Channel, Till, Cashier]:
    await database.migrate(MIGRATIONS)
    parameters = StoredParameters(Parameters(BILLING_PARAMETERS), database)
    await parameters.load()
    parameters.values.replace(dict(configuration.billing_parameters))
    decks: dict[str, RateDeck] = {}
    till = Till(Accounts(), decks)
    source = MemorySource()
    journal = EmbeddedJournal(database.url, InlineExecutor())
    model = LiveModel(
        till, decks, database, RatesTopic(source), Vault(bytes(32)), purses_in_memory=True
    )
    documents = Documents(model.kinds(), database, checks=model.checks(), parameters=parameters)
    await model.load()
    await documents.load()
    documents.subscribe(model.documents_changed)
    rules = LiveRules(parameters.values, LEASE)
    observation = BillingObservation(Metrics("billing"))
    cashier = Cashier(till, journal, rules, _now, observation, LINGER)
    await cashier.load()
    await _apply(documents, configuration.billing)
    desk = Desk(
        cashier,
        CdrReader(database),
        LedgerReader(database),
        parameters.values,
        rules,
        _now,
        observation,
    )
    run(model.follow())
    run(model.publish())
    run(cashier.run())
    run(cashier.expire_leases(EXPIRY_INTERVAL))
    dispatcher = Dispatcher(Metrics("billing"))
    dispatcher.add(add_BillingServiceServicer_to_server, BillingServicer(desk, _now))
    topics = ReplicationServicer({RATES_TOPIC: source})
    dispatcher.add(add_ReplicationServiceServicer_to_server, topics)
    return InProcessChannel(dispatcher), till, cashier


async def _routing(
    database: Database, configuration: Configuration, random: Random, run: Any
) -> tuple[Routing, Channel]:
    await database.migrate()
    values = Parameters(ROUTING_PARAMETERS)
    values.replace(dict(configuration.routing_parameters))
    routing = Routing(
        clock=_now,
        rng=Random(random.getrandbits(64)),
        metrics=Metrics("routing"),
        zone=UTC,
        values=values,
    )
    documents = Documents(ROUTING_KINDS, database, checks=ROUTING_CHECKS)
    documents.subscribe(routing.take_documents)
    await documents.load()
    await _apply(documents, configuration.routing)
    run(routing.rates.keep_built())
    run(routing.keep_house())
    dispatcher = Dispatcher(Metrics("routing"))
    dispatcher.add(add_RoutingServiceServicer_to_server, routing.servicer)
    topics = ReplicationServicer(routing.publication.topics)
    dispatcher.add(add_ReplicationServiceServicer_to_server, topics)
    return routing, InProcessChannel(dispatcher)


async def _auth(
    database: Database, configuration: Configuration, random: Random, routing: Channel, run: Any
) -> Channel:
    await database.migrate()
    directory = Directory()
    feed = DirectoryFeed(directory, REALM)
    documents = Documents(auth_kinds(REALM, lambda: "made up"), database, checks=AUTH_CHECKS)
    documents.subscribe(feed.documents_changed)
    await documents.load()
    await _apply(documents, configuration.auth)
    gateways = Replica(routing, GATEWAYS, put=feed.gateway_put, delete=feed.gateway_delete)
    run(gateways.follow())
    state = SharedState(
        MemorySessions(), MemoryNonceCounts(), MemoryFailures(), MemoryBindings(NoJournal())
    )
    observation = AuthObservation(Metrics("auth"))
    doors = open_doors(
        directory,
        state,
        Digest(REALM, Nonces(random.randbytes(32))),
        observation,
        Live(Parameters(AUTH_PARAMETERS), policy_of),
        Random(random.getrandbits(64)),
    )
    run(_expire_bindings(doors))
    servicer = AuthServicer(doors, state, observation, _now)
    return _channel("auth", add_AuthServiceServicer_to_server, servicer)


async def _expire_bindings(doors: Doors) -> None:
    while True:
        await doors.registrar.expire(_now())
        await asyncio.sleep(1.0)


async def _apply(documents: Documents, specs: dict[str, dict[str, dict[str, Any]]]) -> None:
    await documents.apply(
        [
            Document(kind, name, spec)
            for kind, named in specs.items()
            for name, spec in named.items()
        ],
        "simulation",
    )


def _channel(name: str, register: Any, servicer: object) -> Channel:
    dispatcher = Dispatcher(Metrics(name))
    dispatcher.add(register, servicer)
    return InProcessChannel(dispatcher)


def _now() -> datetime:
    return datetime.fromtimestamp(unix_now(), UTC)
