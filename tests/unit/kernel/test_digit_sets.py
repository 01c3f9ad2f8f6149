"""Sets of digits hold what a plain set holds, in parts that travel."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trunkline_kernel.digit_sets import JOIN, SPLIT, WHOLE, DigitSet, decode, encode

MEMBERS = st.text("0123456789*#+", min_size=1, max_size=17)


def numbers(count: int, first: int = 0) -> list[str]:
    return [str(4_930_000_000 + number) for number in range(first, first + count)]


@given(MEMBERS)
def test_a_code_is_read_back(member: str) -> None:
    assert decode(encode(member)) == member
    assert encode(member) < 2**64


@pytest.mark.parametrize("member", ["", "1" * 18, "12a", "4 9", "٤٩", "b1"])
def test_what_is_no_member_is_refused(member: str) -> None:
    with pytest.raises(ValueError, match="must be 1 to 17 of"):
        encode(member)
    assert member not in DigitSet(["491", "12"])


@given(st.sets(MEMBERS, max_size=30), st.sets(MEMBERS, max_size=30), st.sets(MEMBERS, max_size=9))
def test_it_holds_what_a_set_holds(first: set[str], add: set[str], remove: set[str]) -> None:
    members = DigitSet(first)
    members.change(add, remove)

    assert set(members) == (first - remove) | add
    assert len(members) == len(set(members))


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3000), st.integers(0, 2500)), max_size=6))
def test_a_copy_fed_with_the_changed_parts_is_equal(
    steps: list[tuple[bool, int, int]],
) -> None:
    members, copy, expected = DigitSet(), DigitSet(), set[str]()
    for adds, first, count in steps:
        chosen = numbers(count, first)
        changed = members.change(add=chosen) if adds else members.change(remove=chosen)
        expected = expected | set(chosen) if adds else expected - set(chosen)
        for name, packed in changed.items():
            copy.put_part(name, packed)

    assert set(members) == set(copy) == expected
    assert copy.parts == members.parts


def test_leading_zeros_count() -> None:
    assert "0491" not in DigitSet(["491", "00491"])


def test_a_set_is_cut_when_it_grows_and_whole_when_it_shrinks() -> None:
    members = DigitSet(numbers(SPLIT))
    assert list(members.parts) == [WHOLE]

    members.change(add=["1"])
    assert len(members.parts) > 200
    members.change(remove=numbers(SPLIT - JOIN + 2))
    assert list(members.parts) == [WHOLE]


def test_a_change_of_a_large_set_sends_little() -> None:
    members = DigitSet(numbers(100_000))

    changed = members.change(add=["1"])

    assert len(changed) == 1
    assert sum(map(len, changed.values())) < 8 * 1000


def test_a_part_that_is_cut_off_is_refused() -> None:
    with pytest.raises(ValueError, match="bytes length"):
        DigitSet().put_part(WHOLE, b"1234567")
