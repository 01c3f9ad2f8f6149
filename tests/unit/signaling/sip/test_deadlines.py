"""Deadlines of many things: whose have come, and who is let go."""

import weakref

from trunkline_signaling.sip.deadlines import Deadlines


class Waiting:
    """Something with a deadline of its own choosing."""

    def __init__(self, deadline: float | None) -> None:
        self.deadline = deadline


def test_what_is_due_comes_out_once_and_in_order() -> None:
    deadlines: Deadlines[Waiting] = Deadlines()
    late, early = Waiting(2.0), Waiting(1.0)
    deadlines.update(late)
    deadlines.update(early)

    assert deadlines.next() == 1.0
    assert deadlines.pop_due(0.9) is None
    assert [deadlines.pop_due(2.0) for _ in range(3)] == [early, late, None]
    assert deadlines.next() is None


def test_what_chose_another_time_is_asked_for_it_when_the_old_one_comes() -> None:
    deadlines: Deadlines[Waiting] = Deadlines()
    moved = Waiting(1.0)
    deadlines.update(moved)
    moved.deadline = 5.0

    assert deadlines.pop_due(1.0) is None
    assert deadlines.next() == 5.0
    assert deadlines.pop_due(5.0) is moved


def test_what_waits_no_more_is_let_go() -> None:
    deadlines: Deadlines[Waiting] = Deadlines()
    stopped = Waiting(1.0)
    deadlines.update(stopped)
    gone = weakref.ref(stopped)
    stopped.deadline = None
    del stopped

    assert deadlines.pop_due(1.0) is None
    assert gone() is None


def test_what_came_out_may_wait_again() -> None:
    deadlines: Deadlines[Waiting] = Deadlines()
    again = Waiting(1.0)
    deadlines.update(again)
    assert deadlines.pop_due(1.0) is again
    again.deadline = 3.0
    deadlines.update(again)

    assert deadlines.pop_due(2.0) is None
    assert deadlines.pop_due(3.0) is again
