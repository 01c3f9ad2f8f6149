"""gRPC as this house speaks it: one server, one client interface, three ways to carry a call."""

from .call_metrics import ClientMetrics
from .channel import Channel, Unavailable
from .dispatch import Context, DeadlineExceeded, Dispatcher
from .inprocess import InProcessChannel
from .methods import Method, method_of
from .multiplexed import MultiplexedChannel
from .server import PortTaken, RpcServer
from .tls import TlsFiles, tls_files
from .unary import UnaryChannel

__all__ = [
    "Channel",
    "ClientMetrics",
    "Context",
    "DeadlineExceeded",
    "Dispatcher",
    "InProcessChannel",
    "Method",
    "MultiplexedChannel",
    "PortTaken",
    "RpcServer",
    "TlsFiles",
    "UnaryChannel",
    "Unavailable",
    "method_of",
    "tls_files",
]
