"""Whatever a peer sends, no call fails by our mistake, and each ends in at most one CDR."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs
from support.switch import (
    ANSWER,
    CALLER,
    OFFER,
    SWITCH,
    VENDOR,
    SwitchBench,
    caller,
    candidate,
    invite,
    plan,
    vendor,
)
from support.timer_peers import timer_caller, timer_invite, timer_vendor
from support.user_agent import UserAgent
from support.virtual_clock import run_virtual
from trunkline_signaling.calls.policy import LegPolicy
from trunkline_signaling.sip.flow import Flow, Transport
from trunkline_signaling.sip.outputs import Event, RequestReceived

HEADERS = (
    *("From", "To", "Contact", "Via", "Max-Forwards", "Require", "Content-Type", "Privacy"),
    *("P-Asserted-Identity", "Diversion", "Record-Route", "Route", "Expires", "Supported"),
    *("Session-Expires", "Min-SE", "Allow"),
)
ANSWERED_WITH = ("Session-Expires", "Min-SE", "Allow", "Require", "Supported", "RSeq")
VALUES = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            *("*", "<>", "<sip:>", "sip:@", "tel:+1", '"', ";;;", "<sip:a@[::1]:99999>", ","),
            *('timer, "', "100rel, <", "0", "1;refresher", "4294967295;refresher=both", "-1"),
        ]
    ),
)
BODIES = st.one_of(
    st.binary(max_size=200),
    st.builds(lambda at, junk: ANSWER[:at] + junk, st.integers(0, 90), st.binary(max_size=20)),
)


@contextmanager
def without_mistakes() -> Iterator[None]:
    """Fail when the switch logs that it made a mistake."""
    with capture_logs() as lines:
        yield
    mistakes = [line for line in lines if line["log_level"] in ("error", "critical")]
    assert mistakes == []


@given(name=st.sampled_from(HEADERS), value=VALUES)
def test_an_invite_with_any_header_is_answered_or_dropped(name: str, value: str) -> None:
    async def scenario() -> None:
        alice = caller()
        bench = SwitchBench(alice, vendor())
        head, body = invite().encode().split(b"\r\n\r\n", 1)
        lines = [line for line in head.split(b"\r\n") if not line.startswith(name.encode() + b":")]
        lines.insert(1, b"Via: SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bK1")
        lines.insert(2, f"{name}: {value}".encode("utf-8", "replace"))
        datagram = b"\r\n".join(lines) + b"\r\n\r\n" + body
        bench.switch.receive(datagram, Flow(Transport.UDP, CALLER, SWITCH))
        await asyncio.sleep(1)
        assert len(bench.cdrs.cdrs) <= 1

    with without_mistakes():
        run_virtual(scenario())


@given(body=BODIES)
def test_a_vendor_may_answer_with_any_description(body: bytes) -> None:
    def answers_so(agent: UserAgent, event: Event) -> None:
        if isinstance(event, RequestReceived) and event.request.method == "INVITE":
            dialog = agent.dialogs.accept(event.transaction, agent.contact)
            answer = dialog.reply(event.request, 200, body, "application/sdp")
            agent.dialogs.answer(dialog, event.transaction, answer, agent.now)

    async def scenario() -> None:
        alice = caller()
        bench = SwitchBench(alice, vendor(answers_so))
        bench.call(alice)
        await asyncio.sleep(1)
        assert bench.to(CALLER)[-1] in ("200", "488", "503")
        assert "ACK" in bench.to(VENDOR)

    with without_mistakes():
        run_virtual(scenario())


@given(
    status=st.sampled_from((180, 183, 200, 422)),
    headers=st.dictionaries(st.sampled_from(ANSWERED_WITH), VALUES, max_size=3),
)
def test_a_vendor_may_answer_with_any_header_of_timers_and_100rel(
    status: int, headers: dict[str, str]
) -> None:
    def answers_so(agent: UserAgent, event: Event) -> None:
        if isinstance(event, RequestReceived) and event.request.method == "INVITE":
            dialog = agent.dialogs.accept(event.transaction, agent.contact)
            response = dialog.reply(event.request, status)
            for name, value in headers.items():
                response.headers.set(name, one_line(value))
            agent.transactions.respond(event.transaction, response, agent.now)

    async def scenario() -> None:
        alice = UserAgent(CALLER)
        bench = SwitchBench(alice, vendor(answers_so))
        bench.routing.plan = plan(candidate(leg_b=LegPolicy(reliable_provisionals=True)))
        bench.call(alice)
        await asyncio.sleep(100_000)
        assert bench.switch.calls == {}
        assert len(bench.cdrs.cdrs) == 1

    with without_mistakes():
        run_virtual(scenario())


@given(
    method=st.sampled_from(("UPDATE", "INVITE", "PRACK", "INFO")),
    headers=st.dictionaries(st.sampled_from((*ANSWERED_WITH, "RAck")), VALUES, max_size=3),
)
def test_a_caller_may_send_any_header_of_timers_and_100rel_in_its_dialog(
    method: str, headers: dict[str, str]
) -> None:
    async def scenario() -> None:
        alice = timer_caller()
        bench = SwitchBench(alice, timer_vendor())
        bench.call(alice, timer_invite())
        await asyncio.sleep(1)
        in_line = {name.replace("-", "_"): one_line(value) for name, value in headers.items()}
        body = OFFER if method == "INVITE" else b""
        bench.send_in(alice, method, body, "application/sdp", **in_line)
        await asyncio.sleep(1)
        assert len(bench.switch.calls) == 1
        assert alice.statuses()[-1] >= 200

    with without_mistakes():
        run_virtual(scenario())


def one_line(value: str) -> str:
    """Return a value as a header field can hold it."""
    return " ".join(value.encode("utf-8", "replace").decode().split())


@given(datagram=st.binary(max_size=300))
def test_any_datagram_leaves_the_switch_as_it_was(datagram: bytes) -> None:
    async def scenario() -> None:
        bench = SwitchBench(vendor())
        bench.switch.receive(datagram, Flow(Transport.UDP, CALLER, SWITCH))
        await asyncio.sleep(1)
        assert bench.switch.calls == {}

    with without_mistakes():
        run_virtual(scenario())


def test_a_mistake_would_be_seen() -> None:
    try:
        with without_mistakes():
            structlog.get_logger().error("a mistake")
    except AssertionError:
        return
    raise AssertionError("nobody saw it")
