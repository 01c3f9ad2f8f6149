"""Composition root of auth: `main` is what the command `trunkline auth` runs."""

import asyncio
import random
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final

from trunkline.auth.v1.auth_pb2_grpc import add_AuthServiceServicer_to_server
from trunkline.auth.v1.lists_pb2_grpc import add_ListServiceServicer_to_server
from trunkline.common.v1.documents_pb2_grpc import add_DocumentServiceServicer_to_server
from trunkline.common.v1.parameters_pb2_grpc import add_ParametersServiceServicer_to_server
from trunkline.common.v1.replication_pb2_grpc import add_ReplicationServiceServicer_to_server
from trunkline_kernel.database import Database, open_database
from trunkline_kernel.documents import Documents, DocumentServicer
from trunkline_kernel.parameters import Parameters
from trunkline_kernel.parameters.servicer import ParametersServicer
from trunkline_kernel.parameters.store import StoredParameters
from trunkline_kernel.replication import (
    MemorySource,
    Replica,
    ReplicaMetrics,
    ReplicationServicer,
)
from trunkline_kernel.rpc import Channel, UnaryChannel
from trunkline_kernel.service import Service, run_service

from .admission.doors import Digest, Doors, SharedState, open_doors
from .digest import Nonces
from .documents import CHECKS, DirectoryFeed, kinds
from .documents.areas import AreaFeed
from .documents.lists import list_kinds
from .identity import Directory
from .list_parameters import list_policy_of
from .lists import BlackList, Screener
from .memory import (
    MemoryBindings,
    MemoryBlackList,
    MemoryCallerSeats,
    MemoryFailures,
    MemoryNonceCounts,
    MemorySessions,
    MemoryWindows,
)
from .observation import Observation
from .parameters import PARAMETERS, Live, policy_of
from .publication import TOPIC, ListPublication
from .rpc.lists import ListServicer
from .rpc.servicer import AuthServicer
from .settings import AuthSettings
from .store.bindings import BindingStore
from .store.number_lists import NumberLists, NumberListStore

MIGRATIONS: Final = "trunkline_auth:store/migrations"

TICK: Final = 1.0
"""Seconds between two looks at what has expired."""


@asynccontextmanager
async def build(service: Service, settings: AuthSettings) -> AsyncIterator[None]:
    """Wire auth: what comes before the yield happens before anybody can ask."""
    async with (
        open_database(settings) as database,
        UnaryChannel(settings.routing, tls=service.tls) as routing,
    ):
        await database.migrate(MIGRATIONS)
        parameters = StoredParameters(Parameters(PARAMETERS), database)
        await parameters.load()
        number_lists = NumberListStore(database)
        documents = Documents(
            [*kinds(settings.realm), *list_kinds(number_lists)],
            database,
            checks=CHECKS,
            parameters=parameters,
        )
        areas = AreaFeed()
        documents.subscribe(areas.documents_changed)
        feed = _follow_sources(service, settings, documents, routing)
        await _screen(service, settings, database, documents, number_lists, parameters.values)
        await documents.load()
        store = BindingStore(database)
        await _admit(service, settings, feed.directory, areas, store, parameters.values)
        service.add(add_DocumentServiceServicer_to_server, DocumentServicer(documents))
        service.add(add_ParametersServiceServicer_to_server, ParametersServicer(parameters))
        service.background(parameters.follow)
        service.background(documents.follow)
        service.background(store.write_behind)
        yield
        await store.flush()


def _follow_sources(
    service: Service, settings: AuthSettings, documents: Documents, routing: Channel
) -> DirectoryFeed:
    """Keep the directory what documents and routing's gateways say."""
    feed = DirectoryFeed(Directory(), settings.realm)
    documents.subscribe(feed.documents_changed)
    gateways = Replica(
        routing,
        "routing-gateways",
        put=feed.gateway_put,
        delete=feed.gateway_delete,
        metrics=ReplicaMetrics(service.metrics),
    )
    service.background(gateways.follow)
    return feed


async def _admit(
    service: Service,
    settings: AuthSettings,
    directory: Directory,
    areas: AreaFeed,
    store: BindingStore,
    parameters: Parameters,
) -> None:
    """Open the doors."""
    state = SharedState(
        MemorySessions(),
        MemoryNonceCounts(),
        MemoryFailures(),
        MemoryBindings(store, await store.load(_now())),
    )
    observation = Observation(service.metrics)
    doors = open_doors(
        directory,
        state,
        _digest(settings),
        observation,
        Live(parameters, policy_of),
        random.SystemRandom(),
        lambda: areas.map,
    )
    servicer = AuthServicer(doors, state, observation, _now)
    service.add(add_AuthServiceServicer_to_server, servicer)
    service.background(lambda: _tick(doors, state, observation))


async def _screen(
    service: Service,
    settings: AuthSettings,
    database: Database,
    documents: Documents,
    store: NumberListStore,
    parameters: Parameters,
) -> None:
    """Keep number lists, publish them, and screen calls."""
    source = MemorySource()
    publication = ListPublication(source, service.metrics)
    documents.subscribe(publication.documents_changed)
    lists = NumberLists(store, database, publication.part_changed)
    await lists.refresh()
    black_list = MemoryBlackList()
    screener = Screener(
        black_list,
        MemoryWindows(),
        MemoryCallerSeats(),
        publication,
        policy=Live(parameters, list_policy_of),
        white_list=lambda: publication.white_list,
        longest_call=settings.longest_call,
    )
    servicer = ListServicer(
        screener, black_list, lambda: publication.white_list, store, lists, _now
    )
    service.add(add_ListServiceServicer_to_server, servicer)
    service.add(add_ReplicationServiceServicer_to_server, ReplicationServicer({TOPIC: source}))
    service.background(lists.follow)
    service.background(lambda: _publish(publication, black_list))


async def _publish(publication: ListPublication, black_list: BlackList) -> None:
    while True:
        await publication.refresh(black_list, _now())
        await asyncio.sleep(TICK)


async def _tick(doors: Doors, state: SharedState, observation: Observation) -> None:
    while True:
        await doors.registrar.expire(_now())
        observation.registrations.set(await state.bindings.count())
        observation.suspensions.set(len(await state.failures.suspensions(_now())))
        await asyncio.sleep(TICK)


def _digest(settings: AuthSettings) -> Digest:
    secret = settings.nonce_secret
    key = secret.get_secret_value().encode() if secret else secrets.token_bytes(32)
    return Digest(settings.realm, Nonces(key), settings.digest_algorithms)


def _now() -> datetime:
    return datetime.now(UTC)


def main() -> None:
    """Run the auth service as this process."""
    run_service(AuthSettings, build)


if __name__ == "__main__":
    main()
