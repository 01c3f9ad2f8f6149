"""Which codecs are offered and agreed on (MED-03), and how they are written (MED-04, MED-05)."""

import pytest
from trunkline_signaling.calls.codecs import MediaMismatch, agree, numbered, to_offer
from trunkline_signaling.calls.formats import PayloadFormat
from trunkline_signaling.calls.media_policy import Annex, G729Policy, Spelling
from trunkline_signaling.calls.spelling import spelled_answer, spelled_offer

PCMA = PayloadFormat(8, "PCMA", 8000)
PCMU = PayloadFormat(0, "PCMU", 8000)
G729 = PayloadFormat(18, "G729", 8000)
G729A = PayloadFormat(18, "G729a", 8000)
G723 = PayloadFormat(4, "G723", 8000)
EVENT = PayloadFormat(101, "telephone-event", 8000, "0-16")

CONVERTIBLE = ("PCMA", "PCMU", "G729")
RARE = ("PCMA", "G726-32")


def names(formats: tuple[PayloadFormat, ...]) -> list[str]:
    """Return the codecs' names."""
    return [f.name for f in formats]


def said(policy: G729Policy, parameters: str = "") -> str:
    """Return the fmtp that an offer of G.729 gets, whose caller had `parameters`."""
    (written,) = spelled_offer([PayloadFormat(18, "G729", 8000, parameters)], policy)
    return written.parameters


@pytest.mark.parametrize(
    ("offered", "here", "there", "convertible", "expected"),
    [
        pytest.param([PCMA, G729], (), (), (), ["PCMA", "G729"], id="auto: the caller's, in order"),
        pytest.param([PCMA, G729], ("G729",), (), (), ["G729"], id="held to a list by its side"),
        pytest.param([PCMA], (), ("pcma",), (), ["PCMA"], id="case does not matter"),
        pytest.param([PCMA, G729], (), ("G729",), (), ["G729"], id="exactly the gateway's list"),
        pytest.param(
            [PCMA],
            (),
            ("G729", "PCMA"),
            (),
            ["G729", "PCMA"],
            id="the list, useless codec included",
        ),
        pytest.param(
            [PCMU], (), (), CONVERTIBLE, ["PCMU", "PCMA", "G729"], id="the platform's after them"
        ),
        pytest.param([PCMA], (), (), RARE, ["PCMA"], id="no codec that few speak"),
        pytest.param([PCMA], (), ("G726-32",), RARE, ["G726-32"], id="unless it is listed"),
        pytest.param([G723], (), (), CONVERTIBLE, ["G723"], id="nothing to convert it with"),
        pytest.param([PCMA], (), ("G729",), CONVERTIBLE, ["G729"], id="converted"),
    ],
)
def test_med03_what_the_far_side_is_offered(
    offered: list[PayloadFormat],
    here: tuple[str, ...],
    there: tuple[str, ...],
    convertible: tuple[str, ...],
    expected: list[str],
) -> None:
    assert names(to_offer(offered, here, there, convertible)) == expected


@pytest.mark.parametrize(
    ("offered", "here", "there", "convertible"),
    [
        pytest.param([G723], ("PCMA",), (), CONVERTIBLE, id="the caller lacks its side's codec"),
        pytest.param([PCMA], (), ("G729",), (), id="conversion is not allowed"),
        pytest.param([G723], (), ("G729",), CONVERTIBLE, id="the relay has no such codec"),
    ],
)
def test_med03_an_offer_that_no_answer_could_serve_is_not_made(
    offered: list[PayloadFormat],
    here: tuple[str, ...],
    there: tuple[str, ...],
    convertible: tuple[str, ...],
) -> None:
    with pytest.raises(MediaMismatch):
        to_offer(offered, here, there, convertible)


@pytest.mark.parametrize(
    ("offered", "here", "answered", "convertible", "expected"),
    [
        pytest.param(
            [PCMA, G729], (), [G729], (), ("G729", "G729"), id="the codec that was chosen"
        ),
        pytest.param(
            [PCMA, G729],
            (),
            [G729],
            CONVERTIBLE,
            ("G729", "G729"),
            id="not converted though allowed",
        ),
        pytest.param([PCMA], (), [G729], CONVERTIBLE, ("PCMA", "G729"), id="converted"),
        pytest.param(
            [G729, PCMA], ("PCMA", "G729"), [G729], CONVERTIBLE, ("PCMA", "G729"), id="list's first"
        ),
        pytest.param(
            [G729, PCMA], ("PCMA", "G729"), [G729], (), ("G729", "G729"), id="list, no conversion"
        ),
        pytest.param(
            [G729A], (), [G729], (), ("G729", "G729"), id="med04: spellings are one codec"
        ),
    ],
)
def test_med03_what_is_spoken_after_the_answer(
    offered: list[PayloadFormat],
    here: tuple[str, ...],
    answered: list[PayloadFormat],
    convertible: tuple[str, ...],
    expected: tuple[str, str],
) -> None:
    agreed = agree(offered, here, answered, convertible)

    assert (agreed.offerer[0].name, agreed.answerer[0].name) == expected


