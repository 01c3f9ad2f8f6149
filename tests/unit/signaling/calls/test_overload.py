"""More calls than can be carried: new ones are turned away at once, those in progress go on."""

import asyncio

from support.platform import PHONE_1, PHONE_2, phone, platform, to
from support.switch import CALLER, DELAY, VENDOR, SwitchBench, caller, invite, vendor
from trunkline_signaling.calls.services import Dropped


async def test_a_new_call_gets_503_at_once_and_nobody_is_asked() -> None:
    alice = caller()
    bench = SwitchBench(alice, vendor())
    bench.is_overloaded = True

    bench.call(alice)
    await asyncio.sleep(0.1)

    assert bench.to(CALLER) == ["503"]
    refusal = next(d for _, to, d in bench.messages if to == CALLER)
    assert b"Retry-After" not in refusal
    assert b"Reason: Q.850;cause=42" in refusal
    assert bench.auth.asked == []
    assert bench.to(VENDOR) == []
    assert bench.switch.overload.refused == 1
    assert len(bench.switch.calls) == 0


async def test_a_stranger_is_told_nothing() -> None:
    """AUT-01: whether a source may hear us is for auth to say, which cannot be asked now."""
    alice = caller()
    bench = SwitchBench(alice, vendor())
    bench.auth.decision = Dropped("unauthorized")
    bench.is_overloaded, bench.strangers = True, {CALLER[0]}

    bench.call(alice)
    await asyncio.sleep(10)

    assert bench.to(CALLER) == []
    assert bench.auth.asked == []


async def test_a_copy_of_a_strangers_invite_is_taken_when_there_is_time_again() -> None:
    alice = caller()
    bench = SwitchBench(alice, vendor())
    bench.is_overloaded, bench.strangers = True, {CALLER[0]}

    bench.call(alice)
    await asyncio.sleep(1)
    bench.is_overloaded = False
    await asyncio.sleep(2)

    assert bench.to(CALLER) == ["100", "180", "200"]


async def test_calls_in_progress_go_on_and_end_as_ever() -> None:
    alice = caller()
    bench = SwitchBench(alice, vendor())
    bench.call(alice)
    await asyncio.sleep(1)
    bench.is_overloaded = True

    bench.send_in(alice, "BYE")
    await asyncio.sleep(1)

    assert bench.to(CALLER) == ["100", "180", "200", "200"]
    assert bench.to(VENDOR) == ["INVITE", "ACK", "BYE"]
    assert bench.cdr.answer_time is not None


async def test_a_call_in_progress_that_a_phone_passes_on_is_no_new_one() -> None:
    """SIG-22: it was let in when it came."""
    alice = caller()
    phones = {"2001": {"forwarding": {"busy": {"numbers": ["2002"]}}}, "2002": {}}
    bench = platform(alice, phone(PHONE_1, 486), phone(PHONE_2), phones=phones)
    bench.call(alice, to("2001"))
    await asyncio.sleep(DELAY * 1.5)
    assert len(bench.switch.calls) == 1
    bench.is_overloaded = True
    await asyncio.sleep(1)

    assert bench.to(PHONE_2) == ["INVITE", "ACK"]
    assert bench.to(CALLER) == ["100", "180", "200"]
    assert bench.switch.overload.refused == 0


async def test_the_next_call_is_taken_when_there_is_time_again() -> None:
    alice = caller()
    bench = SwitchBench(alice, vendor())
    bench.is_overloaded = True
    bench.call(alice)
    await asyncio.sleep(1)
    bench.is_overloaded = False

    bench.call(alice, invite(call_id="second"))
    await asyncio.sleep(1)

    assert bench.to(CALLER)[-1] == "200"
