"""Host names as the contract spells them."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

from trunkline.signaling.v1 import signaling_pb2 as pb
from trunkline_kernel.names import Entry

from .clients.shared import encode_address, encode_span, encode_time


def encode_name(entry: Entry) -> pb.HostName:
    """Return what a name stands for now."""
    now = asyncio.get_running_loop().time()
    place = entry.place % len(entry.addresses) if entry.addresses else 0
    ordered = entry.addresses[place:] + entry.addresses[:place]
    message = pb.HostName(
        host=entry.name.host,
        port=entry.name.port,
        addresses=map(encode_address, ordered),
        refresh_duration=encode_span(timedelta(seconds=max(entry.due - now, 0))),
        problem=entry.problem,
    )
    if entry.resolved is not None:
        message.resolve_time.CopyFrom(encode_time(time.time() - now + entry.resolved))
    return message
