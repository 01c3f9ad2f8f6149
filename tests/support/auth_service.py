"""Auth as others see it: its servicer in process, its documents in a database."""

from dataclasses import dataclass

from support.auth_doors import REALM, House
from trunkline.auth.v1.auth_pb2_grpc import add_AuthServiceServicer_to_server
from trunkline_auth.documents import CHECKS, DirectoryFeed, kinds
from trunkline_auth.observation import Observation
from trunkline_auth.parameters import PARAMETERS
from trunkline_auth.rpc.servicer import AuthServicer
from trunkline_kernel.database import Database
from trunkline_kernel.documents import Documents
from trunkline_kernel.metrics import Metrics
from trunkline_kernel.parameters import Parameters
from trunkline_kernel.parameters.store import StoredParameters
from trunkline_kernel.rpc import Dispatcher, InProcessChannel


@dataclass
class RunningAuth:
    """One auth service."""

    house: House
    documents: Documents
    channel: InProcessChannel
    metrics: Metrics

    def shows(self, line: str) -> bool:
        """Return whether /metrics has this line."""
        return line in self.metrics.render().decode().splitlines()


async def start_auth(database: Database) -> RunningAuth:
    """Wire auth over a migrated database and the memory of this process."""
    house = House()
    parameters = StoredParameters(Parameters(PARAMETERS), database)
    await parameters.load()
    documents = Documents(kinds(REALM), database, checks=CHECKS, parameters=parameters)
    documents.subscribe(DirectoryFeed(house.directory, REALM).documents_changed)
    await documents.load()
    metrics = Metrics("auth")
    dispatcher = Dispatcher(metrics)
    servicer = AuthServicer(house.doors, house.state, Observation(metrics), lambda: house.now)
    dispatcher.add(add_AuthServiceServicer_to_server, servicer)
    return RunningAuth(house, documents, InProcessChannel(dispatcher), metrics)
