"""Codec policy through the switch: the table and the acceptance examples of MED-03 to MED-05."""

import asyncio

import pytest
from support.descriptions import answering, audio, bodies_to, listed, sides, stream_to
from support.switch import (
    CALLER,
    SECOND_VENDOR,
    VENDOR,
    SwitchBench,
    caller,
    candidate,
    gives,
    invite,
    plan,
    vendor,
)
from support.user_agent import UserAgent
from trunkline_signaling.calls.media_policy import Annex, G729Policy, Spelling
from trunkline_signaling.calls.policy import LegPolicy, MediaProxy
from trunkline_signaling.calls.reasons import CallEndReason
from trunkline_signaling.calls.services import ConnectMedia

AUTO = sides()
PCMA = sides(codecs=("PCMA",), codec_conversion=True)
G729 = sides(codecs=("G729",), codec_conversion=True)
G729_ALONE = sides(codecs=("G729",))
OFF = LegPolicy(media_proxy=MediaProxy.OFF, codecs=("G729",), codec_conversion=True)


async def call_between(
    leg_a: LegPolicy, leg_b: LegPolicy, offer: str, answer: str
) -> tuple[UserAgent, SwitchBench]:
    """Return a call after a while: its caller, and the switch."""
    alice = caller()
    body = audio(answer, host="10.0.0.3")
    bench = SwitchBench(alice, vendor(answering(body)))
    bench.routing.plan = plan(candidate(leg_b=leg_b), leg_a=leg_a)
    bench.call(alice, invite(audio(offer)))
    await asyncio.sleep(1)
    return alice, bench


def spoken(bench: SwitchBench) -> list[str]:
    """Return the codecs the relay was last told of leg A and leg B."""
    last = [q for q in bench.media.asked if isinstance(q, ConnectMedia)][-1]
    assert last.leg_a is not None and last.leg_b is not None
    return [leg.formats[0].encoding for leg in (last.leg_a, last.leg_b)]


async def test_med03_row_1_what_both_have_goes_end_to_end() -> None:
    alice, bench = await call_between(AUTO, AUTO, "8 18", "18")

    assert listed(stream_to(bench, VENDOR, "INVITE"))[:2] == ["8 PCMA", "18 G729"]
    assert listed(stream_to(bench, CALLER, "SIP/2.0 200"))[0] == "18 G729"
    assert spoken(bench) == ["G729", "G729"]
    assert alice.statuses()[-1] == 200


async def test_med03_row_2_a_vendor_without_the_codec_gives_way_to_the_next() -> None:
    alice = caller()
    answers = answering(audio("8", host="10.0.0.4"))
    bench = SwitchBench(alice, vendor(gives(488)), vendor(answers, SECOND_VENDOR))
    bench.routing.plan = plan(candidate(leg_b=AUTO), leg_a=AUTO)
    bench.routing.further = [candidate(2, SECOND_VENDOR, leg_b=AUTO)]

    bench.call(alice, invite(audio("8")))
    await asyncio.sleep(1)

    assert alice.statuses()[-1] == 200
    assert bench.routing.failed[0].failed.sip_status == 488


async def test_med03_row_3_different_codecs_are_converted() -> None:
    alice, bench = await call_between(PCMA, G729, "8", "18")

    assert listed(stream_to(bench, VENDOR, "INVITE"))[0] == "18 G729"
    assert listed(stream_to(bench, CALLER, "SIP/2.0 200")) == ["8 PCMA"]
    assert spoken(bench) == ["PCMA", "G729"]
    assert bench.cdrs.journal[next(iter(bench.switch.calls))].codecs == ("PCMA", "G729")
    assert alice.statuses()[-1] == 200


@pytest.mark.parametrize("leg_b", [G729_ALONE, OFF], ids=["row 4: not allowed", "row 5: no relay"])
async def test_med03_rows_4_and_5_no_conversion_is_a_codec_mismatch(leg_b: LegPolicy) -> None:
    leg_a = LegPolicy(codecs=("PCMA",), codec_conversion=True)

    alice, bench = await call_between(leg_a, leg_b, "8", "18")

    assert alice.statuses()[-1] == 488
    assert bench.cdr.reason is CallEndReason.CODEC_MISMATCH
    assert bench.cdr.attempts[0].outcome == "codec mismatch"
    assert "INVITE" not in bench.to(VENDOR)


async def test_med03_after_a_mismatch_the_next_gateway_is_tried() -> None:
    alice = caller()
    answers = answering(audio("8", host="10.0.0.4"))
    bench = SwitchBench(alice, vendor(), vendor(answers, SECOND_VENDOR))
    bench.routing.plan = plan(candidate(leg_b=G729_ALONE), leg_a=AUTO)
    bench.routing.further = [candidate(2, SECOND_VENDOR, leg_b=AUTO)]

    bench.call(alice, invite(audio("8")))
    await asyncio.sleep(1)

    assert alice.statuses()[-1] == 200
    assert bench.to(VENDOR) == []


