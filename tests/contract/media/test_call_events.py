"""What the real media service tells of calls, and what signaling makes of it."""

import asyncio
import wave
from pathlib import Path

from support.descriptions import answering, bodies_to, sides
from support.rtp import LOOPBACK, RtpPeer, rtp_packet
from support.switch import CALLER, SECOND_VENDOR, VENDOR, Script, answers, candidate, gives
from support.talking import SETTLED, VOICE, TalkingCall, local, plain, talking
from support.user_agent import UserAgent
from support.waiting import until
from trunkline_signaling.calls.dtmf import DTMF_RELAY
from trunkline_signaling.calls.media_policy import DtmfPolicy, DtmfSend, Prompts
from trunkline_signaling.calls.policy import LegPolicy, MediaCheck
from trunkline_signaling.calls.reasons import CallEndReason
from trunkline_signaling.sip.outputs import DialogRequestReceived, Event, RequestReceived

WATCHED = sides(media_check=MediaCheck.RECEIVED)
FAX = sides(t38=True)
UDPTL = bytes([0, 1, 2, 0xAA, 0xBB, 0, 0])
KEY_5 = bytes([5, 0x8A, 2, 128])
"""The end of a 5 that took 80 ms (RFC 4733 section 2.3)."""


async def talk(call: TalkingCall, seconds: float) -> None:
    """Let the caller talk, and nobody else."""
    for sequence_number in range(int(seconds / 0.02)):
        call.caller.send(call.relay_a, rtp_packet(sequence_number, VOICE))
        await asyncio.sleep(0.02)


async def test_med08_a_vendor_that_stops_sending_ends_the_call() -> None:
    async with talking(sides(), WATCHED) as call:
        await call.heard_by_caller(rtp_packet(1, VOICE))
        await talk(call, 2)

        assert call.bench.cdr.reason is CallEndReason.MEDIA_TIMEOUT
        assert "BYE" in call.bench.to(CALLER) and "BYE" in call.bench.to(VENDOR)


async def test_one_way_audio_is_told_while_the_call_lasts_and_so_is_its_end() -> None:
    async with talking(sides(), sides()) as call:
        await call.heard_by_caller(rtp_packet(1, VOICE))
        await talk(call, 1)
        await call.heard_by_caller(rtp_packet(2, VOICE))
        await talk(call, 0.2)
        notes = [note for note in call.bench.observer.notes if "no RTP" in note]
        call.bench.send_in(call.alice, "BYE")
        await until(lambda: bool(call.bench.cdrs.cdrs))

    missing, back = notes
    assert missing == "one-way audio: no RTP from leg B for 0.5 s"
    assert back.startswith("audio is back: no RTP from leg B for 1.")
    assert call.bench.cdr.reason is CallEndReason.CALLER_HANGUP
    assert call.bench.cdr.media is not None and call.bench.cdr.media.leg_b.packets == 2


async def test_dead_air_is_told_of_both_legs() -> None:
    async with talking(sides(), sides()) as call:
        await asyncio.sleep(1)

    notes = [note for note in call.bench.observer.notes if "no RTP" in note]
    assert notes == [f"dead air: no RTP from leg {leg} for 0.5 s" for leg in "AB"]


async def test_med08_packets_that_are_sent_are_another_direction() -> None:
    async with talking(sides(), sides(media_check=MediaCheck.SENT)) as call:
        await call.heard_by_caller(rtp_packet(1, VOICE))
        await talk(call, 2)

        assert len(call.bench.switch.calls) == 1


async def test_med08_a_vendor_on_hold_may_be_silent_until_the_call_is_resumed() -> None:
    def held(port: int) -> Script:
        def script(agent: UserAgent, event: Event) -> None:
            hold = isinstance(event, DialogRequestReceived) and b"sendonly" in event.request.body
            attributes = ("recvonly",) if hold else ()
            answering(local("8", *attributes, port=port))(agent, event)

        return script

    async with talking(sides(), WATCHED, held) as call:
        port = call.caller.address[1]
        await call.heard_by_caller(rtp_packet(1, VOICE))
        call.bench.send_in(call.alice, "INVITE", local("8", "sendonly", port=port))
        await asyncio.sleep(2)
        assert len(call.bench.switch.calls) == 1

        call.bench.send_in(call.alice, "INVITE", local("8", port=port, version=2))
        await asyncio.sleep(2)
        assert call.bench.cdr.reason is CallEndReason.MEDIA_TIMEOUT


def fax(port: int) -> bytes:
    """Return a description of T.38."""
    return (
        f"v=0\r\no=- 1 2 IN IP4 {LOOPBACK}\r\ns=-\r\nc=IN IP4 {LOOPBACK}\r\nt=0 0\r\n"
        f"m=image {port} udptl t38\r\na=T38FaxVersion:0\r\na=T38MaxBitRate:14400\r\n"
    ).encode()


def takes_fax(port: int) -> Script:
    """Answer voice with voice, and fax with fax."""

    def script(agent: UserAgent, event: Event) -> None:
        is_fax = isinstance(event, DialogRequestReceived) and b"m=image" in event.request.body
        answering(fax(port) if is_fax else local("8", port=port))(agent, event)

    return script


