"""Composition root of auth: `main` is what the command `trunkline auth` runs."""

import asyncio
import random
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final

from trunkline.auth.v1.auth_pb2_grpc import add_AuthServiceServicer_to_server
from trunkline.common.v1.documents_pb2_grpc import add_DocumentServiceServicer_to_server
from trunkline.common.v1.parameters_pb2_grpc import add_ParametersServiceServicer_to_server
from trunkline_kernel.database import open_database
from trunkline_kernel.documents import Documents, DocumentServicer
from trunkline_kernel.parameters import Parameters
from trunkline_kernel.parameters.servicer import ParametersServicer
from trunkline_kernel.parameters.store import StoredParameters
from trunkline_kernel.replication import Replica, ReplicaMetrics
from trunkline_kernel.rpc import UnaryChannel
from trunkline_kernel.service import Service, run_service

from .admission.doors import Digest, Doors, SharedState, open_doors
from .digest import Nonces
from .documents import CHECKS, DirectoryFeed, kinds
from .identity import Directory
from .memory import MemoryBindings, MemoryFailures, MemoryNonceCounts, MemorySessions
from .observation import Observation
from .parameters import PARAMETERS, LivePolicy
from .rpc.servicer import AuthServicer
from .settings import AuthSettings
from .store.bindings import BindingStore

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
        documents = Documents(kinds(settings.realm), database, checks=CHECKS, parameters=parameters)
        directory = Directory()
        feed = DirectoryFeed(directory, settings.realm)
        documents.subscribe(feed.documents_changed)
        await documents.load()
        gateways = Replica(
            routing,
            "routing-gateways",
            put=feed.gateway_put,
            delete=feed.gateway_delete,
            metrics=ReplicaMetrics(service.metrics),
        )
        store = BindingStore(database)
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
            LivePolicy(parameters.values),
            random.SystemRandom(),
        )
        servicer = AuthServicer(doors, state, observation, _now)
        service.add(add_AuthServiceServicer_to_server, servicer)
        service.add(add_DocumentServiceServicer_to_server, DocumentServicer(documents))
        service.add(add_ParametersServiceServicer_to_server, ParametersServicer(parameters))
        service.background(parameters.follow)
        service.background(documents.follow)
        service.background(gateways.follow)
        service.background(store.write_behind)
        service.background(lambda: _tick(doors, state, observation))
        yield
        await store.flush()


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
