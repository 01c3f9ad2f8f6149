"""What a caller hears of the real media service while a vendor rings without a description."""

import asyncio

import pytest
from support.descriptions import sides
from support.rtp import rtp_packet
from support.switch import CALLER, Script, SwitchBench
from support.talking import SETTLED, VOICE, local, talking
from support.user_agent import UserAgent
from support.waiting import until
from trunkline_signaling.calls.policy import RemoteRingSignal
from trunkline_signaling.sip.outputs import DialogRequestReceived, Event, RequestReceived

SILENCE = b"\xd5" * 160
PACKET_TIME = 0.02


class RingingVendor:
    """Rings by a 180 without a description, and answers when it is told to."""

    def __init__(self) -> None:
        self.port = 0

    def script(self, port: int) -> Script:
        """Return what it does with its call."""
        self.port = port
        return self._react

    def answer(self, bench: SwitchBench) -> None:
        """Take the call."""
        request = self._invited.request
        self._agent.now = asyncio.get_running_loop().time()
        answer = self._dialog.reply(request, 200, local("8", port=self.port), "application/sdp")
        self._agent.dialogs.answer(self._dialog, self._invited.transaction, answer, self._agent.now)
        bench.pump(self._agent)

    def _react(self, agent: UserAgent, event: Event) -> None:
        match event:
            case RequestReceived(transaction, request) if request.method == "INVITE":
                self._agent, self._invited = agent, event
                self._dialog = agent.dialogs.accept(transaction, agent.contact)
                ringing = self._dialog.reply(request, 180)
                agent.transactions.respond(transaction, ringing, agent.now)
            case DialogRequestReceived():
                agent.reply(event, 200)


@pytest.mark.parametrize(
    ("signal", "shown"),
    [(RemoteRingSignal.SESSION_PROGRESS, "183"), (RemoteRingSignal.RINGING, "180")],
)
async def test_sig19_the_caller_hears_a_ring_tone_until_the_vendor_answers(
    signal: RemoteRingSignal, shown: str
) -> None:
    bob = RingingVendor()

    async with talking(
        sides(remote_ring_signal=signal), sides(), bob.script, answered=False
    ) as call:
        await until(lambda: shown in call.bench.to(CALLER))
        tone = [await call.caller.receive() for _ in range(10)]
        bob.answer(call.bench)
        await until(lambda: "ACK" in call.bench.starts(CALLER))
        await asyncio.sleep(SETTLED)
        call.callee.send(call.relay_b, rtp_packet(1, VOICE))
        await call.caller.receive_payload(VOICE)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5 * PACKET_TIME):
                await call.caller.receive()

    assert {packet[1] & 0x7F for packet in tone} == {8}
    assert any(packet[12:] != SILENCE for packet in tone)