async def test_med09_a_call_turns_to_fax_and_back_to_voice() -> None:
    async with talking(FAX, FAX, takes_fax) as call:
        port, relay = call.caller.address[1], call.relay_a
        call.bench.send_in(call.alice, "INVITE", fax(port))
        await asyncio.sleep(0.2)
        image = bodies_to(call.bench, CALLER, "SIP/2.0 200")[-1].media[0]
        call.caller.send(relay, UDPTL)
        faxed = await call.callee.receive()

        call.bench.send_in(call.alice, "INVITE", local("8", port=port, version=3))
        await asyncio.sleep(0.2)
        spoken = await call.heard_by_callee(rtp_packet(1, VOICE))

    assert (image.media, image.attribute("T38MaxBitRate")) == ("image", "14400")
    assert faxed == UDPTL
    assert spoken == rtp_packet(1, VOICE)


async def test_med09_fax_that_one_side_does_not_allow_gets_488_and_the_call_goes_on() -> None:
    async with talking(FAX, sides(), takes_fax) as call:
        call.bench.send_in(call.alice, "INVITE", fax(call.caller.address[1]))
        await asyncio.sleep(0.2)
        spoken = await call.heard_by_callee(rtp_packet(1, VOICE))

    assert call.alice.statuses()[-1] == 488
    assert spoken == rtp_packet(1, VOICE)


async def key_heard(peer: RtpPeer) -> list[tuple[int, int]]:
    """Return payload type and key of the events that a peer gets."""
    packets = [await peer.receive() for _ in range(3)]
    return [(packet[1] & 0x7F, packet[12]) for packet in packets]


async def test_med06_d_a_key_goes_from_payload_101_to_96() -> None:
    events = "rtpmap:101 telephone-event/8000"

    def answers_96(port: int) -> Script:
        return answering(local("8 96", "rtpmap:96 telephone-event/8000", port=port))

    async with talking(
        sides(),
        sides(dtmf=DtmfPolicy(payload_type=96)),
        answers_96,
        offer=lambda port: local("8 101", events, port=port),
    ) as call:
        call.caller.send(call.relay_a, rtp_packet(1, KEY_5, payload_type=101))
        heard = await key_heard(call.callee)

    assert set(heard) == {(96, 5)}


async def test_med06_b_an_info_becomes_events_on_the_wire() -> None:
    events = "rtpmap:101 telephone-event/8000"

    def takes_events(port: int) -> Script:
        return answering(local("8 101", events, port=port))

    async with talking(sides(), sides(), takes_events) as call:
        call.bench.send_in(call.alice, "INFO", b"Signal=5\r\nDuration=160\r\n", DTMF_RELAY)
        heard = await key_heard(call.callee)

    assert set(heard) == {(101, 5)}


async def test_med06_a_key_that_the_relay_hears_becomes_an_info() -> None:
    events = "rtpmap:101 telephone-event/8000"

    async with talking(
        sides(),
        sides(dtmf=DtmfPolicy(send=DtmfSend.INFO)),
        plain,
        offer=lambda port: local("8 101", events, port=port),
    ) as call:
        call.caller.send(call.relay_a, rtp_packet(1, KEY_5, payload_type=101))
        await until(lambda: "INFO" in call.bench.to(VENDOR))

    info = next(d for _, to, d in call.bench.messages if to == VENDOR and d.startswith(b"INFO"))
    assert info.endswith(b"Signal=5\r\nDuration=80\r\n")


async def test_rte12_med12_rtp_before_the_answer_locks_the_call_to_its_vendor() -> None:
    waiting: list[tuple[UserAgent, RequestReceived]] = []

    def progresses(port: int) -> Script:
        def script(agent: UserAgent, event: Event) -> None:
            if isinstance(event, RequestReceived) and event.request.method == "INVITE":
                dialog = agent.dialogs.accept(event.transaction, agent.contact)
                body = local("8", port=port)
                early = dialog.reply(event.request, 183, body, "application/sdp")
                agent.transactions.respond(event.transaction, early, agent.now)
                waiting.append((agent, event))
            else:
                answers(agent, event)

        return script

    async with talking(sides(), LegPolicy(), progresses, answered=False) as call:
        bench = call.bench
        bench.routing.further = [candidate(2, SECOND_VENDOR)]
        await until(lambda: "183" in bench.to(CALLER))
        (live,) = bench.switch.calls.values()
        await asyncio.sleep(SETTLED)
        call.callee.send(call.relay_b, rtp_packet(1, VOICE))
        call.callee.send(call.relay_b, rtp_packet(2, VOICE))
        await call.caller.receive()
        await until(lambda: live.attempt is not None and live.attempt.rtp)

        agent, event = waiting[0]
        agent.now = asyncio.get_running_loop().time()
        agent.reply(event, 503)
        bench.pump(agent)
        await until(lambda: call.alice.statuses()[-1] >= 300)

    assert bench.to(SECOND_VENDOR) == []
    assert call.alice.statuses()[-1] == 503


async def test_med10_a_caller_hears_why_its_call_fails(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "unable-to-connect.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(b"\x00\x10" * 1600)
    prompts = Prompts(unable_to_connect=True)

    def refuses(_: int) -> Script:
        return gives(480)

    async with talking(
        sides(prompts=prompts), sides(), refuses, audio_folder=tmp_path, answered=False
    ) as call:
        heard = [await call.caller.receive() for _ in range(10)]
        await until(lambda: bool(call.bench.cdrs.cdrs))

    assert {packet[1] & 0x7F for packet in heard} == {8}
    assert len({packet[12:] for packet in heard[1:9]}) == 1
    assert call.alice.statuses() == [100, 183, 480]
    assert call.bench.cdr.reason is CallEndReason.NO_ANSWER
