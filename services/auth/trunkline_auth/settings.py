"""What auth reads from its environment, once, before it starts."""

import socket
from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import Field, SecretStr
from trunkline_kernel.settings import DatabaseSettings, Port, ServiceSettings, Span

from .digest import Algorithm
from .digest.nonces import MIN_SECRET_BYTES


class AuthSettings(ServiceSettings, DatabaseSettings, env_prefix="TRUNKLINE_AUTH_"):
    """Settings of the auth service."""

    service: ClassVar[str] = "auth"

    grpc_port: Port = 50053

    realm: Annotated[str, Field(min_length=1, max_length=128, pattern=r'^[^"\\\x00-\x1f]+$')] = (
        "trunkline"
    )
    """Realm of digest, the platform's domain. Passwords are stored hashed with it: after a change
    every password has to be applied again."""

    digest_algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1)] = (Algorithm.MD5,)
    """Challenges that are sent, in order of preference (RFC 8760). SHA-256 is left out unless asked
    for: phones that don't know it fail where they could skip it, as those built on libre 1 do."""

    nonce_secret: Annotated[SecretStr, Field(min_length=MIN_SECRET_BYTES)] | None = None
    """Key of the nonces and of operators' tokens, the same on every replica. Unset, one is made at
    start: right for a single replica, whose restart then costs each client one more challenge."""

    routing: str = "127.0.0.1:50054"
    """Address of routing, whose gateways' addresses are known sources (AUT-01)."""

    billing: str = "127.0.0.1:50055"
    """Address of billing, which keeps alarms and tells the outside (MGT-13, MGT-14). While it is
    away, nothing waits for it."""

    instance: str = Field(default_factory=socket.gethostname)
    """Name of this replica in its reports: no two alike."""

    longest_call: Annotated[Span, Field(gt=timedelta(0))] = timedelta(hours=24)
    """How long a caller's seat lasts whose end nobody reported (AUT-12): no call is longer."""

    redis_url: SecretStr | None = None
    """redis://... where several replicas share registrations, counters and the dynamic black list.
    Unset, they live in this process: right for a single replica."""

    require_login: bool = True
    """Whether writes need an operator's token as soon as an admin exists who can log in. Off lets
    somebody in again who has lost the only admin's password."""

    login_lifetime: Annotated[Span, Field(gt=timedelta(0))] = timedelta(hours=12)
    """How long an operator stays logged in."""
