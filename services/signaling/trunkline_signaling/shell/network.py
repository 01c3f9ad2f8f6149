"""The switch's sockets: listens where settings and parameters say, and tells who we are."""

from __future__ import annotations

import asyncio
import ssl
from types import TracebackType
from typing import Final, Self

from trunkline_kernel.parameters import Parameters
from trunkline_kernel.rpc import PortTaken

from ..parameters.sip import QOS_SIGNAL, SIP_PORT, TCP_CLOSE_RESET
from ..settings import SignalingSettings
from ..sip.flow import Address, Flow, Transport
from ..sip.framing import Frame
from ..transport.certificates import Certificates
from ..transport.counters import TransportCounters
from ..transport.limits import SourceLimits
from ..transport.options import TransportOptions
from ..transport.standing_queue import StandingQueue
from ..transport.transports import Transports
from .switch import Switch

RESPONSE: Final = b"SIP/2.0 "


class SipNetwork:
    """Satisfies `Network` over real sockets. An async context manager; raises `PortTaken`."""

    def __init__(self, settings: SignalingSettings, values: Parameters) -> None:
        self._ip = str(settings.sip_address)
        self._listen_ports = settings.sip_ports or values[SIP_PORT]
        self._switch: Switch | None = None
        self._settings = settings
        self.certificates = Certificates(settings.certificate_files)
        self._transports = Transports(
            self._receive,
            self._failed,
            _options(values),
            lambda: self.certificates.calling,
            self._admits,
        )
        self._limits = SourceLimits(
            settings.rate_of_strangers, settings.rate_of_known, settings.sip_trusted_sources
        )
        self._queue = StandingQueue(lambda: self._transports.waiting)
        self._loop = asyncio.get_running_loop()
        self._local: dict[Transport, Address] = {}
        fixed = settings.advertised_address
        if fixed is None and not settings.sip_address.is_unspecified:
            fixed = settings.sip_address
        self.advertised = str(fixed) if fixed is not None else None
        """The one address all peers are told; None where that depends on the peer."""

    async def __aenter__(self) -> Self:
        await self._transports.__aenter__()
        try:
            await self._listen()
        except OSError as error:
            await self._transports.__aexit__(None, None, None)
            raise PortTaken(f"SIP {error.strerror or error}") from error
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._transports.__aexit__(kind, error, traceback)

    async def _listen(self) -> None:
        for port in self._listen_ports:
            udp = await self._transports.listen_udp((self._ip, port))
            tcp = await self._transports.listen_tcp((self._ip, udp[1]))
            self._local.setdefault(Transport.UDP, udp)
            self._local.setdefault(Transport.TCP, tcp)
        if serving := self.certificates.serving:
            address = self._ip, self._settings.sip_tls_port
            self._local[Transport.TLS] = await self._transports.listen_tcp(address, tls=serving)
        await self._listen_websocket(Transport.WS, self._settings.sip_ws_port, None)
        await self._listen_websocket(Transport.WSS, self._settings.sip_wss_port, serving)

    async def _listen_websocket(
        self, kind: Transport, port: int | None, tls: ssl.SSLContext | None
    ) -> None:
        if port is not None:
            address = self._ip, port
            self._local[kind] = await self._transports.listen_websocket(address, tls=tls)

    def attach(self, switch: Switch) -> None:
        """Hand what arrives to the switch."""
        self._switch = switch

    def obey(self, values: Parameters) -> None:
        """Let changed parameters hold for new sockets."""
        self._transports.options = _options(values)

    @property
    def counters(self) -> TransportCounters:
        """What the sockets have seen."""
        return self._transports.counters

    @property
    def ports(self) -> dict[Transport, int]:
        """Ports we listen on, by transport."""
        return {transport: port for transport, (_, port) in self._local.items()}

    def send(self, data: bytes, flow: Flow) -> None:
        """Send without waiting. Whoever gets a request of ours is no stranger."""
        if not data.startswith(RESPONSE):
            self.know(flow.remote[0])
        self._transports.send(data, flow)

    def know(self, ip: str) -> None:
        """Limit a source less from now on: auth let it in, or we called it."""
        self._limits.know(ip, self._loop.time())

    def knows(self, ip: str) -> bool:
        """Tell whether a source is no stranger."""
        return self._limits.knows(ip, self._loop.time())

    @property
    def waiting(self) -> int:
        """Bytes that wait to be received, see `Transports.waiting`."""
        return self._transports.waiting

    def overloaded(self) -> bool:
        """Tell whether datagrams stand in line. Connections keep their peers back by themselves."""
        return self._queue.stands(self._loop.time())

    def local(self, transport: Transport) -> Address:
        """Return the address we send from."""
        return self._local.get(transport, self._local[Transport.UDP])

    def _receive(self, data: bytes | Frame, flow: Flow) -> None:
        if self._switch is None:
            return
        if self._limits.admits(flow.remote[0], self._loop.time()):
            self._switch.receive(data, flow)
        else:
            self._transports.counters.limited += 1
            self._switch.limited(data, flow)

    def _admits(self, ip: str) -> bool:
        return self._limits.admits(ip, self._loop.time())

    def _failed(self, flow: Flow) -> None:
        if self._switch is not None:
            self._switch.transport_failed(flow)


def _options(values: Parameters) -> TransportOptions:
    return TransportOptions(tos=values[QOS_SIGNAL], close_reset=values[TCP_CLOSE_RESET])
