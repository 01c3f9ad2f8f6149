"""What is known of the lists of formats that calls have in common, and what follows from them."""

import pytest
from trunkline_signaling.calls.codecs import MediaMismatch
from trunkline_signaling.calls.format_choice import Hearer, formats_to_offer, settle
from trunkline_signaling.calls.formats import Listing, listing_of
from trunkline_signaling.calls.media_policy import DtmfPolicy, G729Policy, Spelling
from trunkline_signaling.sip.sdp import MediaDescription

PCMA_G729 = ("8 18 101", "rtpmap:101 telephone-event/8000", "fmtp:101 0-15")


def stream(formats: str, *attributes: str, port: int = 4000) -> MediaDescription:
    """Return an audio stream."""
    lines = [f"audio {port} RTP/AVP {formats}", *(f"a={attribute}" for attribute in attributes)]
    return MediaDescription.parse("\n".join(lines))


def listing(formats: str, *attributes: str) -> Listing:
    """Return what such a stream lists."""
    return listing_of(stream(formats, *attributes))


def hearer(
    codecs: tuple[str, ...] = (),
    spelling: Spelling = Spelling.AUTO,
    events: int = 101,
    *,
    relayed: bool = False,
) -> Hearer:
    """Return a side that is told."""
    return Hearer(codecs, G729Policy(spelling), DtmfPolicy(payload_type=events), relayed)


def test_streams_that_say_the_same_of_formats_share_a_listing() -> None:
    one = stream(*PCMA_G729, "rtcp:4001", "ssrc:1 cname:a", port=4000)
    other = stream(*PCMA_G729, "rtcp:5001", "ssrc:2 cname:b", port=5000)

    assert listing_of(one) is listing_of(other)


@pytest.mark.parametrize("more", ["ptime:30", "rtpmap:8 PCMA/16000", "fmtp:18 annexb=no"])
def test_a_listing_is_of_all_that_is_said_of_formats(more: str) -> None:
    assert listing(*PCMA_G729, more) is not listing(*PCMA_G729)


def test_lists_that_have_not_come_for_long_are_forgotten() -> None:
    first = listing("8", "fmtp:8 first")
    others = [listing("8", f"fmtp:8 {n}") for n in range(2000)]

    assert first not in others
    assert listing("8", "fmtp:8 first") is not first


def test_a_listing_knows_the_codecs_among_its_formats() -> None:
    listed = listing("18 8 99 13 101", "rtpmap:18 G729a/8000", "rtpmap:101 telephone-event/8000")

    assert listed.codecs == ("G729a", "PCMA")
    assert [f.payload_type for f in listed.voices] == [18, 8]
    assert [f.payload_type for f in listed.formats] == [18, 8, 13, 101]
    assert not listed.is_just(listed.formats)  # 99 has no name


def test_policies_of_one_value_have_one_answer() -> None:
    offered, answered = listing(*PCMA_G729), listing("8")

    assert settle(offered, answered, hearer(), ()) is settle(offered, answered, hearer(), ())


def test_callers_that_differ_in_packet_time_keep_their_own() -> None:
    answered = listing("8")
    ours = [
        settle(listing("8", f"ptime:{ptime}"), answered, hearer(), ()).offerer[0].packet_time
        for ptime in (20, 30)
    ]

    assert ours == [20, 30]


@pytest.mark.parametrize(
    ("side", "convertible", "expected"),
    [
        pytest.param(hearer(), (), None, id="as it came"),
        pytest.param(hearer(("G729",)), (), [18, 101], id="codecs"),
        pytest.param(hearer(spelling=Spelling.BOTH), (), [8, 18, 96, 101], id="spelling"),
        pytest.param(hearer(events=97, relayed=True), (), [8, 18, 97], id="number of events"),
        pytest.param(hearer(), ("PCMA", "PCMU"), [8, 18, 0, 101], id="conversion"),
    ],
)
def test_an_offer_depends_on_all_that_is_known_of_who_is_told(
    side: Hearer, convertible: tuple[str, ...], expected: list[int] | None
) -> None:
    told = formats_to_offer(listing(*PCMA_G729), (), side, convertible)

    assert (told and [f.payload_type for f in told]) == expected


def test_an_offer_depends_on_the_codecs_that_its_side_is_held_to() -> None:
    told = formats_to_offer(listing(*PCMA_G729), ("G729",), hearer(), ())

    assert told is not None
    assert [f.payload_type for f in told] == [18, 101]


@pytest.mark.parametrize("time", ["first", "second"])
def test_what_cannot_be_agreed_on_is_a_mismatch_every_time(time: str) -> None:
    with pytest.raises(MediaMismatch, match="G729 was answered to an offer of PCMA"):
        settle(listing("8"), listing("18"), hearer(), ())
