"""Composition root of the media service."""

import resource
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Final

import structlog
from trunkline.common.v1.documents_pb2_grpc import add_DocumentServiceServicer_to_server
from trunkline.common.v1.parameters_pb2_grpc import add_ParametersServiceServicer_to_server
from trunkline.media.v1.media_pb2_grpc import add_MediaServiceServicer_to_server
from trunkline_engine import Engine, KernelPathRefused
from trunkline_kernel.cluster.api import PodApi
from trunkline_kernel.cluster.marks import PodMarks
from trunkline_kernel.database import open_database
from trunkline_kernel.documents import Documents, DocumentServicer
from trunkline_kernel.node import Node
from trunkline_kernel.parameters import Change, Parameters
from trunkline_kernel.parameters.servicer import ParametersServicer
from trunkline_kernel.parameters.store import StoredParameters
from trunkline_kernel.service import Service, run_service
from trunkline_kernel.settings import SettingsError

from .addresses import LocalAddresses
from .audio import AudioLibrary
from .control import MediaControl
from .domain.sessions import Sessions
from .observation import Observation
from .parameters import PARAMETERS, QOS_RTP, RTP_PORT_RANGE, parse_port_range
from .rpc.guards import GUARDS
from .rpc.servicer import MediaServicer
from .settings import MediaSettings

log = structlog.stdlib.get_logger(__name__)

MOST_PARKED: Final = 2048
"""Ended sessions whose sockets are kept: those of 5 s at 400 a second, in 23 MB of the kernel."""

PARKED_SHARE: Final = 2
"""At most one in so many of the descriptors that this process may have is a kept socket."""


@asynccontextmanager
async def build(service: Service, settings: MediaSettings) -> AsyncIterator[None]:
    """Wire the engine, the sessions and the servicers."""
    async with open_database(settings) as database:
        await database.migrate()
        stored = StoredParameters(Parameters(PARAMETERS), database)
        await stored.load()
        documents = Documents([], database, parameters=stored)
        await documents.load()
        raise_descriptor_limit()
        engine = start_engine(settings, stored.values)
        obey_parameters(engine, stored.values, settings.rtp_ports)
        addresses = LocalAddresses(
            [str(ip) for ip in settings.addresses],
            [str(ip) for ip in settings.advertised_addresses],
        )
        audio = AudioLibrary(settings.audio_folder)
        sessions = Sessions(engine, addresses, missing_audio=settings.missing_audio)
        control = MediaControl(engine, sessions)
        observation = Observation(service.metrics, engine)
        control.on_end(observation.session_ended)
        control.on_event(observation.happened)
        control.on_drain(service.drain)
        service.background(stored.follow)
        service.background(control.run)
        if settings.pod_deletion_cost:
            marks = PodMarks(PodApi.of_this_pod(), settings.instance)
            service.background(lambda: marks.keep(lambda: engine.load().sessions))
        service.on_drain(control.drained)
        service.add(
            add_DocumentServiceServicer_to_server, DocumentServicer(documents, service.rights)
        )
        service.add(
            add_ParametersServiceServicer_to_server, ParametersServicer(stored, service.rights)
        )
        service.add(
            add_MediaServiceServicer_to_server,
            MediaServicer(
                Node(settings.instance, version("trunkline-media"), time.time()),
                control,
                engine,
                stored.values,
                audio,
                settings.recordings_folder,
            ),
        )
        service.guard(GUARDS)
        yield


def raise_descriptor_limit() -> None:
    """Allow as many descriptors as may be: a session takes up to six."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def parked_sessions() -> int:
    """Return how many ended sessions may keep their four sockets."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(MOST_PARKED, descriptors // PARKED_SHARE // 4)


def start_engine(settings: MediaSettings, parameters: Parameters) -> Engine:
    """Start the relay threads."""
    first, last = parse_port_range(settings.rtp_ports or parameters[RTP_PORT_RANGE])
    try:
        engine = Engine(
            [str(ip) for ip in settings.addresses],
            first,
            last,
            quarantine=settings.port_quarantine,
            threads=settings.relay_threads,
            type_of_service=parameters[QOS_RTP],
            kernel_path=settings.kernel_path,
            parked_sessions=parked_sessions(),
        )
    except KernelPathRefused as refused:
        raise SettingsError(f"TRUNKLINE_MEDIA_KERNEL_PATH can't be obeyed: {refused}") from None
    if settings.kernel_path:
        log.info("plain calls are relayed in the kernel", interfaces=settings.kernel_path)
    return engine


def obey_parameters(engine: Engine, parameters: Parameters, rtp_ports: str | None) -> None:
    """Let changed parameters hold for sessions opened from then on."""

    def obey(_: Sequence[Change]) -> None:
        engine.change_ports(*parse_port_range(rtp_ports or parameters[RTP_PORT_RANGE]))
        engine.change_type_of_service(parameters[QOS_RTP])

    parameters.subscribe(obey)


def main() -> None:
    """Run the media service."""
    run_service(MediaSettings, build)


if __name__ == "__main__":
    main()
