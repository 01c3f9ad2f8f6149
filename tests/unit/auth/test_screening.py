"""AUT-09, AUT-10, AUT-11, AUT-12, AUT-13, AUT-15: what calls meet whose numbers misbehave."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from support.auth_doors import NOON
from trunkline_auth.lists import (
    Detector,
    EndedCall,
    Entry,
    EntryFilter,
    EntryKey,
    ListedFor,
    ListPolicy,
    Party,
    ScreenedCall,
    Screener,
    Stopped,
    WhiteList,
)
from trunkline_auth.memory import MemoryBlackList, MemoryCallerSeats, MemoryWindows

A = "MappingGateway/a"
B = "MappingGateway/b"


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


@dataclass
class Witness:
    """Remembers what was listed."""

    begun: list[tuple[str, str, str]] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)

    def listed(self, entry: Entry) -> None:
        self.begun.append((entry.reason, entry.key.number, entry.key.scope))

    def unlisted(self, key: EntryKey) -> None:
        self.ended.append(key.number)


class Lists:
    """A screener with its clock and its parameters."""

    def __init__(self, policy: ListPolicy, *white: str) -> None:
        self.now = NOON
        self.policy = policy
        self.witness = Witness()
        self.calls = 0
        self.black_list = MemoryBlackList()
        self.screener = Screener(
            self.black_list,
            MemoryWindows(),
            MemoryCallerSeats(),
            self.witness,
            policy=lambda: self.policy,
            white_list=lambda: WhiteList(white),
            longest_call=seconds(7200),
        )

    def new_call(
        self, caller: str = "100", callee: str = "777", gateway: str = A, flagged: bool = False
    ) -> ScreenedCall:
        self.calls += 1
        return ScreenedCall(f"call-{self.calls}", caller, callee, gateway, flagged)

    async def passes(self, call: ScreenedCall) -> bool:
        return not isinstance(await self.screener.screen(call, self.now), Stopped)

    async def call(
        self,
        *,
        every: float = 0,
        times: int = 1,
        caller: str = "100",
        callee: str = "777",
        gateway: str = A,
        flagged: bool = False,
    ) -> list[bool]:
        """Place calls and return which of them passed."""
        passed = []
        for _ in range(times):
            passed.append(await self.passes(self.new_call(caller, callee, gateway, flagged)))
            self.now += seconds(every)
        return passed

    async def unanswered(self, **more: bool | timedelta) -> bool:
        """Place a call that nobody answers; return whether it passed."""
        call = self.new_call()
        passed = await self.passes(call)
        facts: dict[str, bool | timedelta] = {"answered": False, "reached": passed, **more}
        await self.screener.ended(EndedCall(call, **facts), self.now)  # type: ignore[arg-type]
        return passed


CALLEE = ListPolicy(callee=Detector(6, seconds(600), seconds(3600)))
CALLER = ListPolicy(caller=Detector(3, seconds(600), seconds(3600)))
NO_ANSWER = ListPolicy(no_answer=Detector(2, seconds(600), seconds(3600)))
CONCURRENT = ListPolicy(concurrent=Detector(2, expire=seconds(3600)))


async def test_aut09_six_calls_over_500_seconds_stop_the_seventh() -> None:
    lists = Lists(CALLEE)

    assert await lists.call(every=100, times=6) == [True] * 6
    assert await lists.call() == [False]
    assert lists.witness.begun == [("malicious-callee", "777", "platform")]


async def test_aut09_six_calls_over_700_seconds_stop_nobody() -> None:
    lists = Lists(CALLEE)

    assert await lists.call(every=140, times=6) == [True] * 6
    assert await lists.call(every=140, times=6) == [True] * 6


async def test_aut09_a_refused_call_restarts_the_time() -> None:
    lists = Lists(CALLEE)
    await lists.call(every=100, times=6)
    lists.now = NOON + seconds(1800)
    assert await lists.call() == [False]
    lists.now = NOON + seconds(1800 + 3599)
    assert await lists.call() == [False]
    lists.now += seconds(3600)

    assert await lists.call() == [True]


async def test_aut09_another_callee_is_not_affected() -> None:
    lists = Lists(CALLEE)
    await lists.call(times=6)

    assert await lists.call(callee="778") == [True]


async def test_aut09_limit_zero_is_off() -> None:
    lists = Lists(ListPolicy())

    assert await lists.call(times=100) == [True] * 100


async def test_aut10_the_fourth_call_of_a_caller_is_refused_until_expire() -> None:
    lists = Lists(CALLER)

    assert await lists.call(times=4) == [True, True, True, False]
    assert await lists.call(caller="101") == [True]
    lists.now += seconds(3600)
    assert await lists.call() == [True]


async def test_aut10_a_withheld_caller_is_not_counted() -> None:
    lists = Lists(CALLER)

    assert await lists.call(caller="", times=10) == [True] * 10


async def test_aut11_two_unanswered_calls_stop_the_third() -> None:
    lists = Lists(NO_ANSWER)

    assert [await lists.unanswered() for _ in range(3)] == [True, True, False]
    assert lists.witness.begun == [("no-answer", "777", "platform")]


async def test_aut11_an_answered_call_clears_the_count() -> None:
    lists = Lists(NO_ANSWER)
    await lists.unanswered()
    await lists.unanswered(answered=True)
    await lists.unanswered()

    assert await lists.call() == [True]


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"busy": True}, id="busy"),
        pytest.param({"cancelled_after": seconds(4.9)}, id="the caller gave up within 5 s"),
        pytest.param({"reached": False}, id="it was sent to nobody"),
    ],
)
async def test_aut11_some_unanswered_calls_do_not_count(facts: dict[str, timedelta]) -> None:
    lists = Lists(NO_ANSWER)

    assert [await lists.unanswered(**facts) for _ in range(4)] == [True] * 4


async def test_aut11_giving_up_after_5_seconds_counts() -> None:
    lists = Lists(NO_ANSWER)
    await lists.unanswered(cancelled_after=seconds(5))
    await lists.unanswered(cancelled_after=seconds(5))

    assert await lists.call() == [False]


async def test_aut12_the_third_call_at_once_is_refused_and_so_is_the_next_until_expire() -> None:
    lists = Lists(CONCURRENT)
    running = [lists.new_call() for _ in range(2)]
    assert [await lists.passes(call) for call in running] == [True, True]
    assert await lists.call() == [False]

    await lists.screener.ended(EndedCall(running[0], answered=True, reached=True), lists.now)

    assert await lists.call() == [False]
    lists.now += seconds(3600)
    assert await lists.call() == [True]


async def test_aut12_calls_one_after_another_are_no_abuse() -> None:
    lists = Lists(CONCURRENT)
    for _ in range(5):
        call = lists.new_call()
        assert await lists.passes(call)
        await lists.screener.ended(EndedCall(call, answered=True, reached=True), lists.now)


async def test_aut12_a_seat_that_nobody_freed_lapses() -> None:
    lists = Lists(CONCURRENT)
    await lists.call(times=2)
    lists.now += seconds(7200)

    assert await lists.call() == [True]


async def test_aut13_standalone_counts_and_blocks_at_the_flagged_gateway_only() -> None:
    lists = Lists(ListPolicy(standalone=True, callee=CALLEE.callee))
    assert await lists.call(times=9, gateway=B) == [True] * 9

    assert await lists.call(times=7, gateway=A, flagged=True) == [True] * 6 + [False]
    assert await lists.call(gateway=B, flagged=True) == [True]
    assert lists.witness.begun == [("malicious-callee", "777", A)]


async def test_aut13_a_switch_of_the_mode_clears_nothing() -> None:
    lists = Lists(ListPolicy(standalone=True, callee=CALLEE.callee))
    await lists.call(times=6, gateway=A, flagged=True)
    lists.policy = CALLEE

    assert await lists.call(gateway=A) == [False]
    assert await lists.call(gateway=B) == [True]


async def test_aut13_entries_are_found_by_number_and_reason() -> None:
    lists = Lists(ListPolicy(callee=CALLEE.callee, caller=CALLER.caller))
    await lists.call(times=3, callee="1")
    await lists.call(times=6, caller="", callee="777")

    async def numbers(number: str = "", reason: ListedFor | None = None) -> list[str]:
        found = await lists.black_list.entries(EntryFilter(number, reason), lists.now)
        return [each.key.number for each in found]

    assert await numbers() == ["777", "100"]
    assert await numbers(number="100") == ["100"]
    assert await numbers(reason=ListedFor.MALICIOUS_CALLEE) == ["777"]


async def test_aut13_a_number_that_is_taken_off_is_counted_anew() -> None:
    lists = Lists(CALLEE)
    await lists.call(times=7)

    assert await lists.screener.remove(EntryFilter("777"), lists.now) == 1
    assert await lists.call(times=7) == [True] * 6 + [False]
    assert lists.witness.ended == ["777"]


async def test_aut13_all_entries_are_taken_off_at_once() -> None:
    lists = Lists(CALLEE)
    await lists.call(times=6)
    await lists.call(times=6, callee="778")

    assert await lists.screener.remove(EntryFilter(), lists.now) == 2
    assert await lists.call() == [True]


async def test_aut13_a_number_listed_by_hand_stays_as_long_as_was_said() -> None:
    lists = Lists(ListPolicy())
    await lists.screener.add(EntryKey(Party.CALLER, "100"), seconds(60), lists.now)
    lists.now += seconds(59)
    assert await lists.call() == [False]
    lists.now += seconds(1)

    assert await lists.call() == [True]


async def test_aut13_a_caller_entry_does_not_block_calls_to_the_number() -> None:
    lists = Lists(ListPolicy())
    await lists.screener.add(EntryKey(Party.CALLER, "777"), seconds(60), lists.now)

    assert await lists.call(callee="777") == [True]


async def test_aut15_a_white_number_is_neither_counted_nor_blocked() -> None:
    lists = Lists(ListPolicy(callee=CALLEE.callee, caller=CALLER.caller), "911")

    assert await lists.call(times=3, callee="911") == [True] * 3
    assert await lists.call(times=20, callee="911") == [True] * 20
    assert await lists.call(callee="5") == [False]
    assert ("malicious-callee", "911", "platform") not in lists.witness.begun


async def test_aut15_a_white_caller_is_not_seated() -> None:
    lists = Lists(CONCURRENT, "100")

    assert await lists.call(times=9) == [True] * 9


@pytest.mark.parametrize(
    ("number", "white"),
    [
        ("911", True),
        ("9110", False),
        ("4930", True),
        ("4930123", True),
        ("493", False),
        ("", False),
    ],
)
def test_aut15_numbers_match_in_full_and_by_their_beginning(number: str, white: bool) -> None:
    assert (number in WhiteList(["911", "4930*"])) is white
