"""What the environment tells billing: `TRUNKLINE_BILLING_...`."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field
from pydantic_settings import SettingsConfigDict
from trunkline_kernel.settings import DatabaseSettings, Port, ServiceSettings, Span


class BillingSettings(ServiceSettings, DatabaseSettings):
    """Settings of the billing service."""

    model_config = SettingsConfigDict(env_prefix="TRUNKLINE_BILLING_")

    service: ClassVar[str] = "billing"

    grpc_port: Port = 50055
    """Port of gRPC."""

    reservation_lease: Annotated[Span, Field(ge=timedelta(seconds=10))] = timedelta(minutes=2)
    """How long a reservation lives without a sign of its call. Then the call is settled up to its
    last proven second. Signaling extends every third of it."""

    expiry_interval: Annotated[Span, Field(gt=timedelta(0))] = timedelta(seconds=5)
    """Time between two looks for reservations whose lease ran out."""

    alarm_interval: Annotated[Span, Field(gt=timedelta(0))] = timedelta(seconds=15)
    """Time between two checks of what alarms watch."""

    cdr_retention: Annotated[Span, Field(ge=timedelta(days=1))] | None = None
    """How long CDRs are kept. Unset is for ever. The ledger is always kept."""

    cdr_folder: Path = Path("var/cdr")
    """Where CDR text files are written (SS_CDR_RECORD_TO_FILE)."""

    commit_linger: Annotated[Span, Field(ge=timedelta(0), le=timedelta(seconds=1))] = timedelta(
        milliseconds=5
    )
    """Time between two commits under load: longer means larger groups and later answers."""
