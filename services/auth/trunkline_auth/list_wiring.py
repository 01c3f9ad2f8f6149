"""Wires what judges numbers, keeps lists of them and tells routing of both (AUT-09 to AUT-15)."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from trunkline.auth.v1.lists_pb2_grpc import add_ListServiceServicer_to_server
from trunkline.common.v1.replication_pb2_grpc import add_ReplicationServiceServicer_to_server
from trunkline_kernel.database import Database
from trunkline_kernel.documents import Documents
from trunkline_kernel.parameters import Parameters
from trunkline_kernel.replication import MemorySource, ReplicationServicer
from trunkline_kernel.service import Service

from .identity import Directory
from .list_parameters import list_policy_of
from .lists import BlackList, Screener
from .lists.policy import ListPolicy
from .parameters import Live
from .publication import TOPIC, ListPublication
from .rpc.lists import ListServicer
from .settings import AuthSettings
from .state import AuthState
from .store.number_lists import NumberLists, NumberListStore

Clock = Callable[[], datetime]

PUBLISH_INTERVAL: Final = 1.0
"""Seconds between two looks at what other replicas listed, and at what has expired."""


@dataclass(frozen=True, slots=True)
class Lists:
    """What judges and publishes numbers."""

    screener: Screener
    black_list: BlackList
    publication: ListPublication
    policy: Callable[[], ListPolicy]

    def could_stop(self) -> bool:
        """Return whether any number's behaviour could stop a call now."""
        return self.policy().watches or self.publication.has_entries


def screen(
    service: Service,
    settings: AuthSettings,
    documents: Documents,
    state: AuthState,
    parameters: Parameters,
    clock: Clock,
) -> Lists:
    """Screen calls, and publish what routing is to know of numbers."""
    source = MemorySource()
    publication = ListPublication(source, service.metrics)
    documents.subscribe(publication.documents_changed)
    policy = Live(parameters, list_policy_of)
    screener = Screener(
        state.black_list,
        state.windows,
        state.seats,
        publication,
        policy=policy,
        white_list=lambda: publication.white_list,
        longest_call=settings.longest_call,
    )
    service.add(add_ReplicationServiceServicer_to_server, ReplicationServicer({TOPIC: source}))
    service.background(lambda: _publish(publication, state.black_list, clock))
    return Lists(screener, state.black_list, publication, policy)


async def keep_lists(
    service: Service,
    database: Database,
    directory: Directory,
    store: NumberListStore,
    lists: Lists,
    clock: Clock,
) -> None:
    """Keep number lists in memory as they are stored, and answer for all lists."""
    publication = lists.publication
    numbers = NumberLists(store, database, publication.part_changed)
    await numbers.refresh()
    servicer = ListServicer(
        lists.screener,
        lists.black_list,
        lambda: publication.white_list,
        directory,
        store,
        numbers,
        clock,
    )
    service.add(add_ListServiceServicer_to_server, servicer)
    service.background(numbers.follow)


async def _publish(publication: ListPublication, black_list: BlackList, clock: Clock) -> None:
    while True:
        await publication.refresh(black_list, clock())
        await asyncio.sleep(PUBLISH_INTERVAL)
