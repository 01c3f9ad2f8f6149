"""Composition root of auth: `main` is what the command `trunkline auth` runs."""

import asyncio
import random
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final

from trunkline.auth.v1.auth_pb2_grpc import add_AuthServiceServicer_to_server
from trunkline.auth.v1.operators_pb2_grpc import add_OperatorServiceServicer_to_server
from trunkline.common.v1.documents_pb2_grpc import add_DocumentServiceServicer_to_server
from trunkline.common.v1.parameters_pb2_grpc import add_ParametersServiceServicer_to_server
from trunkline_kernel.database import Database, open_database
from trunkline_kernel.documents import Documents, DocumentServicer
from trunkline_kernel.names import DnsLookUp, Names
from trunkline_kernel.parameters import Parameters
from trunkline_kernel.parameters.servicer import ParametersServicer
from trunkline_kernel.parameters.store import StoredParameters
from trunkline_kernel.replication import (
    Replica,
    ReplicaMetrics,
)
from trunkline_kernel.reporting import Reporter
from trunkline_kernel.rights import AskedRights
from trunkline_kernel.rpc import Channel, InProcessChannel, UnaryChannel
from trunkline_kernel.service import Service, run_service

from .admission.doors import Digest, Doors, SharedState, open_doors
from .argon import ArgonHasher
from .digest import Nonces
from .documents import CHECKS, DirectoryFeed, kinds
from .documents.areas import AreaFeed
from .documents.lists import list_kinds
from .documents.operators import OperatorFeed, operator_kind
from .identity import Directory
from .list_wiring import keep_lists, screen
from .login_parameters import (
    PASSWORD_LENGTH,
    TERMINAL_ADDITIONAL_CHARACTERS,
    login_policy_of,
)
from .observation import Observation
from .operators.logins import Logins
from .operators.passwords import generate
from .operators.tokens import Tokens
from .parameters import PARAMETERS, Live, policy_of
from .reporting import Announcements
from .rpc.guards import GUARDS
from .rpc.operators import OperatorServicer
from .rpc.servicer import AuthServicer
from .settings import AuthSettings
from .state import AuthState, state_in_memory
from .store.audit import AuditStore
from .store.bindings import BindingStore
from .store.number_lists import NumberListStore

MIGRATIONS: Final = "trunkline_auth:store/migrations"

TICK: Final = 1.0
"""Seconds between two looks at what has expired."""


@asynccontextmanager
async def build(service: Service, settings: AuthSettings) -> AsyncIterator[None]:
    """Wire auth: what comes before the yield happens before anybody can ask."""
    async with (
        open_database(settings) as database,
        UnaryChannel(settings.routing, tls=service.tls) as routing,
        UnaryChannel(settings.billing, tls=service.tls) as billing,
    ):
        await database.migrate(MIGRATIONS)
        parameters = StoredParameters(Parameters(PARAMETERS), database)
        await parameters.load()
        number_lists, hasher = NumberListStore(database), ArgonHasher()

        def make_password() -> str:
            added = parameters.values[TERMINAL_ADDITIONAL_CHARACTERS]
            return generate(added, random.SystemRandom())

        documents = Documents(
            [
                *kinds(settings.realm, make_password),
                *list_kinds(number_lists),
                operator_kind(hasher, lambda: parameters.values[PASSWORD_LENGTH]),
            ],
            database,
            checks=CHECKS,
            parameters=parameters,
        )
        areas = AreaFeed()
        documents.subscribe(areas.documents_changed)
        documents.subscribe(number_lists.documents_changed)
        names = Names(DnsLookUp())
        service.background(names.run)
        feed = _follow_sources(service, settings, documents, routing, names)
        async with _open_state(service, settings, database) as state:
            lists = screen(service, settings, documents, state, parameters.values, _now)
            await keep_lists(service, database, feed.directory, number_lists, lists, _now)
            operators = OperatorFeed()
            documents.subscribe(operators.documents_changed)
            await documents.load()
            await areas.build()
            service.background(areas.keep_built)
            observation = Observation(service.metrics)
            reporter = Reporter(billing, f"auth/{settings.instance}", service.metrics)
            news = Announcements(observation, names, reporter)
            service.background(reporter.run)
            key = _secret(settings)
            doors = open_doors(
                feed.directory,
                state.doors,
                Digest(settings.realm, Nonces(key), settings.digest_algorithms),
                news,
                Live(parameters.values, policy_of),
                random.SystemRandom(),
                lambda: areas.map,
            )
            _admit(service, doors, state.doors, observation, news, lists.could_stop)
            logins = Logins(
                operators.find,
                hasher.verify,
                state.doors.failures,
                news,
                Tokens(key, settings.login_lifetime),
                policy=Live(parameters.values, login_policy_of),
                areas=lambda: areas.map,
                nobody_hash=hasher.hash(secrets.token_hex()),
            )
            audit = AuditStore(database)
            _let_in(service, logins, audit, make_password, lambda: _is_guarded(settings, operators))
            service.add(
                add_DocumentServiceServicer_to_server, DocumentServicer(documents, service.rights)
            )
            service.add(
                add_ParametersServiceServicer_to_server,
                ParametersServicer(parameters, service.rights),
            )
            service.background(parameters.follow)
            service.background(documents.follow)
            yield


