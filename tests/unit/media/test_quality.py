"""The E-model against values of ITU-T G.107 and G.113."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trunkline_media.domain.quality import mean_opinion_score

SHARES = st.floats(0, 1)
SPANS = st.floats(0, 2_000)


@pytest.mark.parametrize(
    ("encoding", "expected"), [("PCMA", 4.4), ("pcmu", 4.4), ("G729", 4.1), ("G723", 3.9)]
)
def test_a_clean_stream_scores_what_its_codec_allows(encoding: str, expected: float) -> None:
    score = mean_opinion_score(encoding, loss=0, round_trip_ms=0, jitter_ms=0)

    assert score == pytest.approx(expected, abs=0.05)


@given(loss=SHARES, more=SHARES, round_trip_ms=SPANS, jitter_ms=SPANS)
def test_more_loss_never_sounds_better(
    loss: float, more: float, round_trip_ms: float, jitter_ms: float
) -> None:
    less, greater = sorted((loss, more))

    assert mean_opinion_score("PCMA", greater, round_trip_ms, jitter_ms) <= mean_opinion_score(
        "PCMA", less, round_trip_ms, jitter_ms
    )


@given(loss=SHARES, round_trip_ms=SPANS, jitter_ms=SPANS)
def test_the_score_stays_on_its_scale(loss: float, round_trip_ms: float, jitter_ms: float) -> None:
    assert 1.0 <= mean_opinion_score("G729", loss, round_trip_ms, jitter_ms) <= 4.5
