"""Routing as a process: settings in, running service out."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from trunkline.common.v1.documents_pb2_grpc import add_DocumentServiceServicer_to_server
from trunkline.common.v1.parameters_pb2_grpc import add_ParametersServiceServicer_to_server
from trunkline.common.v1.replication_pb2_grpc import add_ReplicationServiceServicer_to_server
from trunkline.routing.v1.routing_pb2_grpc import add_RoutingServiceServicer_to_server
from trunkline.routing.v1.tables_pb2_grpc import add_TableServiceServicer_to_server
from trunkline_kernel.database import open_database
from trunkline_kernel.documents import Documents, DocumentServicer
from trunkline_kernel.metrics import Metrics
from trunkline_kernel.parameters import Parameters
from trunkline_kernel.parameters.servicer import ParametersServicer
from trunkline_kernel.parameters.store import StoredParameters
from trunkline_kernel.replication import Replica, ReplicaMetrics, ReplicationServicer
from trunkline_kernel.rpc import MultiplexedChannel
from trunkline_kernel.service import Service, run_service
from trunkline_kernel.vault import open_vault

from .composition import Routing
from .declarations import DECLARED
from .documents.vault import GatewayVault
from .lists.replicated import TOPIC as NUMBER_LISTS
from .rates.replicated import TOPIC as RATES
from .rpc.guards import GUARDS
from .rpc.tables import TableServicer
from .settings import RoutingSettings
from .shared.connection import open_store
from .state import RoutingState, state_in_memory, state_in_redis


def utc_now() -> datetime:
    """Return the present."""
    return datetime.now(UTC)


@asynccontextmanager
async def open_state(settings: RoutingSettings, metrics: Metrics) -> AsyncIterator[RoutingState]:
    """Open what must be one for all replicas."""
    if not settings.redis_url:
        yield state_in_memory()
        return
    async with open_store(settings.redis_url, metrics) as store:
        yield state_in_redis(store)


@asynccontextmanager
async def build(service: Service, settings: RoutingSettings) -> AsyncIterator[None]:
    """Wire routing; it serves from the yield on."""
    async with (
        open_database(settings) as database,
        open_state(settings, service.metrics) as state,
        MultiplexedChannel(
            settings.billing, metrics=service.client_metrics, tls=service.tls
        ) as billing,
        MultiplexedChannel(settings.auth, metrics=service.client_metrics, tls=service.tls) as auth,
    ):
        await database.migrate()
        parameters = StoredParameters(Parameters(DECLARED), database)
        await parameters.load()
        routing = Routing(
            clock=utc_now,
            rng=random.Random(),  # noqa: S311  shares out calls, keeps no secret
            metrics=service.metrics,
            zone=ZoneInfo(settings.time_zone),
            values=parameters.values,
            state=state,
            vault=GatewayVault(open_vault(settings)),
        )
        documents = Documents(routing.kinds, database, checks=routing.checks, parameters=parameters)
        documents.subscribe(routing.take_documents)
        await documents.load()
        ages = ReplicaMetrics(service.metrics)
        rates = Replica(
            billing,
            RATES,
            put=routing.rates.put,
            delete=routing.rates.delete,
            metrics=ages,
        )
        lists = Replica(
            auth,
            NUMBER_LISTS,
            put=routing.view.lists.put,
            delete=routing.view.lists.delete,
            metrics=ages,
        )

        async def rates_are_known() -> None:
            await rates.synced.wait()
            await routing.rates.build()

        service.ready_after(rates_are_known)
        for work in (
            parameters.follow,
            documents.follow,
            rates.follow,
            lists.follow,
            routing.rates.keep_built,
            routing.keep_house,
        ):
            service.background(work)
        topics = ReplicationServicer(routing.publication.topics)
        service.add(add_RoutingServiceServicer_to_server, routing.servicer)
        service.add(
            add_ParametersServiceServicer_to_server, ParametersServicer(parameters, service.rights)
        )
        service.add(
            add_DocumentServiceServicer_to_server, DocumentServicer(documents, service.rights)
        )
        service.add(add_ReplicationServiceServicer_to_server, topics)
        service.add(add_TableServiceServicer_to_server, TableServicer(documents))
        service.guard(GUARDS)
        yield


def main() -> None:
    """Run routing until it is told to stop."""
    run_service(RoutingSettings, build)


if __name__ == "__main__":
    main()
