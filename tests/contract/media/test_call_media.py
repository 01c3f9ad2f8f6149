"""Calls through signaling and the real media service: codecs and encryption, as heard."""

import re
import wave
from base64 import b64decode, b64encode
from pathlib import Path

import pytest
from pylibsrtp import Policy, Session
from support.descriptions import answering, sides, stream_to
from support.rtp import rtp_packet
from support.switch import CALLER, VENDOR, Script, answers
from support.talking import VOICE, Answering, local, talking
from support.user_agent import UserAgent
from support.waiting import until
from trunkline_signaling.calls.encryption import SUITES, Cipher, PayloadEncryption
from trunkline_signaling.calls.policy import LegPolicy
from trunkline_signaling.calls.reasons import CallEndReason
from trunkline_signaling.sip.outputs import Event, RequestReceived

PCMA_TO_PCMU = sides(codec_conversion=True)
SECURE = "RTP/SAVP"
PROFILES = {
    "AES_CM_128_HMAC_SHA1_80": Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    "AEAD_AES_128_GCM": Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
}


def srtp(suite: str, key: bytes) -> Answering:
    """Answer the offered line of this suite with a key."""

    def behave(port: int) -> Script:
        def script(agent: UserAgent, event: Event) -> None:
            if isinstance(event, RequestReceived) and event.request.method == "INVITE":
                line = next(c for c in crypto_lines(event.request.body) if c.split()[1] == suite)
                crypto = f"crypto:{line.split()[0]} {suite} inline:{b64encode(key).decode()}"
                answering(local("8", crypto, port=port, profile=SECURE))(agent, event)
            else:
                answers(agent, event)

        return script

    return behave


def crypto_lines(body: bytes) -> list[str]:
    """Return the values of a=crypto."""
    return re.findall(r"a=crypto:(.*)\r\n", body.decode())


def key_of(line: str) -> bytes:
    """Return the key of an a=crypto line."""
    return b64decode(line.partition("inline:")[2])


async def test_med03_two_codecs_are_converted_both_ways() -> None:
    def answers_pcmu(port: int) -> Script:
        return answering(local("0", port=port))

    async with talking(PCMA_TO_PCMU, PCMA_TO_PCMU, answers_pcmu) as call:
        to_callee = await call.heard_by_callee(rtp_packet(1, VOICE))
        to_caller = await call.heard_by_caller(rtp_packet(1, b"\xff" * 160, payload_type=0))

    assert (to_callee[1], to_callee[12:]) != (8, VOICE)
    assert (to_callee[1] & 0x7F, len(to_callee)) == (0, 172)
    assert (to_caller[1] & 0x7F, to_caller[12:]) == (8, b"\xd5" * 160)


@pytest.mark.parametrize("cipher", [Cipher.XOR, Cipher.RC4, Cipher.AES128])
async def test_med01_the_gateway_gets_ciphered_voice_and_the_caller_plain(cipher: Cipher) -> None:
    encryption = PayloadEncryption(cipher, b"0123456789abcdef")
    packet = rtp_packet(1, VOICE)

    async with talking(LegPolicy(), LegPolicy(encrypt=True), encryption=encryption) as call:
        ciphered = await call.heard_by_callee(packet)
        plain_again = await call.heard_by_caller(ciphered)

    assert ciphered[:12] == packet[:12]
    assert len(ciphered) == len(packet) and ciphered[12:] != VOICE
    assert plain_again == packet
    assert call.bench.messages and b"crypto" not in b"".join(d for _, _, d in call.bench.messages)


async def test_med01_d_two_platforms_of_one_key_understand_each_other() -> None:
    encryption = PayloadEncryption(Cipher.AES128, b"0123456789abcdef")
    both = LegPolicy(encrypt=True)

    async with talking(both, LegPolicy(), encryption=encryption) as call:
        ciphered = await call.heard_by_caller(rtp_packet(1, VOICE))
        heard = await call.heard_by_callee(ciphered)

    assert ciphered[12:] != VOICE
    assert heard == rtp_packet(1, VOICE)


