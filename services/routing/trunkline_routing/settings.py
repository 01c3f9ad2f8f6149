"""What the routing process reads from its environment."""

from __future__ import annotations

from typing import ClassVar
from zoneinfo import ZoneInfo

from pydantic import field_validator
from trunkline_kernel.settings import DatabaseSettings, Port, ServiceSettings, VaultSettings


class RoutingSettings(
    ServiceSettings, DatabaseSettings, VaultSettings, env_prefix="TRUNKLINE_ROUTING_"
):
    """Routing's environment."""

    service: ClassVar[str] = "routing"

    grpc_port: Port = 50054
    """Port of gRPC."""

    billing: str = "127.0.0.1:50055"
    """Address of billing, whose rates are followed."""

    auth: str = "127.0.0.1:50053"
    """Address of auth, whose number lists are followed."""

    redis_url: str = ""
    """redis:// URL of the state that several replicas share. Empty: one replica, in memory."""

    time_zone: str = "UTC"
    """The platform's time zone by its IANA name; period control goes by it."""

    @field_validator("time_zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (OSError, ValueError) as error:
            raise ValueError(
                f"{name!r} is no time zone: expected a name like Europe/London"
            ) from error
        return name
