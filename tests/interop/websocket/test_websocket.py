"""A softphone over WebSocket, by the websockets library, at the running switch (RFC 7118)."""

import pytest
from support.endpoint import Endpoint
from support.local_switch import LocalSwitch
from support.web_sockets import WebSockets
from trunkline_signaling.sip.flow import Address, Transport

VOX = ("127.0.0.22", 5070)
NUMBER = "12125550120"

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module")]


def door(switch: LocalSwitch) -> Address:
    return switch.host, int(switch.settings["TRUNKLINE_SIGNALING_SIP_WS_PORT"])


async def test_rfc7118_a_softphone_registers_calls_and_is_called(switch: LocalSwitch) -> None:
    async with (
        Endpoint("vox", host=VOX[0], port=VOX[1], frequency=900) as vox,
        Endpoint("1002", "example-1002") as other,
        Endpoint("1001", "example-1001", port=9, sockets=WebSockets, frequency=500) as phone,
    ):
        registered = await phone.register(door(switch), transport=Transport.WS)
        out = await phone.place(NUMBER, door(switch), transport=Transport.WS)
        at_vendor = await vox.taken_call()
        heard = await at_vendor.rtp.hear(60)
        await out.hang_up()
        await other.register(switch.sip)
        await other.place("1001", switch.sip)
        at_phone = await phone.taken_call()

    assert registered.status == 200
    assert heard.hears(500)
    assert at_phone.transaction.flow.transport is Transport.WS
    assert at_phone.invite.headers.via.transport == "WS"
