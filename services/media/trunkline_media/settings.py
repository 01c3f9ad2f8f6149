"""Settings of the media service, read once from TRUNKLINE_MEDIA_*."""

import os
import socket
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import Field, field_validator, model_validator
from trunkline_kernel.advertised import require_public
from trunkline_kernel.settings import DatabaseSettings, Port, ServiceSettings, Span

from .domain.sessions import MISSING_AUDIO
from .parameters import parse_port_range


class MediaSettings(ServiceSettings, DatabaseSettings, env_prefix="TRUNKLINE_MEDIA_"):
    """Where media is received, and by how many threads."""

    service: ClassVar[str] = "media"

    grpc_port: Port = 50052

    instance: str = Field(default_factory=socket.gethostname)
    """Name of this instance, by which signaling knows it."""

    addresses: Annotated[tuple[IPv4Address | IPv6Address, ...], Field(min_length=1)] = (
        IPv4Address("0.0.0.0"),  # noqa: S104  media comes from anywhere
    )
    """Addresses RTP is received on. One of each IP version is used."""

    advertised_addresses: tuple[IPv4Address | IPv6Address, ...] = ()
    """What peers are told instead, in the same order: behind a NAT, the public address. Empty tells
    each peer the address from which this machine would send to it."""

    allow_private_address: bool = True
    """Whether a private address, or one found by itself, may be told to peers. Where calls come
    from the internet say no: media that would be heard by nobody then refuses to start."""

    rtp_ports: str | None = None
    """Ports of this instance, as in SS_RTP_PORT_RANGE, which they replace: for instances that share
    an address, or whose ports are published one by one."""

    pod_deletion_cost: bool = False
    """Whether this pod's annotations tell Kubernetes how many calls it has, so that the emptiest
    pod goes first."""

    threads: Annotated[int, Field(ge=0, le=256)] = 0
    """Relay threads. 0 is one for each CPU this process may use."""

    kernel_path: tuple[str, ...] = ()
    """Interfaces ("eth0", as a JSON list) at which plain RTP of IPv4 is relayed in the kernel, past
    this process and the host's firewall. That needs Linux 6.6, CAP_BPF and CAP_NET_ADMIN; without
    them media refuses to start."""

    port_quarantine: Annotated[Span, Field(ge=timedelta(0))] = timedelta(seconds=5)
    """How long a freed port rests, so that late packets reach no other call (MED-13)."""

    missing_audio: Annotated[Span, Field(ge=timedelta(seconds=1))] = MISSING_AUDIO
    """How long audio that is due may be missing in an answered call before that is told as one-way
    audio or dead air. A device that suppresses silence may send nothing for as long as its user
    listens: a low limit tells of those too."""

    audio_folder: Path = Path("var/audio")
    """Where announcements and ring tones are: mono WAV files of 16 bits, at any rate."""

    recordings_folder: Path = Path("var/recordings")
    """Where recordings are written: a stereo WAV file for each recorded session."""

    drain_grace: Annotated[Span, Field(ge=timedelta(0))] = timedelta(hours=2)
    """How long after SIGTERM calls may go on: a pod is not to cut them."""

    @property
    def relay_threads(self) -> int:
        """Threads to start."""
        return self.threads or len(os.sched_getaffinity(0))

    @model_validator(mode="after")
    def _advertised_match(self) -> Self:
        if self.advertised_addresses and len(self.advertised_addresses) != len(self.addresses):
            raise ValueError("advertised_addresses must have as many entries as addresses")
        return self

    @model_validator(mode="after")
    def _is_reachable(self) -> Self:
        if not self.allow_private_address:
            require_public("advertised_addresses", self.advertised_addresses or [None])
        return self

    @field_validator("rtp_ports")
    @classmethod
    def _is_a_range(cls, text: str | None) -> str | None:
        if text is not None:
            parse_port_range(text)
        return text
