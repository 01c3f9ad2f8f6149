"""DTMF through the switch: the acceptance examples of MED-06 and MED-07."""

import asyncio
from datetime import timedelta

import pytest
from support.descriptions import EVENTS_101, answering, audio, listed, sides, stream_to
from support.switch import (
    CALLER,
    VENDOR,
    Script,
    SwitchBench,
    answers,
    caller,
    candidate,
    gives,
    invite,
    plan,
    vendor,
)
from support.user_agent import UserAgent
from trunkline_signaling.calls.dtmf import DTMF_RELAY, UnknownBody, info_body, read_info
from trunkline_signaling.calls.events import Digit
from trunkline_signaling.calls.legs import Side
from trunkline_signaling.calls.media_policy import (
    DEFAULT_DTMF,
    DtmfForm,
    DtmfPolicy,
    DtmfReceive,
    DtmfSend,
)
from trunkline_signaling.calls.policy import LegPolicy, MediaProxy
from trunkline_signaling.calls.services import ConnectMedia, SendDigits
from trunkline_signaling.sip.errors import MalformedValue
from trunkline_signaling.sip.headers import Headers
from trunkline_signaling.sip.message import Request
from trunkline_signaling.sip.outputs import (
    DialogRequestReceived,
    Event,
    RequestReceived,
    ResponseReceived,
)

FIVE = b"Signal=5\r\nDuration=160\r\n"
EVENTS = audio("8 101", EVENTS_101)
VOICE_ALONE = audio("8")
VENDOR_EVENTS = audio("8 101", EVENTS_101, host="10.0.0.3")
VENDOR_96 = audio("8 96", "rtpmap:96 telephone-event/8000", host="10.0.0.3")
VENDOR_VOICE_ALONE = audio("8", host="10.0.0.3")


class Bench:
    """An answered call, what its sides press and what they get."""

    def __init__(self, bench: SwitchBench, alice: UserAgent, bob: UserAgent) -> None:
        self.bench, self.alice, self.bob = bench, alice, bob
        self.time = 1000.0

    async def info(self, body: bytes = FIVE, type_: str = DTMF_RELAY) -> None:
        """Let the caller send an INFO."""
        self.bench.send_in(self.alice, "INFO", body, type_)
        await asyncio.sleep(1)

    async def press(self, key: str, form: DtmfForm = DtmfForm.RFC4733, side: Side = Side.A) -> None:
        """Let the relay tell of a key."""
        self.time += 1
        await self.tell(Digit(side, key, timedelta(milliseconds=160), form, self.time))

    async def tell(self, event: Digit) -> None:
        """Let the relay tell something."""
        self.bench.switch.tell(next(iter(self.bench.switch.calls)), event)
        await asyncio.sleep(1)

    @property
    def digits(self) -> list[tuple[Side, str]]:
        """The keys that the relay was asked to send, and to whom."""
        asked = [q for q in self.bench.media.asked if isinstance(q, SendDigits)]
        return [(q.side, q.digits) for q in asked]

    @property
    def infos(self) -> list[bytes]:
        """Bodies of the INFOs that the vendor got."""
        got = self.bob.events_of(DialogRequestReceived)
        return [e.request.body for e in got if e.request.method == "INFO"]


async def talking(
    dtmf_a: DtmfPolicy = DEFAULT_DTMF,
    dtmf_b: DtmfPolicy = DEFAULT_DTMF,
    *,
    offer: bytes = EVENTS,
    answer: bytes = VENDOR_EVENTS,
    script: Script | None = None,
) -> Bench:
    """Return a relayed call between two sides."""
    alice, bob = caller(), vendor(script or answering(answer))
    bench = SwitchBench(alice, bob)
    bench.routing.plan = plan(candidate(leg_b=sides(dtmf=dtmf_b)), leg_a=sides(dtmf=dtmf_a))
    bench.call(alice, invite(offer))
    await asyncio.sleep(1)
    return Bench(bench, alice, bob)


async def test_med06_a_of_info_and_rfc4733_at_once_only_the_first_counts() -> None:
    call = await talking()

    await call.info()
    await call.press("5")

    assert call.digits == [(Side.B, "5")]


async def test_med06_a_the_lock_holds_for_the_whole_call() -> None:
    call = await talking()

    await call.press("5")
    await call.info()
    await call.press("6")

    assert call.digits == [(Side.B, "5"), (Side.B, "6")]
    assert call.alice.statuses()[-1] == 200