@asynccontextmanager
async def _open_state(
    service: Service, settings: AuthSettings, database: Database
) -> AsyncIterator[AuthState]:
    """Open what is one for the cluster, with the bindings that were written down."""
    if settings.redis_url is not None:
        from .shared import (  # a third of the start, for those who need it
            open_store,
            state_in_redis,
        )

        url = settings.redis_url.get_secret_value()
        async with open_store(url, service.metrics) as store:
            yield state_in_redis(store)
        return
    written = BindingStore(database)
    service.background(written.write_behind)
    yield state_in_memory(written, await written.load(_now()))
    await written.flush()


def _follow_sources(
    service: Service,
    settings: AuthSettings,
    documents: Documents,
    routing: Channel,
    names: Names,
) -> DirectoryFeed:
    """Keep the directory what documents and routing's gateways say."""
    feed = DirectoryFeed(Directory(), settings.realm, names)
    documents.subscribe(feed.documents_changed)
    ages = ReplicaMetrics(service.metrics)
    gateways = Replica(
        routing,
        "routing-gateways",
        put=feed.gateway_put,
        delete=feed.gateway_delete,
        metrics=ages,
    )
    domains = Replica(
        routing,
        "domains",
        put=feed.domain_put,
        delete=feed.domain_delete,
        metrics=ages,
    )
    service.ready_after(gateways.synced.wait)
    service.background(gateways.follow)
    service.background(domains.follow)
    return feed


def _admit(
    service: Service,
    doors: Doors,
    state: SharedState,
    observation: Observation,
    news: Announcements,
    screens: Callable[[], bool],
) -> None:
    """Answer signaling."""
    servicer = AuthServicer(doors, state, observation, _now, screens)
    service.add(add_AuthServiceServicer_to_server, servicer)
    service.background(lambda: _tick(doors, state, observation, news))


def _let_in(
    service: Service,
    logins: Logins,
    audit: AuditStore,
    make_password: Callable[[], str],
    guarded: Callable[[], bool],
) -> None:
    """Answer consoles and the other services, and ask itself what those ask."""
    servicer = OperatorServicer(logins, audit, make_password, _now, guarded)
    service.add(add_OperatorServiceServicer_to_server, servicer)
    service.rights = AskedRights(InProcessChannel(service.server.dispatcher))
    service.guard(GUARDS)


def _is_guarded(settings: AuthSettings, operators: OperatorFeed) -> bool:
    return settings.require_login and operators.has_admin


async def _tick(
    doors: Doors, state: SharedState, observation: Observation, news: Announcements
) -> None:
    while True:
        await doors.registrar.expire(_now())
        observation.registrations.set(await state.bindings.count())
        news.suspensions = await state.failures.suspensions(_now())
        observation.suspensions.set(len(news.suspensions))
        await asyncio.sleep(TICK)


def _secret(settings: AuthSettings) -> bytes:
    secret = settings.nonce_secret
    return secret.get_secret_value().encode() if secret else secrets.token_bytes(32)


def _now() -> datetime:
    return datetime.now(UTC)


def main() -> None:
    """Run the auth service as this process."""
    run_service(AuthSettings, build)


if __name__ == "__main__":
    main()