@pytest.mark.parametrize("answered", [[G729], [EVENT], []], ids=["other", "events only", "nothing"])
def test_med03_an_answer_without_a_usable_codec_is_a_mismatch(
    answered: list[PayloadFormat],
) -> None:
    with pytest.raises(MediaMismatch):
        agree([PCMA], (), answered, ())


def test_formats_that_claim_one_number_are_told_apart() -> None:
    ilbc = PayloadFormat(101, "iLBC", 8000)

    numbers = [f.payload_type for f in numbered([EVENT, PCMA, ilbc])]

    assert numbers == [101, 8, 96]


def test_an_offer_that_takes_every_dynamic_number_leaves_none_for_another_codec() -> None:
    offered = [PayloadFormat(number, f"x{number}", 8000) for number in range(96, 128)]

    with pytest.raises(MediaMismatch, match="taken before iLBC"):
        list(numbered([*offered, PayloadFormat(-1, "iLBC", 8000)]))


@pytest.mark.parametrize(
    ("spelling", "offered", "expected"),
    [
        (Spelling.AUTO, G729A, ["18 G729a"]),
        (Spelling.AUTO, G729, ["18 G729"]),
        (Spelling.G729, G729A, ["18 G729"]),
        (Spelling.G729A, G729, ["18 G729a"]),
        (Spelling.BOTH, G729, ["18 G729", "96 G729a"]),
    ],
)
def test_med04_the_spelling_in_an_offer(
    spelling: Spelling, offered: PayloadFormat, expected: list[str]
) -> None:
    written = numbered(list(spelled_offer([offered], G729Policy(spelling))))

    assert [f"{f.payload_type} {f.encoding}" for f in written] == expected


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [(Spelling.AUTO, "G729a"), (Spelling.G729, "G729"), (Spelling.BOTH, "G729a")],
)
def test_med04_the_spelling_in_an_answer_to_g729a(spelling: Spelling, expected: str) -> None:
    (written,) = spelled_answer([G729A], [G729A], [G729], G729Policy(spelling))

    assert written.encoding == expected


@pytest.mark.parametrize(
    ("annex", "caller", "expected"),
    [
        (Annex.AUTO, "", ""),
        (Annex.AUTO, "annexb=no", "annexb=no"),
        (Annex.AUTO, "annexb=yes", "annexb=yes"),
        (Annex.YES, "annexb=no", "annexb=yes"),
        (Annex.NO, "", "annexb=no"),
        (Annex.OMIT, "annexb=yes", ""),
        (Annex.PASS_THROUGH, "annexb=yes", "annexb=yes"),
        (Annex.PASS_THROUGH, "", ""),
    ],
)
def test_med05_annex_b_in_an_offer(annex: Annex, caller: str, expected: str) -> None:
    assert said(G729Policy(annex_b=annex), caller) == expected


@pytest.mark.parametrize(
    ("offered", "answered", "expected"),
    [
        ("", "", ""),
        ("annexb=yes", "", "annexb=yes"),
        ("", "annexb=no", "annexb=no"),
        ("annexb=no", "annexb=yes", "annexb=no"),
        ("", "annexb=yes", ""),
    ],
    ids=["not said", "yes", "the far side's no", "the caller's no", "only the far side says yes"],
)
def test_med05_annex_b_in_an_answer_follows_both_sides(
    offered: str, answered: str, expected: str
) -> None:
    own, far = (PayloadFormat(18, "G729", 8000, text) for text in (offered, answered))

    (written,) = spelled_answer([far], [own], [far], G729Policy())

    assert written.parameters == expected


def test_med05_annex_a_of_g723_has_a_setting_of_its_own() -> None:
    (written,) = spelled_offer([G723], G729Policy(annex_b=Annex.YES, g723_annex_a=Annex.NO))

    assert written.parameters == "annexa=no"
