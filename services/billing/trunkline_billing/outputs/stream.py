"""Publishes CDRs to a NATS JetStream, at least once, in order per account.

A CDR is published when the server has stored it. One that is published again, because its
acknowledgement was lost, carries the same message id, so the server drops it within its window.
"""

import json
from typing import Final

import nats
import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.js import JetStreamContext

from ..cdrs.fields import cdr_fields
from ..settings import CdrStream
from ..store.cdr_rows import StoredCdr

DEADLINE: Final = 5.0
"""Seconds to connect, and for one acknowledgement."""
NOT_IN_A_TOKEN: Final = str.maketrans(dict.fromkeys(" .*>\t\r\n", "_"))
"""What separates or matches parts of a NATS subject."""
FAILED: Final = (nats.errors.Error, nats.js.errors.Error, OSError, TimeoutError, ValueError)


class CdrStreaming:
    """Takes CDRs by publishing them; a lost connection is opened again by the next CDR."""

    name = "stream"
    wanted = True

    def __init__(self, stream: CdrStream) -> None:
        self._stream = stream
        self._client: Client | None = None
        self._jetstream: JetStreamContext | None = None

    def subject(self, stored: StoredCdr) -> str:
        """Return the call's id."""
        return stored.cdr.call.call_id

    async def take(self, stored: StoredCdr) -> str:
        """Publish one CDR; return what went wrong, if anything did."""
        call = stored.cdr.call
        try:
            jetstream = await self._connected()
            await jetstream.publish(
                subject_of(self._stream.subject, call.account),
                json.dumps(cdr_fields(stored.flow_no, stored.cdr)).encode(),
                timeout=DEADLINE,
                headers={
                    "Nats-Msg-Id": call.call_id,
                    "ce-specversion": "1.0",
                    "ce-type": "trunkline.cdr.v1",
                    "ce-source": "trunkline/billing",
                    "ce-id": call.call_id,
                },
            )
        except FAILED as error:
            await self.close()
            return str(error) or type(error).__name__
        return ""

    async def close(self) -> None:
        """Close the connection, if there is one."""
        client, self._client, self._jetstream = self._client, None, None
        if client is not None:
            await client.close()

    async def _connected(self) -> JetStreamContext:
        if self._jetstream is None or self._client is None or not self._client.is_connected:
            await self.close()
            self._client = await nats.connect(
                self._stream.url,
                name="trunkline billing",
                connect_timeout=int(DEADLINE),
                allow_reconnect=False,
                error_cb=_told_otherwise,
            )
            self._jetstream = await self._streaming(self._client)
        return self._jetstream

    async def _streaming(self, client: Client) -> JetStreamContext:
        """Return the stream's door, making the stream unless an operator has."""
        jetstream = client.jetstream()
        name = self._stream.name
        try:
            await jetstream.stream_info(name)
        except nats.js.errors.NotFoundError:
            await jetstream.add_stream(name=name, subjects=[f"{self._stream.subject}.>"])
        return jetstream


def subject_of(prefix: str, account: str) -> str:
    """Return the subject of an account's CDRs; those of nobody end in "-"."""
    return f"{prefix}.{account.translate(NOT_IN_A_TOKEN) or '-'}"


async def _told_otherwise(error: Exception) -> None:
    """Say nothing: what goes wrong is what `take` returns."""
