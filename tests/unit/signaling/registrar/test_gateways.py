"""Which of a gateway's addresses calls go to, by what probes find (SIG-16)."""

from trunkline_signaling.calls.parties import Target
from trunkline_signaling.registrar.gateways import Reach

FIRST, SECOND, THIRD = Target("10.0.0.3"), Target("10.0.0.4"), Target("10.0.0.5")


def test_sig16_before_any_probe_calls_go_to_the_first() -> None:
    reach = Reach((FIRST, SECOND))

    assert (reach.current, reach.reachable) == (FIRST, None)


def test_sig16_a_silent_primary_gives_way_to_a_secondary_that_answers() -> None:
    reach = Reach((FIRST, SECOND, THIRD))
    reach.note(SECOND, answers=True)
    assert (reach.current, reach.reachable) == (FIRST, True)

    reach.note(FIRST, answers=False)

    assert (reach.current, reach.reachable) == (SECOND, True)


def test_sig16_calls_stay_where_they_are_while_that_answers() -> None:
    reach = Reach((FIRST, SECOND))
    reach.note(FIRST, answers=False)
    reach.note(SECOND, answers=True)
    reach.note(FIRST, answers=True)

    assert reach.current == SECOND


def test_sig16_all_silent_is_unreachable_until_one_answers() -> None:
    reach = Reach((FIRST, SECOND))
    reach.note(FIRST, answers=False)
    assert reach.reachable is None
    reach.note(SECOND, answers=False)
    assert reach.reachable is False

    reach.note(SECOND, answers=True)

    assert (reach.current, reach.reachable) == (SECOND, True)
