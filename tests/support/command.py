"""The `trunkline` command against a switch whose services are fakes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from trunkline.common.v1.documents_pb2 import Kind
from trunkline_cli.services import Service

from .services import StoredDocuments


@dataclass(frozen=True)
class Ended:
    """What one run of the command left."""

    status: int
    out: str
    err: str


Run = Callable[..., Ended]
"""Takes the arguments of one command line."""

Place = Callable[..., None]
"""Takes a service and, for each instance, its pairs of add_..._to_server and servicer."""


@dataclass
class FakeSwitch:
    """Documents of all services, and other servicers by service."""

    documents: dict[Service, StoredDocuments] = field(default_factory=lambda: account_and_gateway())
    servicers: dict[Service, list[tuple[Any, Any]]] = field(default_factory=dict)
    """Pairs of add_..._to_server and servicer."""


def account_and_gateway() -> dict[Service, StoredDocuments]:
    """Return a billing that keeps accounts, and a routing and an auth that share gateways."""
    return {
        Service.BILLING: StoredDocuments(
            [Kind(name="Account", rest=True)], allowed={"currency", "overdraft"}
        ),
        Service.ROUTING: StoredDocuments(
            [Kind(name="MappingGateway", rest=True, references=["Account"])],
            allowed={"account", "capacity"},
            references={"account": "Account"},
        ),
        Service.AUTH: StoredDocuments(
            [Kind(name="MappingGateway", fields=["access"])], allowed={"access"}
        ),
        Service.MEDIA: StoredDocuments([]),
        Service.SIGNALING: StoredDocuments([]),
    }
