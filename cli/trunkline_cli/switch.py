"""The switch as the command line sees it: a stub for every service it may ask."""

from collections.abc import Mapping, Sequence
from functools import cache

import grpc
from grpc_health.v1.health_pb2_grpc import HealthStub
from trunkline.auth.v1.auth_pb2_grpc import AuthServiceStub
from trunkline.auth.v1.lists_pb2_grpc import ListServiceStub
from trunkline.auth.v1.operators_pb2_grpc import OperatorServiceStub
from trunkline.billing.v1.alarms_pb2_grpc import AlarmServiceStub
from trunkline.billing.v1.billing_pb2_grpc import BillingServiceStub, RateServiceStub
from trunkline.billing.v1.reconciliation_pb2_grpc import PeerReconciliationServiceStub
from trunkline.common.v1.documents_pb2_grpc import DocumentServiceStub
from trunkline.common.v1.parameters_pb2_grpc import ParametersServiceStub
from trunkline.media.v1.media_pb2_grpc import MediaServiceStub
from trunkline.routing.v1.routing_pb2_grpc import RoutingServiceStub
from trunkline.routing.v1.tables_pb2_grpc import TableServiceStub
from trunkline.signaling.v1.signaling_pb2_grpc import SignalingServiceStub

from .channels import TlsFiles, open_channel
from .services import Service


class Switch:
    """Opens channels to services when they are first asked."""

    def __init__(
        self,
        addresses: Mapping[Service, Sequence[str]],
        tls: TlsFiles | None = None,
        token: str = "",
    ) -> None:
        """`token` is an operator's, shown with every call."""
        self.addresses = addresses
        self._token = token
        self._tls = tls
        self._channel = cache(self._open)

    def _open(self, service: Service, address: str) -> grpc.Channel:
        return open_channel(service, address, self._tls, self._token)

    def channel(self, service: Service) -> grpc.Channel:
        """Return a channel to the first instance of a service."""
        return self._channel(service, self.addresses[service][0])

    @property
    def auth(self) -> AuthServiceStub:
        """Who may call."""
        return AuthServiceStub(self.channel(Service.AUTH))

    @property
    def lists(self) -> ListServiceStub:
        """Lists of numbers."""
        return ListServiceStub(self.channel(Service.AUTH))

    @property
    def operators(self) -> OperatorServiceStub:
        """Who may write."""
        return OperatorServiceStub(self.channel(Service.AUTH))

    @property
    def routing(self) -> RoutingServiceStub:
        """Where calls go."""
        return RoutingServiceStub(self.channel(Service.ROUTING))

    @property
    def tables(self) -> TableServiceStub:
        """Tables of numbers."""
        return TableServiceStub(self.channel(Service.ROUTING))

    @property
    def billing(self) -> BillingServiceStub:
        """What calls cost."""
        return BillingServiceStub(self.channel(Service.BILLING))

    @property
    def rates(self) -> RateServiceStub:
        """Rate files."""
        return RateServiceStub(self.channel(Service.BILLING))

    @property
    def alarms(self) -> AlarmServiceStub:
        """What is wrong with money and CDRs."""
        return AlarmServiceStub(self.channel(Service.BILLING))

    @property
    def reconciliations(self) -> PeerReconciliationServiceStub:
        """Books compared with peers."""
        return PeerReconciliationServiceStub(self.channel(Service.BILLING))

    @property
    def signaling(self) -> Sequence[SignalingServiceStub]:
        """Every signaling instance: each knows its own calls only."""
        return [
            SignalingServiceStub(self._channel(Service.SIGNALING, address))
            for address in self.addresses[Service.SIGNALING]
        ]

    @property
    def media(self) -> Sequence[MediaServiceStub]:
        """Every media instance: each knows its own sessions only."""
        return [
            MediaServiceStub(self._channel(Service.MEDIA, address))
            for address in self.addresses[Service.MEDIA]
        ]

    def documents(self, service: Service) -> DocumentServiceStub:
        """Return the configuration documents of one service."""
        return DocumentServiceStub(self.channel(service))

    def parameters(self, service: Service) -> ParametersServiceStub:
        """Return the parameters of one service."""
        return ParametersServiceStub(self.channel(service))

    def health(self, service: Service, address: str) -> HealthStub:
        """Return the health of one instance."""
        return HealthStub(self._channel(service, address))
