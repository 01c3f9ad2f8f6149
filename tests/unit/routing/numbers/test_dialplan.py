"""Dial plans: RTE-03 to RTE-06, every acceptance example and the rules as properties."""

from __future__ import annotations

import random
import re
from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from trunkline_routing.numbers.dialplan import DialPlan
from trunkline_routing.numbers.errors import PlanError

digits = st.text("0123456789", max_size=20)
prefixes = st.text("0123456789", min_size=1, max_size=6)


def apply(plan: str, number: str, seed: int = 1) -> str:
    rewritten = DialPlan.parse(plan).apply(number, random.Random(seed))
    return number if rewritten is None else rewritten.number


@pytest.mark.parametrize(
    ("plan", "number", "expected"),
    [
        pytest.param("0:44", "0123", "44123", id="a prefix is replaced"),
        pytest.param("00:,0:44", "0049", "49", id="the longest prefix wins"),
        pytest.param("0:44,00:", "0049", "49", id="the order of the list does not matter then"),
        pytest.param("*:9", "55", "955", id="a lone star matches every number"),
        pytest.param("1?3:7", "1235", "75", id="a question mark is one digit"),
        pytest.param("0:44", "123", "123", id="no match leaves the number alone"),
        pytest.param(" 0 : 44 , 1 : 2 ", "0123", "44123", id="spaces are ignored"),
        pytest.param("1?:8,12:9", "123", "93", id="equal lengths: more literal digits win"),
        pytest.param("12:8,12:9", "123", "83", id="all equal: the first in the list wins"),
        pytest.param("1*3:7", "12345", "745", id="a star inside takes as little as it can"),
        pytest.param("*9:7", "1299", "79", id="a leading star takes as little as it can"),
        pytest.param(r"\*31:,0:1", "*31079", "079", id="an escaped star stands for itself"),
        pytest.param(r"\#:9", "#5", "95", id="an escaped hash stands for itself"),
        pytest.param("0:+44", "0123", "+44123", id="a plus may be written"),
        pytest.param("", "0123", "0123", id="an empty plan changes nothing"),
        pytest.param("0E11:86", "01234567890", "861234567890", id="RTE-04 exactly that long"),
        pytest.param("0E11:86", "0123", "0123", id="RTE-04 not that long"),
        pytest.param("*L6:9", "12345", "912345", id="RTE-04 shorter"),
        pytest.param("*L6:9", "123456", "123456", id="RTE-04 not shorter"),
        pytest.param("1G4:", "12345", "2345", id="RTE-04 longer"),
        pytest.param("1G4:", "1234", "1234", id="RTE-04 not longer"),
        pytest.param("1F5:7", "1234", "7234", id="RTE-04 any other length"),
        pytest.param("1F5:7", "12345", "12345", id="RTE-04 that very length"),
        pytest.param("0:1,0E4:2", "0123", "2123", id="RTE-04 a condition beats none"),
        pytest.param("0:1,0E4:2", "01234", "11234", id="RTE-04 a failed condition leaves the rest"),
        pytest.param("0134:$$$", "0134131", "013131", id="RTE-06 the reference case"),
        pytest.param("0134:9$$", "0134131", "913131", id="RTE-06 positions count in the target"),
        pytest.param("01:$$$$", "01", "01", id="RTE-06 beyond the end is nothing"),
    ],
)
def test_a_plan_rewrites_a_number(plan: str, number: str, expected: str) -> None:
    assert apply(plan, number) == expected


@pytest.mark.parametrize(
    ("plan", "complaint"),
    [
        pytest.param(":1", "original is empty", id="an empty original"),
        pytest.param("E11:1", "original is empty", id="a condition alone"),
        pytest.param("01", "expected original:target", id="no colon"),
        pytest.param("0:1,", "expected original:target", id="a trailing comma"),
        pytest.param("0E:1", "expected a length of 1-32 behind E", id="a condition without length"),
        pytest.param("0E33:1", "expected a length of 1-32", id="a length nobody dials"),
        pytest.param("0E0:1", "expected a length of 1-32", id="a length of nothing"),
        pytest.param("0E3L5:1", "2 length conditions", id="two conditions"),
        pytest.param("E30:1", "original is empty", id="a condition before nothing"),
        pytest.param("0E3?:1", "stands at the end", id="a condition in the middle"),
        pytest.param("$0:1", "can't stand in an original", id="a keeper on the left"),
        pytest.param("a:1", "can't stand in an original", id="a letter on the left"),
        pytest.param("+1:1", r"write \\\+", id="a bare plus on the left"),
        pytest.param(r"\1:1", "a backslash stands before", id="a needless backslash"),
        pytest.param("0:a", "a target holds", id="a letter on the right"),
        pytest.param("0:1:2", "a target holds", id="two colons"),
        pytest.param("0:1;", "between semicolons", id="an empty choice"),
        pytest.param("0:9-10", "same width", id="a range of two widths"),
        pytest.param("0:20-10", "upwards", id="a range downwards"),
        pytest.param("0:1-2-3", "two numbers with one -", id="a range of three"),
        pytest.param("0:1-?", "two numbers with one -", id="a range of wildcards"),
    ],
)
def test_a_bad_plan_is_refused_with_its_rule(plan: str, complaint: str) -> None:
    with pytest.raises(PlanError, match=complaint):
        DialPlan.parse(plan)


