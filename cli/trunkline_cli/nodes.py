"""One instance of signaling or media, named as it names itself or by its address (MGT-07)."""

from collections.abc import Iterator
from typing import Annotated

import typer
from trunkline.media.v1.media_pb2 import LoadRequest
from trunkline.signaling.v1.signaling_pb2 import GetStatusRequest

from .errors import Refused, Unreachable
from .services import Service
from .switch import Switch

NodeOption = Annotated[
    str, typer.Option("--node", help="Instance, by its name or HOST:PORT as `status` shows them.")
]


def find_node(switch: Switch, service: Service, node: str) -> int:
    """Return the place of an instance among those of its service. Raises `Refused`."""
    addresses = switch.addresses[service]
    if node in addresses:
        return addresses.index(node)
    names = list(_names(switch, service))
    if node in names:
        return names.index(node)
    known = [
        f"{name} at {address}" if name else f"one at {address} that does not answer"
        for name, address in zip(names, addresses, strict=True)
    ]
    raise Refused(f"{service} node {node} not found; known are", known)


def _names(switch: Switch, service: Service) -> Iterator[str]:
    """Yield what each instance calls itself; empty for one that does not answer."""
    for index in range(len(switch.addresses[service])):
        try:
            if service is Service.SIGNALING:
                status = switch.signaling[index].GetStatus(GetStatusRequest())
                yield status.signaling_instance
            else:
                yield switch.media[index].Load(LoadRequest()).media_instance
        except Unreachable:
            yield ""