async def test_med03_an_answer_that_nobody_offered_is_ended_and_the_next_gateway_tried() -> None:
    alice = caller()
    odd, good = (audio(f, host=h) for f, h in (("18", "10.0.0.3"), ("8", "10.0.0.4")))
    bench = SwitchBench(alice, vendor(answering(odd)), vendor(answering(good), SECOND_VENDOR))
    bench.routing.plan = plan(candidate(leg_b=AUTO), leg_a=AUTO)
    bench.routing.further = [candidate(2, SECOND_VENDOR, leg_b=AUTO)]

    bench.call(alice, invite(audio("8")))
    await asyncio.sleep(1)

    assert bench.to(VENDOR) == ["INVITE", "ACK", "BYE"]
    assert alice.statuses()[-1] == 200


async def test_med03_a_caller_without_its_sides_codec_is_refused_before_any_invite() -> None:
    alice, bench = await call_between(PCMA, AUTO, "4", "4")

    assert alice.statuses()[-1] == 488
    assert bench.to(VENDOR) == []
    assert bench.cdr.reason is CallEndReason.CODEC_MISMATCH
    assert bench.billing.authorized == []


async def test_med03_both_sides_automatic_are_offered_the_platforms_codecs_too() -> None:
    convert = sides(codec_conversion=True)

    _, bench = await call_between(convert, convert, "0", "18")

    offered = listed(stream_to(bench, VENDOR, "INVITE"))
    assert offered[:3] == ["0 PCMU", "8 PCMA", "18 G729"]
    assert spoken(bench) == ["PCMU", "G729"]


async def test_med03_rule_8_a_leg_that_changes_its_codec_leaves_the_other_alone() -> None:
    convert = sides(codec_conversion=True)
    alice, bench = await call_between(convert, convert, "8 18", "18")
    assert spoken(bench) == ["G729", "G729"]

    bench.send_in(alice, "INVITE", audio("8", version=2))
    await asyncio.sleep(1)

    assert spoken(bench) == ["PCMA", "G729"]
    assert bench.to(VENDOR) == ["INVITE", "ACK"]
    assert listed(stream_to(bench, CALLER, "SIP/2.0 200")) == ["8 PCMA"]

    bench.send_in(alice, "INVITE", audio("18", version=3))
    await asyncio.sleep(1)

    assert spoken(bench) == ["G729", "G729"]
    assert bench.to(VENDOR) == ["INVITE", "ACK"]


async def test_med03_rule_8_without_conversion_the_change_goes_through() -> None:
    alice, bench = await call_between(AUTO, AUTO, "8 18", "18")

    bench.send_in(alice, "INVITE", audio("18 8", version=2))
    await asyncio.sleep(1)

    assert bench.to(VENDOR) == ["INVITE", "ACK", "INVITE", "ACK"]


async def test_med03_a_reinvite_answered_in_a_codec_of_no_use_is_refused_and_the_call_goes_on() -> (
    None
):
    alice, bench = await call_between(AUTO, AUTO, "8 18", "18")

    bench.send_in(alice, "INVITE", audio("8", version=2))
    await asyncio.sleep(1)

    assert alice.statuses()[-1] == 488
    assert bench.to(VENDOR) == ["INVITE", "ACK", "INVITE", "ACK"]
    assert len(bench.switch.calls) == 1
    assert spoken(bench) == ["G729", "G729"]


async def test_med04_both_spellings_are_offered_and_either_answer_needs_no_transcoder() -> None:
    both = sides(g729=G729Policy(Spelling.BOTH))
    alice = caller()
    answer = audio("96", "rtpmap:96 G729a/8000", host="10.0.0.3")
    bench = SwitchBench(alice, vendor(answering(answer)))
    bench.routing.plan = plan(candidate(leg_b=both), leg_a=AUTO)

    bench.call(alice, invite(audio("18")))
    await asyncio.sleep(1)

    assert listed(stream_to(bench, VENDOR, "INVITE"))[:2] == ["18 G729", "96 G729a"]
    assert listed(stream_to(bench, CALLER, "SIP/2.0 200")) == ["18 G729"]
    assert spoken(bench) == ["G729", "G729a"]


@pytest.mark.parametrize(
    ("annex", "expected"),
    [
        (Annex.NO, "18 G729 annexb=no"),
        (Annex.PASS_THROUGH, "18 G729 annexb=yes"),
        (Annex.OMIT, "18 G729"),
    ],
)
async def test_med05_the_vendors_annex_setting_rules_its_offer(annex: Annex, expected: str) -> None:
    alice = caller()
    bench = SwitchBench(alice, vendor(answering(audio("18", host="10.0.0.3"))))
    bench.routing.plan = plan(candidate(leg_b=sides(g729=G729Policy(annex_b=annex))), leg_a=AUTO)

    bench.call(alice, invite(audio("18", "fmtp:18 annexb=yes")))
    await asyncio.sleep(1)

    assert listed(stream_to(bench, VENDOR, "INVITE"))[0] == expected


async def test_without_a_relay_and_a_policy_descriptions_pass_as_they_are() -> None:
    plain = LegPolicy(media_proxy=MediaProxy.OFF)

    _, bench = await call_between(plain, plain, "8 0 13", "8 0")

    (offer,) = bodies_to(bench, VENDOR, "INVITE")
    (answer,) = bodies_to(bench, CALLER, "SIP/2.0 200")
    assert str(offer.media[0]) == "audio 4000 RTP/AVP 8 0 13"
    assert str(answer.media[0]) == "audio 6000 RTP/AVP 8 0"