def test_the_complaint_names_the_rule_by_its_place() -> None:
    with pytest.raises(PlanError, match=re.escape("rule 2 ('1x:2'): '1x': 'x' can't stand")):
        DialPlan.parse("0:1,1x:2,2:3")


def test_the_rule_that_applied_is_told() -> None:
    rewritten = DialPlan.parse("0E4:44,00:").apply("0123", random.Random(1))

    assert rewritten is not None
    assert str(rewritten.rule) == "0E4:44"


def test_each_choice_of_a_list_is_drawn_equally_often() -> None:
    plan, rng = DialPlan.parse("0:1;2"), random.Random(7)

    drawn = Counter(rewritten.number for _ in range(10_000) if (rewritten := plan.apply("0", rng)))

    assert drawn.keys() == {"1", "2"}
    assert 4_500 <= drawn["1"] <= 5_500


def test_a_range_counts_as_one_choice_whatever_its_width() -> None:
    plan, rng = DialPlan.parse("0:1;200-299"), random.Random(7)

    drawn = Counter(rewritten.number for _ in range(10_000) if (rewritten := plan.apply("0", rng)))

    assert 4_500 <= drawn["1"] <= 5_500


@given(seed=st.integers(), low=st.integers(0, 9_999), width=st.integers(0, 500))
def test_a_draw_stays_inside_its_range_and_keeps_its_width(seed: int, low: int, width: int) -> None:
    high = min(low + width, 9_999)
    written = apply(f"0:{low:04}-{high:04}", "0", seed)

    assert len(written) == 4
    assert low <= int(written) <= high


@given(seed=st.integers())
def test_a_question_mark_in_a_target_is_one_digit(seed: int) -> None:
    assert re.fullmatch(r"9\d\d", apply("0:9??", "0", seed))


@given(seed=st.integers())
def test_lists_ranges_and_random_digits_combine(seed: int) -> None:
    assert re.fullmatch(r"7|10\d|55\d\d", apply("0:7;100-109;55??", "0", seed))


@given(number=digits, prefix=prefixes, target=digits)
def test_what_follows_the_prefix_is_kept(number: str, prefix: str, target: str) -> None:
    assert apply(f"{prefix}:{target}", prefix + number) == target + number


@given(number=digits, rules=st.lists(st.tuples(prefixes, digits), max_size=8))
def test_the_index_agrees_with_trying_every_rule(number: str, rules: list[tuple[str, str]]) -> None:
    matching = [(prefix, target) for prefix, target in rules if number.startswith(prefix)]
    best = max(matching, key=lambda rule: len(rule[0]), default=("", ""))
    plan = ",".join(f"{prefix}:{target}" for prefix, target in rules)

    assert apply(plan, number) == best[1] + number[len(best[0]) :]


@given(
    number=digits,
    originals=st.lists(st.text("01?*", min_size=1, max_size=5), min_size=1, max_size=6),
)
def test_wildcards_and_literals_share_one_order(number: str, originals: list[str]) -> None:
    def rank(original: str) -> tuple[int, int, int]:
        weight = len(original.replace("*", ""))
        literals = len(original.replace("*", "").replace("?", ""))
        return (weight, literals, -originals.index(original))

    def matches(original: str) -> bool:
        return bool(re.match(original.replace("?", r"\d").replace("*", r"\d*"), number))

    best = max(filter(matches, originals), key=rank, default=None)
    rewritten = DialPlan.parse(",".join(f"{text}:9" for text in originals)).apply(
        number, random.Random(1)
    )

    assert (rewritten.rule.original.text if rewritten else None) == best


@given(st.text("0123456789*#+?$;:,-LEGF\\ a", max_size=30))
@example("0E01:")
def test_any_text_is_a_plan_or_a_plan_error(text: str) -> None:
    try:
        plan = DialPlan.parse(text)
    except PlanError:
        return
    assert DialPlan.parse(",".join(map(str, plan.rules))).rules == plan.rules
