"""Settings: what a process reads from its environment once, before it starts.

Every service subclasses `ServiceSettings` with `env_prefix="TRUNKLINE_<SERVICE>_"`. Values that may
change while it runs are parameters (`trunkline_kernel.parameters`), not settings.
"""

import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated, ClassVar, Final, Literal, TypeVar

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableValue

HIGHEST_PORT = 65535

Port = Annotated[int, Field(ge=0, le=HIGHEST_PORT)]
"""TCP or UDP port. 0 lets the operating system choose."""


def _seconds(value: object) -> object:
    """Read a plain number as seconds; pydantic reads the rest (ISO 8601, "PT2H")."""
    try:
        return timedelta(seconds=float(value)) if isinstance(value, str) else value
    except ValueError:
        return value


Span = Annotated[timedelta, BeforeValidator(_seconds)]
"""A span of time: seconds ("7200", "0.5") or ISO 8601 ("PT2H")."""

METRICS_PORT_OFFSET = 1000

SETTINGS_FOLDER: Final = "TRUNKLINE_SETTINGS_DIR"
"""Variable that names a folder of settings: a file by variable, as Kubernetes mounts secrets. The
environment wins."""


class SettingsError(Exception):
    """The environment is wrong. The message names every wrong variable."""


class Settings(BaseSettings):
    """Base of every settings model: frozen, read from the environment and the settings folder."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class ServiceSettings(Settings):
    """What every service can be told. Subclasses set `service`, `env_prefix` and `grpc_port`."""

    service: ClassVar[str]
    """Name in logs and metrics: "auth"."""

    grpc_host: str = "127.0.0.1"
    """Address gRPC and HTTP listen on. Containers set 0.0.0.0."""

    grpc_port: Port
    """Port of gRPC."""

    http_port: Port | None = None
    """Port of /metrics, /healthz and /readyz. Unset is the gRPC port + 1000."""

    frames_port: Port = 0
    """Port that takes the hot calls of other services. 0 is any: who calls learns it over gRPC. Fix
    it where a firewall stands between."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least important line that is written."""

    log_format: Literal["auto", "console", "json"] = "auto"
    """auto writes for people on a terminal and JSON elsewhere."""

    drain_grace: Annotated[Span, Field(ge=timedelta(0))] = timedelta(seconds=30)
    """How long after SIGTERM work in progress may go on."""

    ready_patience: Annotated[Span, Field(ge=timedelta(0))] = timedelta(seconds=45)
    """How long a service that starts is not ready for want of what it needs from others. Then it
    takes work without."""

    ready_while_draining: bool = False
    """Stay ready while draining: for UDP behind a Kubernetes Service, whose proxy drops the
    connection tracking of endpoints that are not ready."""

    max_call_duration: Annotated[Span, Field(gt=timedelta(0))] = timedelta(seconds=60)
    """Longest time one unary RPC may take, whatever deadline its caller set."""

    max_connection_age: Annotated[Span, Field(ge=timedelta(seconds=1))] = timedelta(minutes=5)
    """When a connection is renewed, so that new replicas get their share."""

    operators: str = ""
    """Target of auth, which is asked before every write and told of it. Empty lets everybody write
    who reaches the port, and remembers nothing."""

    otlp_endpoint: str = ""
    """Collector that traces of calls go to, by OTLP over gRPC: "http://collector:4317". Empty
    traces nothing. Needs the extra `tracing`."""

    otlp_ratio: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of the calls that is traced, the same calls at every service."""

    reflection: bool = True
    """Whether gRPC server reflection answers."""

    tls_cert_file: Path | None = None
    """Own certificate chain, PEM. With the key and the CA, all gRPC is mutual TLS."""

    tls_key_file: Path | None = None
    """Own private key, PEM."""

    tls_ca_file: Path | None = None
    """Authorities that sign every service's certificate, PEM."""

    tls_server_name: str | None = None
    """Name expected in peers' certificates, when it is not the host that is dialled."""

    @property
    def metrics_port(self) -> int:
        """Port of HTTP: `http_port`, or by the rule of the house."""
        if self.http_port is not None:
            return self.http_port
        return self.grpc_port + METRICS_PORT_OFFSET if self.grpc_port else 0

    @model_validator(mode="after")
    def _metrics_port_is_one(self) -> "ServiceSettings":
        if self.metrics_port > HIGHEST_PORT:
            raise ValueError(
                f"HTTP_PORT is unset and GRPC_PORT + {METRICS_PORT_OFFSET} is {self.metrics_port}: "
                f"above {HIGHEST_PORT}; set HTTP_PORT"
            )
        return self

    @model_validator(mode="after")
    def _tls_is_whole(self) -> "ServiceSettings":
        files = (self.tls_cert_file, self.tls_key_file, self.tls_ca_file)
        if any(files) and not all(files):
            raise ValueError("mutual TLS needs all of TLS_CERT_FILE, TLS_KEY_FILE and TLS_CA_FILE")
        return self


class DatabaseSettings(Settings):
    """Where a service that owns data keeps it. Mixed into its settings."""

    service: ClassVar[str]

    database_url: str = ""
    """SQLAlchemy URL: sqlite+aiosqlite:///... or postgresql+asyncpg://... Empty is
    ./var/<service>.db."""

    migrate: Literal["at_start", "only", "never"] = "at_start"
    """When tables are brought up to date: at every start; at a start that ends with it, as a job
    before a rollout; or never, so that a replica of the last version can live on the next one's."""


class VaultSettings(Settings):
    """What seals a service's secrets at rest. Mixed into its settings."""

    service: ClassVar[str]

    secret_key: SecretStr = SecretStr("")
    """Key that seals secrets in the database: 32 bytes in base64, the same for every replica."""

    secret_key_file: Path | None = None
    """Where the key is when it is not set; made at the first start. Unset is
    ./var/<service>.key."""

    @property
    def key_file(self) -> Path:
        """Where the key is kept: `secret_key_file`, or by the rule of the house."""
        return self.secret_key_file or Path(f"./var/{self.service}.key")


SettingsT = TypeVar("SettingsT", bound=BaseSettings)


def read_settings(model: type[SettingsT]) -> SettingsT:
    """Read `model` from the environment.

    Raises `SettingsError` that names every wrong variable; values are not shown, as some are
    secrets.
    """
    prefix = str(model.model_config.get("env_prefix", ""))
    try:
        return model(_secrets_dir=os.environ.get(SETTINGS_FOLDER))
    except ValidationError as error:
        raise SettingsError("\n".join(_explain(prefix, error))) from None
    except UnreadableValue as error:
        _, _, rest = str(error).partition('"')  # the one place where it names the field
        variable = prefix + rest.partition('"')[0].upper()
        raise SettingsError(f'{variable}: expected JSON, a list as ["a", "b"]') from None


def _explain(prefix: str, error: ValidationError) -> list[str]:
    lines = []
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        path = "__".join(str(part) for part in problem["loc"]).upper()
        lines.append(f"{prefix}{path}: {problem['msg']}")
    return lines
