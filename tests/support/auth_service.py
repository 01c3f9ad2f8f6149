"""Auth as others see it: its servicers in process, its documents in a database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import SystemRandom
from typing import Any

from support.auth_doors import REALM, SECRET, House
from trunkline.auth.v1 import auth_pb2, lists_pb2, operators_pb2
from trunkline.auth.v1.auth_pb2_grpc import add_AuthServiceServicer_to_server
from trunkline.auth.v1.lists_pb2_grpc import add_ListServiceServicer_to_server
from trunkline.auth.v1.operators_pb2_grpc import add_OperatorServiceServicer_to_server
from trunkline_auth.argon import ArgonHasher
from trunkline_auth.documents import CHECKS, DirectoryFeed, kinds
from trunkline_auth.documents.areas import AreaFeed
from trunkline_auth.documents.lists import list_kinds
from trunkline_auth.documents.operators import OperatorFeed, operator_kind
from trunkline_auth.list_parameters import list_policy_of
from trunkline_auth.lists import Screener
from trunkline_auth.login_parameters import (
    PASSWORD_LENGTH,
    TERMINAL_ADDITIONAL_CHARACTERS,
    login_policy_of,
)
from trunkline_auth.memory import MemoryBlackList, MemoryCallerSeats, MemoryWindows
from trunkline_auth.observation import Observation
from trunkline_auth.operators.logins import Logins
from trunkline_auth.operators.passwords import generate
from trunkline_auth.operators.tokens import Tokens
from trunkline_auth.parameters import PARAMETERS, Live
from trunkline_auth.publication import ListPublication
from trunkline_auth.rpc.lists import ListServicer
from trunkline_auth.rpc.operators import OperatorServicer
from trunkline_auth.rpc.servicer import AuthServicer
from trunkline_auth.store.audit import AuditStore
from trunkline_auth.store.number_lists import NumberLists, NumberListStore
from trunkline_kernel.database import Database
from trunkline_kernel.documents import Documents, Event
from trunkline_kernel.metrics import Metrics
from trunkline_kernel.parameters import Parameters
from trunkline_kernel.parameters.store import StoredParameters
from trunkline_kernel.replication import MemorySource
from trunkline_kernel.rpc import Dispatcher, InProcessChannel, method_of

SERVICES = {
    f"{package.__name__}.{method.name}": (package, service)
    for package, service in (
        (auth_pb2, auth_pb2.DESCRIPTOR.services_by_name["AuthService"]),
        (lists_pb2, lists_pb2.DESCRIPTOR.services_by_name["ListService"]),
        (operators_pb2, operators_pb2.DESCRIPTOR.services_by_name["OperatorService"]),
    )
    for method in service.methods
}


NOBODY_HASH = ArgonHasher().hash("nobody")


@dataclass
class RunningAuth:
    """One auth service."""

    house: House
    documents: Documents
    channel: InProcessChannel
    metrics: Metrics
    lists: NumberLists
    black_list: MemoryBlackList
    publication: ListPublication
    topic: MemorySource

    async def ask(self, request: Any) -> Any:
        """Call the method whose request this is."""
        name = type(request).__name__.removesuffix("Request")
        package, service = SERVICES[f"{type(request).__module__}.{name}"]
        response = getattr(package, f"{name}Response")
        method: Any = method_of(service, name, type(request), response)
        return await self.channel.call(method, request, timeout=5.0)

    def shows(self, line: str) -> bool:
        """Return whether /metrics has this line."""
        return line in self.metrics.render().decode().splitlines()

    @property
    def published(self) -> list[str]:
        """The keys of the topic "number-lists", in order."""
        return sorted(entry.key for entry in self.topic.snapshot())


async def start_auth(database: Database) -> RunningAuth:
    """Wire auth over a migrated database and the memory of this process."""
    house, metrics, topic = House(), Metrics("auth"), MemorySource()
    parameters = StoredParameters(Parameters(PARAMETERS), database)
    await parameters.load()
    store = NumberListStore(database)
    operators, hasher = OperatorFeed(), ArgonHasher()

    def make_password() -> str:
        return generate(parameters.values[TERMINAL_ADDITIONAL_CHARACTERS], SystemRandom())

    documents = Documents(
        [
            *kinds(REALM, make_password),
            *list_kinds(store),
            operator_kind(hasher, lambda: parameters.values[PASSWORD_LENGTH]),
        ],
        database,
        checks=CHECKS,
        parameters=parameters,
    )
    documents.subscribe(operators.documents_changed)
    documents.subscribe(DirectoryFeed(house.directory, REALM).documents_changed)
    areas = AreaFeed()
    documents.subscribe(areas.documents_changed)

    async def keep_map(events: Sequence[Event]) -> None:
        house.areas = areas.map

    documents.subscribe(keep_map)
    publication = ListPublication(topic, metrics)
    documents.subscribe(publication.documents_changed)
    lists = NumberLists(store, database, publication.part_changed)
    await lists.refresh()
    await documents.load()
    black_list = MemoryBlackList()
    policy = Live(parameters.values, list_policy_of)
    screener = Screener(
        black_list,
        MemoryWindows(),
        MemoryCallerSeats(),
        publication,
        policy=policy,
        white_list=lambda: publication.white_list,
        longest_call=timedelta(hours=2),
    )
    dispatcher = Dispatcher(metrics)
    dispatcher.add(
        add_AuthServiceServicer_to_server,
        AuthServicer(
            house.doors,
            house.state,
            Observation(metrics),
            lambda: house.now,
            lambda: policy().watches or publication.has_entries,
        ),
    )
    dispatcher.add(
        add_ListServiceServicer_to_server,
        ListServicer(
            screener,
            black_list,
            lambda: publication.white_list,
            house.directory,
            store,
            lists,
            lambda: house.now,
        ),
    )
    logins = Logins(
        operators.find,
        hasher.verify,
        house.state.failures,
        house.witness,
        Tokens(SECRET, timedelta(hours=12)),
        policy=Live(parameters.values, login_policy_of),
        areas=lambda: house.areas,
        nobody_hash=NOBODY_HASH,
    )
    dispatcher.add(
        add_OperatorServiceServicer_to_server,
        OperatorServicer(
            logins,
            AuditStore(database),
            make_password,
            lambda: house.now,
            lambda: operators.has_admin,
        ),
    )
    channel = InProcessChannel(dispatcher)
    return RunningAuth(house, documents, channel, metrics, lists, black_list, publication, topic)