@pytest.mark.parametrize("suite", PROFILES)
async def test_rfc4568_srtp_to_the_vendor_and_rtp_to_the_caller(suite: str) -> None:
    theirs = bytes(range(SUITES[suite]))
    profile = PROFILES[suite]

    async with talking(LegPolicy(), LegPolicy(srtp=True), srtp(suite, theirs)) as call:
        offer = next(d for _, to, d in call.bench.messages if to == VENDOR)
        ours = key_of(next(c for c in crypto_lines(offer) if c.split()[1] == suite))
        hears = Session(Policy(ours, Policy.SSRC_ANY_INBOUND, srtp_profile=profile))
        speaks = Session(Policy(theirs, Policy.SSRC_ANY_OUTBOUND, srtp_profile=profile))
        to_callee = hears.unprotect(await call.heard_by_callee(rtp_packet(1, VOICE)))
        to_caller = await call.heard_by_caller(speaks.protect(rtp_packet(7, VOICE)))

    assert stream_to(call.bench, VENDOR, "INVITE").protocol == "RTP/SAVP"
    answer = stream_to(call.bench, CALLER, "SIP/2.0 200")
    assert (answer.protocol, answer.crypto) == ("RTP/AVP", [])
    assert to_callee == rtp_packet(1, VOICE)
    assert to_caller == rtp_packet(7, VOICE)


async def test_rfc4568_srtp_to_the_caller_and_rtp_to_the_vendor() -> None:
    theirs = bytes(range(30))
    line = f"crypto:3 AES_CM_128_HMAC_SHA1_80 inline:{b64encode(theirs).decode()}|2^31"
    profile = Policy.SRTP_PROFILE_AES128_CM_SHA1_80

    async with talking(
        LegPolicy(srtp=True),
        LegPolicy(),
        offer=lambda port: local("8", line, port=port, profile=SECURE),
    ) as call:
        (crypto,) = stream_to(call.bench, CALLER, "SIP/2.0 200").crypto
        ours = key_of(crypto.key_params)
        speaks = Session(Policy(theirs, Policy.SSRC_ANY_OUTBOUND, srtp_profile=profile))
        hears = Session(Policy(ours, Policy.SSRC_ANY_INBOUND, srtp_profile=profile))
        to_callee = await call.heard_by_callee(speaks.protect(rtp_packet(1, VOICE)))
        to_caller = hears.unprotect(await call.heard_by_caller(rtp_packet(7, VOICE)))

    assert crypto.tag == 3
    assert stream_to(call.bench, VENDOR, "INVITE").protocol == "RTP/AVP"
    assert (to_callee, to_caller) == (rtp_packet(1, VOICE), rtp_packet(7, VOICE))


async def test_bil10_the_statistics_of_a_call_reach_its_cdr() -> None:
    async with talking(sides(), sides()) as call:
        await call.heard_by_callee(rtp_packet(1, VOICE))
        await call.heard_by_caller(rtp_packet(7, VOICE))
        await call.heard_by_caller(rtp_packet(9, VOICE))
        await call.bench.switch.close("over")

    media = call.bench.cdr.media
    assert media is not None
    assert (media.leg_a.packets, media.leg_b.packets, media.leg_b.packets_lost) == (1, 2, 1)
    assert media.leg_a.last_packet_time is not None
    assert call.bench.cdr.codec_lists == (("PCMA",), ("PCMA",))
    assert 1 < media.leg_b.mos < media.leg_a.mos
    assert call.bench.cdr.reason is CallEndReason.SERVER_FORCED_RELEASE


async def test_med14_a_side_that_is_recorded_leaves_a_stereo_file(tmp_path: Path) -> None:
    async with talking(sides(record=True), sides(), recordings=tmp_path) as call:
        await call.heard_by_callee(rtp_packet(1, VOICE))
        await call.bench.switch.close("over")
        path = tmp_path / f"{call.bench.cdr.call_id}.wav"
        await until(lambda: path.exists() and path.stat().st_size >= 44 + 4 * 160)

    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getframerate()) == (2, 8000)


async def test_med03_rule_6_a_side_gets_packets_of_the_length_it_asks_for() -> None:
    def asks_for_40_ms(port: int) -> Script:
        return answering(local("0", "ptime:40", port=port))

    async with talking(PCMA_TO_PCMU, PCMA_TO_PCMU, asks_for_40_ms) as call:
        for sequence_number in range(4):
            call.caller.send(call.relay_a, rtp_packet(sequence_number, VOICE))
        heard = [await call.callee.receive(), await call.callee.receive()]

    assert [len(packet) - 12 for packet in heard] == [320, 320]
