"""SIPVicious, the scanner everybody meets, against the running switch (AUT-01, AUT-04)."""

import asyncio
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from support.local_switch import LocalSwitch
from support.programs import program
from trunkline.auth.v1.auth_pb2 import ListSuspensionsRequest
from trunkline.signaling.v1.signaling_pb2 import (
    ReadTraceRequest,
    TraceEvent,
    TraceEventKind,
    TraceFilter,
)

SCANNER = "127.0.0.66"
METHODS = ("OPTIONS", "INVITE", "REGISTER")
PATIENCE = 60
RIGHT = "example-1001"
PROBE = (
    b"OPTIONS sip:100@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.66;branch=z9hG4bK1\r\n"
    b"From: <sip:100@127.0.0.1>;tag=1\r\nTo: <sip:100@127.0.0.1>\r\nCall-ID: probe\r\n"
    b"CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
)

pytestmark = [
    pytest.mark.interop,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(180),
]


async def run(
    tool: str, switch: LocalSwitch, directory: Path, *options: str, patience: float = PATIENCE
) -> str:
    """Run a tool from the scanner's address, as long as we have patience; return what it wrote."""
    host, port = switch.sip
    command = (sys.executable, "-m", f"sipvicious.{tool}", "-b", SCANNER, "-x", SCANNER)
    home = {"HOME": str(directory)}
    async with program(
        *command, f"-p{port}", *options, host, directory=directory, settings=home
    ) as scan:
        with suppress(TimeoutError):
            await scan.wait(patience)
    return "\n".join(scan.lines)


async def reply_unauthorized(switch: LocalSwitch, word: str) -> None:
    ended = await switch.command("parameters", "set", f"SS_REPLY_UNAUTHORIZED={word}")
    assert ended.status == 0, ended.err


async def heard_by_the_scanner(switch: LocalSwitch) -> list[TraceEvent]:
    """Return what the switch has sent to the scanner and what it has dropped."""

    def read() -> list[TraceEvent]:
        wanted = ReadTraceRequest(filter=TraceFilter(ip=SCANNER))
        return [a.event for a in switch.services.signaling[0].ReadTrace(wanted)]

    return await asyncio.to_thread(read)


async def test_aut01_off_a_scanner_finds_no_switch_and_no_user(
    switch: LocalSwitch, tmp_path: Path
) -> None:
    await reply_unauthorized(switch, "Off")
    found = [await run("svmap", switch, tmp_path, "-m", method) for method in METHODS]
    users = await run("svwar", switch, tmp_path, "-e1000-1010")
    events = await heard_by_the_scanner(switch)

    assert all("127.0.0.1:" not in output for output in found), found
    assert "1001" not in users
    kinds = {event.kind for event in events}
    assert kinds == {
        TraceEventKind.TRACE_EVENT_KIND_RECEIVED,
        TraceEventKind.TRACE_EVENT_KIND_DROPPED,
    }
    assert {e.summary for e in events if e.kind == TraceEventKind.TRACE_EVENT_KIND_DROPPED}


async def test_aut01_off_a_scanner_gets_no_tcp_data_and_five_seconds(
    switch: LocalSwitch,
) -> None:
    await reply_unauthorized(switch, "Off")
    began = time.monotonic()
    reader, writer = await asyncio.open_connection(*switch.sip, local_addr=(SCANNER, 0))
    writer.write(b"\r\n\r\n" + PROBE + PROBE.replace(b"CSeq: 1", b"CSeq: x"))
    async with asyncio.timeout(PATIENCE):
        got = await reader.read()
    writer.close()

    assert got == b""
    assert time.monotonic() - began < 10


async def test_aut01_on_a_scanner_learns_nothing_of_the_software(
    switch: LocalSwitch, tmp_path: Path
) -> None:
    await reply_unauthorized(switch, "On")
    found = await run("svmap", switch, tmp_path, "-m", "OPTIONS")
    answers = [
        event.message
        for event in await heard_by_the_scanner(switch)
        if event.kind == TraceEventKind.TRACE_EVENT_KIND_SENT
    ]

    assert "127.0.0.1:" in found
    assert "trunkline" not in found.lower()
    assert answers
    for answer in answers:
        assert b"\r\nServer:" not in answer and b"\r\nUser-Agent:" not in answer
        assert b"trunkline" not in answer.lower()


async def test_aut04_a_cracker_is_suspended_before_it_comes_to_the_password(
    switch: LocalSwitch, tmp_path: Path
) -> None:
    await reply_unauthorized(switch, "On")
    guesses = tmp_path / "guesses.txt"
    guesses.write_text(f"{RIGHT}\n")
    at_once = await run("svcrack", switch, tmp_path, "-u1001", f"-d{guesses}")
    guesses.write_text("\n".join([*(f"guess-{n}" for n in range(20)), RIGHT]) + "\n")
    too_late = await run("svcrack", switch, tmp_path, "-v", "-u1001", f"-d{guesses}", patience=15)
    suspended = await switch.ask(switch.services.auth.ListSuspensions, ListSuspensionsRequest())

    assert RIGHT in at_once
    assert "scan started" in too_late
    assert RIGHT not in too_late
    assert {one.identity for one in suspended.suspensions} == {"1001"}