async def test_med06_b_an_info_becomes_an_event_of_the_same_duration() -> None:
    call = await talking()

    await call.info(b"Signal=#\r\nDuration=9000\r\n")

    (asked,) = [q for q in call.bench.media.asked if isinstance(q, SendDigits)]
    assert (asked.digits, asked.duration) == ("#", timedelta(seconds=8))
    assert call.infos == []


async def test_med06_c_a_side_without_events_and_info_gets_tones_where_it_wants_them() -> None:
    call = await talking(dtmf_b=DtmfPolicy(send_inband=True), answer=VENDOR_VOICE_ALONE)

    await call.press("5")

    told = [q for q in call.bench.media.asked if isinstance(q, ConnectMedia)][-1].leg_b
    assert told is not None and told.dtmf is not None and told.dtmf.send_inband
    assert call.digits == [(Side.B, "5")]


async def test_med06_d_each_leg_has_its_own_payload_type() -> None:
    call = await talking(dtmf_b=DtmfPolicy(payload_type=96), answer=VENDOR_96)

    assert listed(stream_to(call.bench, VENDOR, "INVITE"))[-1] == "96 telephone-event 0-16"
    assert listed(stream_to(call.bench, CALLER, "SIP/2.0 200"))[-1] == "101 telephone-event 0-16"


@pytest.mark.parametrize("form", [DtmfForm.RFC4733, DtmfForm.INFO, DtmfForm.INBAND])
@pytest.mark.parametrize(
    ("target", "answer", "digits", "infos"),
    [
        (DEFAULT_DTMF, VENDOR_EVENTS, [(Side.B, "5")], []),
        (DtmfPolicy(send=DtmfSend.INFO), VENDOR_EVENTS, [], [FIVE]),
        (DtmfPolicy(send_inband=True), VENDOR_VOICE_ALONE, [(Side.B, "5")], []),
    ],
    ids=["to RFC2833", "to INFO", "to inband"],
)
async def test_med06_every_row_of_the_conversion_table(
    form: DtmfForm,
    target: DtmfPolicy,
    answer: bytes,
    digits: list[tuple[Side, str]],
    infos: list[bytes],
) -> None:
    call = await talking(DtmfPolicy(detect_inband=True), target, answer=answer)
    passes_in_the_voice = target.send_inband and form is DtmfForm.INBAND

    await call.press("5", form) if form is not DtmfForm.INFO else await call.info()

    assert call.digits == ([] if passes_in_the_voice else digits)
    assert call.infos == infos


async def test_med06_an_info_without_a_duration_is_an_event_of_160_ms() -> None:
    call = await talking()

    await call.info(b"5", "application/dtmf")

    sent = [q for q in call.bench.media.asked if isinstance(q, SendDigits)]
    assert [q.duration for q in sent] == [timedelta(milliseconds=160)]


@pytest.mark.parametrize(
    ("receive", "forms"),
    [
        (DtmfReceive.OFF, []),
        (DtmfReceive.RFC4733, [DtmfForm.RFC4733]),
        (DtmfReceive.INFO, [DtmfForm.INFO]),
    ],
)
async def test_med06_e_forms_that_a_side_does_not_receive_are_swallowed(
    receive: DtmfReceive, forms: list[DtmfForm]
) -> None:
    call = await talking(DtmfPolicy(receive=receive, detect_inband=True))

    await call.press("1", DtmfForm.INBAND)
    await call.info(b"Signal=2\r\n")
    await call.press("3")

    keys = {DtmfForm.INFO: "2", DtmfForm.RFC4733: "3"}
    assert call.digits == [(Side.B, keys[form]) for form in forms]
    assert call.alice.statuses()[-1] == 200


async def test_med06_a_key_becomes_an_info_where_that_is_sent() -> None:
    call = await talking(dtmf_b=DtmfPolicy(send=DtmfSend.INFO))

    await call.press("!")

    assert call.infos == [b"Signal=16\r\nDuration=160\r\n"]
    assert call.digits == []


async def test_med06_automatic_sending_is_info_where_the_peer_has_no_events() -> None:
    call = await talking(answer=VENDOR_VOICE_ALONE)

    await call.press("5")

    assert call.infos == [b"Signal=5\r\nDuration=160\r\n"]


