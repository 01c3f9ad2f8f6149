"""Encrypted sides: which calls they allow (MED-01), and keys in descriptions (RFC 4568)."""

import asyncio
from base64 import b64encode
from random import Random

import pytest
from support.descriptions import answering, audio, sides, stream_to
from support.switch import (
    CALLER,
    SECOND_VENDOR,
    VENDOR,
    OneAddress,
    SwitchBench,
    caller,
    candidate,
    invite,
    plan,
    vendor,
)
from support.user_agent import UserAgent
from trunkline_signaling.calls.call_settings import CallSettings
from trunkline_signaling.calls.codecs import MediaMismatch
from trunkline_signaling.calls.encryption import (
    OFFERED,
    Cipher,
    KeyExchange,
    PayloadEncryption,
    SrtpKeys,
)
from trunkline_signaling.calls.policy import LegPolicy, MediaProxy
from trunkline_signaling.calls.reasons import CallEndReason
from trunkline_signaling.calls.relay import RelayParameters
from trunkline_signaling.calls.services import ConnectMedia, OpenMedia, Plain
from trunkline_signaling.sip.sdp import MediaDescription, SessionDescription

AES = PayloadEncryption(Cipher.AES128, b"0123456789abcdef")
KEY = b64encode(bytes(range(30))).decode()
SUITE = "AES_CM_128_HMAC_SHA1_80"
SRTP = sides(srtp=True)


def secure(*crypto: str, host: str = "10.0.0.3", profile: str = "RTP/SAVP") -> bytes:
    """Return a description of PCMA over SRTP."""
    return audio("8", *(f"crypto:{line}" for line in crypto), host=host, profile=profile)


def stream(body: bytes) -> MediaDescription:
    """Return its stream."""
    audio = SessionDescription.parse(body).audio
    assert audio is not None
    return audio


def bench_of(
    leg_a: LegPolicy,
    leg_b: LegPolicy,
    answer: bytes = b"",
    encryption: PayloadEncryption | None = None,
) -> tuple[UserAgent, SwitchBench]:
    """Return a caller and a switch whose vendor answers with a description."""
    relay = RelayParameters(encryption=encryption is not None)
    settings = CallSettings("signaling-1", OneAddress(), relay=relay, encryption=encryption)
    alice = caller()
    body = answer or audio("8", host="10.0.0.3")
    bench = SwitchBench(alice, vendor(answering(body)), settings=settings)
    bench.routing.plan = plan(candidate(leg_b=leg_b), leg_a=leg_a)
    return alice, bench


async def placed(alice: UserAgent, bench: SwitchBench, offer: bytes = b"") -> None:
    """Let the caller call."""
    bench.call(alice, invite(offer or audio("8")))
    await asyncio.sleep(1)


async def test_med01_a_side_with_encryption_gets_the_cipher_and_the_other_none() -> None:
    alice, bench = bench_of(LegPolicy(), LegPolicy(encrypt=True), encryption=AES)

    await placed(alice, bench)

    told = [q for q in bench.media.asked if isinstance(q, ConnectMedia)][-1]
    assert told.leg_a is not None and told.leg_b is not None
    assert (told.leg_a.protection, told.leg_b.protection) == (Plain(), AES)
    assert stream_to(bench, VENDOR, "INVITE").protocol == "RTP/AVP"


async def test_med01_the_callers_side_is_encrypted_from_the_first_packet() -> None:
    alice, bench = bench_of(LegPolicy(encrypt=True), LegPolicy(), encryption=AES)

    await placed(alice, bench)

    (opened,) = [q for q in bench.media.asked if isinstance(q, OpenMedia)]
    assert opened.leg_a.protection == AES


@pytest.mark.parametrize("srtp", [False, True], ids=["payload encryption", "SRTP"])
async def test_med01_encryption_without_a_relay_is_refused(srtp: bool) -> None:
    off = LegPolicy(media_proxy=MediaProxy.OFF)
    alice, bench = bench_of(off, LegPolicy(encrypt=not srtp, srtp=srtp), encryption=AES)

    await placed(alice, bench)

    assert alice.statuses()[-1] == 488
    assert bench.cdr.reason is CallEndReason.CODEC_MISMATCH
    assert bench.to(VENDOR) == []


async def test_med01_without_a_mode_the_setting_has_no_effect() -> None:
    off = LegPolicy(media_proxy=MediaProxy.OFF)
    alice, bench = bench_of(off, LegPolicy(encrypt=True))

    await placed(alice, bench)

    assert alice.statuses()[-1] == 200
    assert bench.media.asked == []


