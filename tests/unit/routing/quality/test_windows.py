"""Answer ratios over a sliding window (RTE-13)."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from support.routing import NOON
from trunkline_routing.quality.windows import MemoryQuality

MINUTE = timedelta(minutes=1)


def book(quality: MemoryQuality, answers: int, attempts: int, at: timedelta) -> None:
    for number in range(attempts):
        quality.book("a", answered=number < answers, talk=MINUTE, now=NOON + at)


def test_the_ratio_is_answers_of_attempts() -> None:
    quality = MemoryQuality()
    book(quality, 4, 10, timedelta(0))

    assert quality.answer_ratio("a", NOON) == 40


def test_an_idle_window_has_no_ratio() -> None:
    quality = MemoryQuality()
    book(quality, 4, 10, timedelta(0))

    assert quality.answer_ratio("a", NOON + timedelta(hours=1)) is None
    assert quality.answer_ratio("b", NOON) is None


def test_whole_segments_are_dropped_as_they_age() -> None:
    quality = MemoryQuality(timedelta(hours=1), segments=10)
    book(quality, 0, 10, timedelta(0))
    book(quality, 10, 10, timedelta(minutes=30))

    assert quality.answer_ratio("a", NOON + timedelta(minutes=59)) == 50
    assert quality.answer_ratio("a", NOON + timedelta(minutes=60)) == 100


def test_the_mean_talk_time_is_that_of_answered_attempts() -> None:
    quality = MemoryQuality()
    quality.book("a", answered=True, talk=3 * MINUTE, now=NOON)
    quality.book("a", answered=True, talk=MINUTE, now=NOON)
    quality.book("a", answered=False, talk=timedelta(0), now=NOON)

    assert quality.ratios("a", NOON).mean_talk == 2 * MINUTE


def test_another_cut_starts_over() -> None:
    quality = MemoryQuality()
    book(quality, 1, 1, timedelta(0))
    quality.resize(timedelta(minutes=10), 10)

    assert quality.answer_ratio("a", NOON) is None


@given(st.lists(st.tuples(st.integers(0, 7200), st.booleans()), max_size=80))
def test_a_window_counts_what_ended_inside_it(ends: list[tuple[int, bool]]) -> None:
    quality, now = MemoryQuality(timedelta(hours=1), segments=60), NOON + timedelta(hours=2)
    for second, answered in sorted(ends):
        at = NOON + timedelta(seconds=second)
        quality.book("a", answered=answered, talk=MINUTE, now=at)
    live = [answered for second, answered in ends if second // 60 > 60]

    assert quality.ratios("a", now)[:2] == (len(live), sum(live))