async def test_med06_a_side_that_is_sent_no_keys_gets_none() -> None:
    call = await talking(dtmf_b=DtmfPolicy(send=DtmfSend.OFF))

    await call.press("5")

    assert (call.digits, call.infos) == ([], [])


async def test_med06_a_tone_that_is_detected_is_sent_in_addition_and_never_twice_in_the_voice() -> (
    None
):
    heard = DtmfPolicy(detect_inband=True)
    with_events = await talking(heard)
    with_tones = await talking(heard, DtmfPolicy(send_inband=True), answer=VENDOR_VOICE_ALONE)

    await with_events.press("5", DtmfForm.INBAND)
    await with_tones.press("5", DtmfForm.INBAND)

    assert with_events.digits == [(Side.B, "5")]
    assert with_tones.digits == []


async def test_med06_the_callees_keys_go_to_the_caller() -> None:
    call = await talking()

    await call.press("5", side=Side.B)

    assert call.digits == [(Side.A, "5")]


async def test_med12_a_key_that_is_told_twice_is_sent_once() -> None:
    call = await talking()
    key = Digit(Side.A, "5", timedelta(milliseconds=160), DtmfForm.RFC4733, 1000.0)

    await call.tell(key)
    await call.tell(key)

    assert call.digits == [(Side.B, "5")]


async def test_med06_keys_in_early_media_reach_the_vendor() -> None:
    call = await talking(script=early(VENDOR_EVENTS))

    await call.press("5")

    assert call.digits == [(Side.B, "5")]


def early(description: bytes) -> Script:
    """Return the script of a vendor that describes its media, and never answers."""

    def script(agent: UserAgent, event: Event) -> None:
        match event:
            case RequestReceived(transaction, request) if request.method == "INVITE":
                dialog = agent.dialogs.accept(transaction, agent.contact)
                progress = dialog.reply(request, 183, description, "application/sdp")
                agent.transactions.respond(transaction, progress, agent.now)
            case DialogRequestReceived():
                agent.reply(event, 200)

    return script


async def ringing(description: bytes, policy: DtmfPolicy = DEFAULT_DTMF) -> Bench:
    """Return a call before its answer, in which the caller hears the vendor."""
    call = await talking(script=early(description), dtmf_b=policy)
    call.alice.dialogs.establish(call.alice.events_of(ResponseReceived)[-1])
    return call


async def test_med06_an_info_before_the_answer_becomes_what_the_vendor_takes() -> None:
    """RFC 6086 section 4: an early dialog is one, too."""
    call = await ringing(VENDOR_EVENTS)

    await call.info()

    assert call.alice.statuses()[-1] == 200
    assert call.digits == [(Side.B, "5")]


async def test_med06_keys_before_the_answer_go_by_info_into_the_early_dialog() -> None:
    call = await ringing(VENDOR_VOICE_ALONE, DtmfPolicy(send=DtmfSend.INFO))

    await call.info()

    (info,) = call.bob.events_of(DialogRequestReceived)
    assert info.request.body == info_body("5", timedelta(milliseconds=160))


async def test_med06_a_key_before_there_is_media_has_nowhere_to_go() -> None:
    """RFC 3261 section 21.4.27: the INVITE of that dialog is pending."""
    call = await talking(script=gives(180))
    call.alice.dialogs.establish(call.alice.events_of(ResponseReceived)[-1])

    await call.info()

    assert call.alice.statuses()[-1] == 491
    assert call.digits == []


async def test_med06_4_bodies_of_info_that_hold_no_key_are_refused() -> None:
    call = await talking()

    await call.info(b"Signal=x\r\n")
    await call.info(b"<media_control/>", "application/media_control+xml")
    await call.info(b"", "")

    assert call.alice.statuses()[-3:] == [400, 415, 200]
    refusal = next(d for _, to, d in call.bench.messages if to == CALLER and b" 415 " in d)
    assert b"Accept: application/dtmf-relay, application/dtmf" in refusal
    assert (call.digits, call.infos) == ([], [])


async def test_med06_an_info_of_ours_that_meets_no_dialog_ends_the_call() -> None:
    def forgot(agent: UserAgent, event: Event) -> None:
        if isinstance(event, DialogRequestReceived) and event.request.method == "INFO":
            agent.reply(event, 481)
        else:
            answering(VENDOR_VOICE_ALONE)(agent, event)

    call = await talking(script=forgot)

    await call.press("5")

    assert call.bench.switch.calls == {}
    assert "BYE" in call.bench.to(CALLER)