async def test_med01_a_running_call_keeps_its_key() -> None:
    alice, bench = bench_of(LegPolicy(), LegPolicy(encrypt=True), encryption=AES)
    await placed(alice, bench)

    bench.settings = CallSettings("signaling-1", OneAddress())
    bench.send_in(alice, "INVITE", audio("8", "sendonly", version=2))
    await asyncio.sleep(1)

    told = [q for q in bench.media.asked if isinstance(q, ConnectMedia)][-1]
    assert told.leg_b is not None and told.leg_b.protection == AES


@pytest.mark.parametrize(
    "answer",
    [
        audio("8", host="10.0.0.3"),
        secure(),
        secure(f"2 {SUITE} inline:{KEY}"),
        secure("1 AES_CM_128_HMAC_SHA1_80 inline:c2hvcnQ="),
        secure(f"1 {SUITE} inline:{KEY}", f"2 {OFFERED[1]} inline:{KEY}"),
        secure(f"1 {SUITE} inline:{KEY}|2^20|1:4"),
        secure(f"1 {SUITE} inline:{KEY} UNENCRYPTED_SRTP"),
    ],
    ids=["plain RTP", "no key", "another tag", "short key", "two keys", "an MKI", "not encrypted"],
)
async def test_rfc4568_an_answer_without_the_right_key_gives_way_to_the_next(answer: bytes) -> None:
    alice, bench = bench_of(LegPolicy(), SRTP, answer)
    bench.routing.further = [candidate(2, SECOND_VENDOR)]

    await placed(alice, bench)

    assert bench.to(VENDOR) == ["INVITE", "ACK", "BYE"]
    assert bench.routing.failed[0].failed.outcome == "codec mismatch"
    assert not any(KEY in note for note in bench.observer.notes)


async def test_rfc4568_a_caller_without_a_key_is_refused() -> None:
    alice, bench = bench_of(SRTP, LegPolicy())

    await placed(alice, bench)

    assert alice.statuses()[-1] == 488
    assert bench.to(VENDOR) == []


async def test_rfc4568_our_keys_stay_the_same_in_a_reinvite_and_no_other_leg_has_them() -> None:
    answer = secure(f"1 {SUITE} inline:{KEY}")
    alice, bench = bench_of(LegPolicy(), SRTP, answer)
    await placed(alice, bench)
    first = stream_to(bench, VENDOR, "INVITE").crypto

    bench.send_in(alice, "INVITE", audio("8", "sendonly", version=2))
    await asyncio.sleep(1)

    again = stream_to(bench, VENDOR, "INVITE").crypto
    assert [c.suite for c in first] == list(OFFERED)
    assert first == again
    assert len({c.key_params for c in first}) == len(first)
    assert stream_to(bench, CALLER, "SIP/2.0 200").crypto == []


async def test_srtp_between_the_ends_passes_with_their_own_keys() -> None:
    offer = secure(f"1 {SUITE} inline:{KEY}", host="10.0.0.2")
    alice, bench = bench_of(sides(), sides(), secure(f"1 {SUITE} inline:{KEY}"))

    await placed(alice, bench, offer)

    for to, start in ((VENDOR, "INVITE"), (CALLER, "SIP/2.0 200")):
        passed = stream_to(bench, to, start)
        assert passed.protocol == "RTP/SAVP"
        assert [c.key_params for c in passed.crypto] == [f"inline:{KEY}"]
    told = [q for q in bench.media.asked if isinstance(q, ConnectMedia)][-1]
    assert told.leg_b is not None and told.leg_b.dtmf is None


def test_rfc4568_the_first_known_line_of_an_offer_is_taken() -> None:
    offer = stream(
        secure(
            f"1 F8_128_HMAC_SHA1_80 inline:{KEY}",
            f"2 {SUITE} inline:{KEY}|2^20|1:32",
            f"3 {SUITE} inline:{KEY}|2^20 WSH=64",
        )
    )
    keys, random = KeyExchange(), Random(1)

    keys.read_offer(offer)
    keys.write_answer(offer, random)

    (line,) = offer.crypto
    assert (line.tag, line.suite) == (3, SUITE)
    assert isinstance(keys.agreed, SrtpKeys)
    assert keys.agreed.receive_key == bytes(range(30))
    assert len(keys.agreed.send_key) == 30


def test_rfc4568_an_offer_over_plain_rtp_has_no_keys() -> None:
    with pytest.raises(MediaMismatch):
        KeyExchange().read_offer(stream(secure(f"1 {SUITE} inline:{KEY}", profile="RTP/AVP")))


def test_keys_are_in_no_representation() -> None:
    keys = KeyExchange()
    keys.read_offer(stream(secure(f"1 {SUITE} inline:{KEY}")))
    keys.write_answer(stream(secure()), Random(1))

    text = repr(keys) + repr(AES)
    assert KEY not in text and "0123456789abcdef" not in text and "\\x01" not in text
