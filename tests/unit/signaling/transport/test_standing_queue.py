"""A queue that stands is told from a burst (RFC 8289 section 3)."""

from trunkline_signaling.transport.standing_queue import INTERVAL, LOOK, TARGET, StandingQueue


class Line:
    """A queue whose length the test says, and whose looks are counted."""

    def __init__(self) -> None:
        self.length = 0
        self.looks = 0
        self.queue = StandingQueue(self._look)

    def _look(self) -> int:
        self.looks += 1
        return self.length

    def stands_after(self, seconds: float, *, start: float, step: float = LOOK) -> bool:
        """Ask every `step` from `start` on; return the last answer."""
        answer, asked = False, 0
        while asked * step <= seconds:
            answer = self.queue.stands(start + asked * step)
            asked += 1
        return answer


def test_a_burst_that_is_worked_off_in_time_is_no_queue() -> None:
    line = Line()
    line.length = TARGET + 1
    assert not line.stands_after(INTERVAL - LOOK, start=0)

    line.length = TARGET
    assert not line.stands_after(INTERVAL, start=INTERVAL)


def test_a_queue_stands_when_it_was_long_for_the_whole_interval() -> None:
    line = Line()
    line.length = TARGET + 1

    assert line.stands_after(INTERVAL + LOOK, start=0)


def test_it_stands_no_more_at_the_first_look_that_finds_it_short() -> None:
    line = Line()
    line.length = TARGET + 1
    line.stands_after(1, start=0)
    line.length = TARGET

    assert not line.queue.stands(1 + LOOK * 2)


def test_two_bursts_with_nobody_asking_between_are_two() -> None:
    line = Line()
    line.length = TARGET + 1
    line.queue.stands(0)

    assert not line.queue.stands(10)


def test_however_often_it_is_asked_it_looks_rarely() -> None:
    line = Line()
    line.stands_after(INTERVAL, start=0, step=LOOK / 100)

    assert line.looks <= INTERVAL / LOOK + 1