async def test_med06_without_a_relay_an_info_goes_through_as_it_is() -> None:
    alice, bob = caller(), vendor(answers)
    bench = SwitchBench(alice, bob)
    direct = LegPolicy(media_proxy=MediaProxy.OFF, dtmf=DtmfPolicy(receive=DtmfReceive.OFF))
    bench.routing.plan = plan(candidate(leg_b=direct), leg_a=direct)
    bench.call(alice, invite(audio("8 97", "rtpmap:97 telephone-event/8000")))
    await asyncio.sleep(1)

    bench.send_in(alice, "INFO", b"<any/>", "text/xml")
    await asyncio.sleep(1)

    assert Bench(bench, alice, bob).infos == [b"<any/>"]
    assert listed(stream_to(bench, VENDOR, "INVITE"))[-1] == "97 telephone-event"


@pytest.mark.parametrize(
    ("offer", "use_peer", "advertised"),
    [
        (EVENTS, False, True),
        (EVENTS, True, True),
        (VOICE_ALONE, False, True),
        (VOICE_ALONE, True, False),
    ],
    ids=["offered, off", "offered, on", "not offered, off", "not offered, on"],
)
async def test_med07_events_are_offered_by_the_switch_and_the_far_side(
    offer: bytes, use_peer: bool, advertised: bool
) -> None:
    call = await talking(dtmf_b=DtmfPolicy(use_peer_ability=use_peer), offer=offer)

    names = " ".join(listed(stream_to(call.bench, VENDOR, "INVITE")))
    assert ("telephone-event" in names) is advertised


@pytest.mark.parametrize(("use_peer", "advertised"), [(False, True), (True, False)])
async def test_med07_an_answer_to_a_side_with_events_goes_by_the_same_switch(
    use_peer: bool, advertised: bool
) -> None:
    call = await talking(
        DtmfPolicy(use_peer_ability=use_peer),
        offer=audio("8 97", "rtpmap:97 telephone-event/8000"),
        answer=VENDOR_VOICE_ALONE,
    )

    answer = listed(stream_to(call.bench, CALLER, "SIP/2.0 200"))
    assert ("97 telephone-event 0-16" in answer) is advertised


async def test_med07_no_events_are_answered_to_a_side_that_offered_none() -> None:
    call = await talking(offer=VOICE_ALONE)

    assert listed(stream_to(call.bench, CALLER, "SIP/2.0 200")) == ["8 PCMA"]


def info(body: bytes, type_: str = DTMF_RELAY) -> Request:
    """Return an INFO."""
    return Request("INFO", "sip:a@b", Headers((("Content-Type", type_),)), body)


@pytest.mark.parametrize(
    ("body", "key", "milliseconds"),
    [
        (b"Signal=5\r\nDuration=160\r\n", "5", 160),
        (b"Signal= *\r\nDuration= 10\r\n", "*", 40),
        (b"signal=d\n", "D", 160),
        (b"Signal=16\r\nDuration=99999\r\n", "!", 8000),
        (b"Signal=11\r\n", "#", 160),
    ],
)
def test_med06_the_body_of_an_info_is_read(body: bytes, key: str, milliseconds: int) -> None:
    pressed = read_info(info(body))

    assert pressed == (key, timedelta(milliseconds=milliseconds))


def test_med06_the_plain_body_of_an_info_is_the_key() -> None:
    pressed = read_info(info(b" 7\r\n", "application/dtmf"))

    assert pressed is not None and pressed.key == "7"


@pytest.mark.parametrize("body", [b"Signal=\r\n", b"Signal=17", b"Signal=E", b"x", b"\xff\xfe"])
def test_med06_what_is_no_key_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedValue):
        read_info(info(body))


def test_med06_a_duration_that_is_none_is_malformed() -> None:
    with pytest.raises(MalformedValue):
        read_info(info(b"Signal=1\r\nDuration=-1\r\n"))


def test_med06_what_is_written_is_read_again() -> None:
    body = info_body("!", timedelta(milliseconds=200))

    assert read_info(info(body)) == ("!", timedelta(milliseconds=200))


def test_med06_another_type_of_body_is_unknown() -> None:
    with pytest.raises(UnknownBody):
        read_info(info(b"x", "text/plain"))
