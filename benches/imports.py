"""Seconds, memory and turns of the event loop that taking a rate file over costs billing.

    python benches/imports.py [--rows 1000000]

A whole billing service on SQLite in this process, and a deck that replaces another; what is worked
out in a process of its own is told apart. The longest turn of the event loop is told in processor
time, so that a busy machine doesn't count, and by the clock: every call that arrives waits that
long.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import os
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import uvloop
from processes import resident_bytes
from support.billing_service import RATES, RETAIL, BillingClient, running_billing
from trunkline.billing.v1 import billing_pb2 as pb
from trunkline_kernel.collector import spare_the_collector
from trunkline_kernel.logs import configure_logs
from trunkline_kernel.rpc import InProcessChannel, method_of
from turns import children_seconds, watch_turns

IMPORT = method_of(RATES, "ImportRates", pb.ImportRatesRequest, pb.ImportRatesResponse)
PATIENCE = 900.0


def main() -> None:
    """Run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    configure_logs("billing", level="error")
    with tempfile.TemporaryDirectory() as folder:
        uvloop.run(_run(f"sqlite:///{folder}/billing.db", options.rows))


async def _run(url: str, rows: int) -> None:
    async with running_billing(url, max_call_duration=PATIENCE) as billing:
        await billing.apply(("RateGroup", "retail", RETAIL))
        spare_the_collector()  # as a service's process does
        _memory("before")
        for what, seed in (("into nothing", 1), ("over another deck", 2)):
            await _import(billing, what, gzip.compress(_deck(rows, seed)))


async def _import(billing: BillingClient, what: str, content: bytes) -> None:
    turns: list[tuple[float, float]] = []
    watch = asyncio.create_task(watch_turns(turns))
    started, spent, beside = time.perf_counter(), time.process_time(), children_seconds()
    request = pb.ImportRatesRequest(
        rate_group="retail",
        content=content,
        gzip=True,
        mode=pb.IMPORT_MODE_REPLACE,
        file_name="deck.csv",
    )
    answer = await InProcessChannel(billing.service.server.dispatcher).call(
        IMPORT, request, timeout=PATIENCE
    )
    taken, spent = time.perf_counter() - started, time.process_time() - spent
    beside = children_seconds() - beside
    await asyncio.sleep(2.0)  # the deck is published after the answer
    watch.cancel()
    print(f"{what}: {answer.counts.added:,} new, {answer.counts.removed:,} gone")
    print(f"  time               {taken:>8.1f} s, {spent:.1f} s of CPU here, {beside:.1f} s beside")
    print(f"  longest turn       {max(cpu for cpu, _ in turns) * 1e3:>8.1f} ms of CPU")
    print(f"  longest wait       {max(wall for _, wall in turns) * 1e3:>8.1f} ms")
    _memory("after")


def _memory(when: str) -> None:
    print(f"  resident {when:<9} {resident_bytes(os.getpid()) / 2**20:>8.0f} MiB")


def _deck(rows: int, seed: int) -> bytes:
    rng = random.Random(seed)
    prefixes = {str(rng.randrange(10**6, 10**10)) for _ in range(rows)}
    lines = [f"{prefix},{rng.randrange(1, 9999) / 10000:.4f},60,1" for prefix in prefixes]
    return ("prefix,rate,first interval,interval\n" + "\n".join(lines)).encode()


if __name__ == "__main__":
    main()
