"""Seconds until a new replica of routing has every rate, and the memory it then holds.

    python benches/replica.py [--decks 200] [--rates 5000000]

Billing's topic `rates` is served by a process of its own, from decks that billing's own code packs
and publishes; the replica is a process as a container runs it, on an empty database.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import sys
import tempfile
import time
import urllib.request
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from subprocess import Popen

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from processes import cpu_seconds, resident_bytes, start, stop
from support.ports import free_port
from trunkline.common.v1.replication_pb2_grpc import add_ReplicationServiceServicer_to_server
from trunkline_billing.money import Currency
from trunkline_billing.rating.columns import ALWAYS, Columns, Row
from trunkline_billing.rating.deck import LEADING, CallLevel, Price, RateDeck
from trunkline_billing.rating.tariff import SECOND, per_minute
from trunkline_billing.rpc.rates_topic import TOPIC, RatesTopic
from trunkline_kernel.metrics import Metrics
from trunkline_kernel.replication import MemorySource, ReplicationServicer
from trunkline_kernel.rpc import RpcServer

PATIENCE = 900.0
"""Seconds to wait for the decks, and for the replica."""


def main() -> None:
    """Serve the topic, or start both and print."""
    options = _options()
    if options.serve:
        asyncio.run(_serve(options.serve, options.decks, options.rates))
    else:
        with tempfile.TemporaryDirectory() as folder:
            _measure(Path(folder), options.decks, options.rates)


def _measure(folder: Path, decks: int, rates: int) -> None:
    billing, http = free_port(), free_port()
    owner = start(_serving(decks, rates, billing), folder)
    replica: Popen[bytes] | None = None
    try:
        published = folder / "published"
        _wait_until(lambda: published.exists() and published.stat().st_size > 0)
        held = int(published.read_text())
        began = time.perf_counter()
        replica = start(
            [sys.executable, "-m", "trunkline_routing"], folder, _settings(billing, http)
        )
        _wait_until(lambda: _page(http, "readyz") is not None)
        ready = time.perf_counter() - began
        _wait_until(lambda: _known(http) >= held)
        complete = time.perf_counter() - began
        print(f"rates                {held:>12,} in {decks} decks")
        print(f"ready after          {ready:>12.1f} s")
        print(f"has every rate after {complete:>12.1f} s")
        print(f"CPU of the replica   {cpu_seconds(replica.pid):>12.1f} s")
        print(f"resident             {resident_bytes(replica.pid) / 2**20:>12.0f} MiB")
    finally:
        stop([owner, *filter(None, [replica])])


async def _serve(port: int, decks: int, rates: int) -> None:
    source = MemorySource()
    topic, held = RatesTopic(source), 0
    for number in range(decks):
        deck = _deck(f"vendor-{number}", rates // decks, random.Random(number))
        held += len(deck)
        for _ in topic.deck(deck.name, topic.chunks(deck)):
            pass
    server = RpcServer(Metrics("billing"))
    server.add(add_ReplicationServiceServicer_to_server, ReplicationServicer({TOPIC: source}))
    await server.start("127.0.0.1", port)
    await server.set_ready(True)
    await asyncio.to_thread(Path("published").write_text, f"{held}\n")
    await asyncio.Event().wait()


def _deck(name: str, rates: int, rng: random.Random) -> RateDeck:
    prices = [
        Price(
            per_minute(Decimal(rng.randrange(1, 9999)) / 10000, SECOND, SECOND),
            CallLevel.INTERNATIONAL,
            locked=False,
            area="",
        )
        for _ in range(2000)
    ]
    rows: defaultdict[str, list[Row]] = defaultdict(list)
    for prefix in {str(rng.randrange(10**3, 10 ** rng.randrange(4, 10))) for _ in range(rates)}:
        rows[prefix[:LEADING]].append((prefix, ALWAYS, rng.randrange(len(prices))))
    columns = {digits: Columns(rows[digits]) for digits in rows}
    return RateDeck.packed(name, prices, columns, Currency("USD"))


def _settings(billing: int, http: int) -> dict[str, str]:
    values = {
        "GRPC_HOST": "127.0.0.1",
        "GRPC_PORT": str(free_port()),
        "HTTP_PORT": str(http),
        "BILLING": f"127.0.0.1:{billing}",
        "AUTH": "127.0.0.1:9",
    }
    return {f"TRUNKLINE_ROUTING_{name}": value for name, value in values.items()}


def _known(port: int) -> int:
    found = re.search(r"^trunkline_routing_rates ([0-9.e+]+)$", _page(port, "metrics") or "", re.M)
    return int(float(found[1])) if found else 0


def _page(port: int, page: str) -> str | None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{page}", timeout=5) as answer:
            return str(answer.read().decode())
    except OSError:
        return None


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"not there after {PATIENCE:g} s")
        time.sleep(0.1)


def _serving(decks: int, rates: int, port: int) -> list[str]:
    numbers = ("--decks", str(decks), "--rates", str(rates), "--serve", str(port))
    return [sys.executable, str(Path(__file__).absolute()), *numbers]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--decks", type=int, default=200)
    parser.add_argument("--rates", type=int, default=5_000_000)
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
