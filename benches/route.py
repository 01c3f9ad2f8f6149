"""Microseconds of a routing decision and the memory of its read models.

    python benches/route.py [--gateways 1000] [--decks 200] [--rates 1000000] [--calls 5000]
                            [--redis]

A thousand gateways of two hundred vendors share a few hundred prefixes; each vendor has a deck of
its own; every gateway checks its rate and takes part in the order by cost. A decision is Route
without the wire: pipeline, filter, prices, order, seats; then its release. A thousand numbers are
called in turn: the best decision of each is what it costs, the rest is the machine's. With --redis
seats are in a Redis of this script's own, and it says how often a call goes there.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import resource
import sys
import time
from array import array
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from statistics import quantiles
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from pydantic import BaseModel
from support.redis import redis_server
from trunkline_kernel.collector import spare_the_collector
from trunkline_routing.calls.call import Call, Identity
from trunkline_routing.calls.health import MemoryHealth
from trunkline_routing.calls.outcomes import Outcomes
from trunkline_routing.calls.refusals import Refusal
from trunkline_routing.calls.router import Router
from trunkline_routing.capacity.memory import MemorySeats
from trunkline_routing.capacity.rotation import MemoryRotation
from trunkline_routing.documents.mapping_gateway import MappingGatewaySpec
from trunkline_routing.documents.routing_gateway import RoutingGatewaySpec
from trunkline_routing.lrn.http import HttpLrnServer
from trunkline_routing.lrn.portability import Portability
from trunkline_routing.model.builder import build_snapshot
from trunkline_routing.model.callers import Endpoint, Kind
from trunkline_routing.parameters import Parameters, Place
from trunkline_routing.quality.windows import MemoryQuality
from trunkline_routing.rates.book import RateBook, Tariff
from trunkline_routing.rates.deck import Deck
from trunkline_routing.rates.price import Price
from trunkline_routing.shared.connection import open_store
from trunkline_routing.shared.seats import RedisSeats
from trunkline_routing.view import View

NOW = datetime(2026, 1, 14, 12, tzinfo=UTC)
CUSTOMER = Endpoint(Kind.MAPPING_GATEWAY, "acme")


def main() -> None:
    """Build, measure, print."""
    options = _options()
    rng = random.Random(options.seed)
    countries = [str(code) for code in rng.sample(range(20, 1000), 200)]
    before = _resident()
    start = time.perf_counter()
    rates = _rates(options.decks, options.rates, countries, rng)
    built, with_rates = time.perf_counter() - start, _resident()
    router = _router(options.gateways, options.decks, countries, rates, rng)
    spare_the_collector()  # as a service's process does
    numbers = [rng.choice(countries) + str(rng.randrange(10**8, 10**9)) for _ in range(1000)]
    measure = _measure_in_redis if options.redis else _measure
    times, cpu, candidates = asyncio.run(measure(router, numbers, options.calls))
    percent, cpu_percent = quantiles(times, n=1000), quantiles(cpu, n=1000)
    print(f"rates                {options.rates:>12,} in {options.decks} decks")
    print(f"decks built in       {built:>12.1f} s")
    print(f"memory of rates      {(with_rates - before) / 2**20:>12.1f} MiB")
    print(f"resident in all      {_resident() / 2**20:>12.1f} MiB")
    print(f"candidates a call    {candidates:>12.1f}")
    print(f"decision p50         {percent[499]:>12.1f} us")
    print(f"decision p99         {percent[989]:>12.1f} us")
    print(f"decision p99.9       {percent[998]:>12.1f} us")
    print(f"of it CPU p50        {cpu_percent[499]:>12.1f} us")
    print(f"of it CPU p99        {cpu_percent[989]:>12.1f} us")
    best = [min(cpu[place :: len(numbers)]) for place in range(min(len(cpu), len(numbers)))]
    print(f"each number's best, p99 {quantiles(best, n=100)[98]:>9.1f} us of CPU")


async def _measure(
    router: Router, numbers: list[str], calls: int
) -> tuple[array[float], array[float], float]:
    """Return wall and CPU time of each decision in microseconds, and the mean of candidates."""
    times, cpu, candidates = array("d"), array("d"), 0
    began = time.process_time()
    for count in range(calls):
        number = numbers[count % len(numbers)]
        identity = Identity(from_user="15551234567", to_user=number, request_uri_user=number)
        call = Call(f"call-{count}", "bench", CUSTOMER, "192.0.2.1", identity, NOW)
        start, start_cpu = time.perf_counter(), time.thread_time()
        decision = await router.route(call, NOW)
        cpu.append((time.thread_time() - start_cpu) * 1e6)
        times.append((time.perf_counter() - start) * 1e6)
        assert not isinstance(decision.outcome, Refusal), decision.outcome
        candidates += 1 + len(decision.outcome.others)
        await router.release(call.id, None, NOW)
    print(f"a call, with Release {(time.process_time() - began) / calls * 1e6:>11.1f} us of CPU")
    return times, cpu, candidates / calls


async def _measure_in_redis(
    router: Router, numbers: list[str], calls: int
) -> tuple[array[float], array[float], float]:
    """Measure with seats in Redis."""
    with redis_server() as server:
        async with open_store(server.url) as store:
            router.view.seats = RedisSeats(store)
            measured = await _measure(router, numbers, calls)

            async def ask(client: Any) -> int:
                return int((await client.info("commandstats"))["cmdstat_evalsha"]["calls"])

            trips = await store.run(ask, asyncio.Event().wait)
            print(f"round trips a call   {trips / calls:>12.2f}")
    return measured


def _rates(decks: int, rates: int, countries: list[str], rng: random.Random) -> RateBook:
    prices = [Price(Decimal(rng.randrange(1, 9999)) / 10000, 60) for _ in range(2000)]
    accounts = {f"vendor-{deck}": Tariff(f"vendor-{deck}", "USD") for deck in range(decks)}
    each = rates // decks
    return RateBook(
        {**accounts, "acme": Tariff("vendor-0", "USD")},
        {name: Deck(_prefixes(each, countries, rng, len(prices)), prices) for name in accounts},
    )


def _prefixes(
    count: int, countries: list[str], rng: random.Random, prices: int
) -> Iterator[tuple[str, int]]:
    for country in countries:
        yield country, rng.randrange(prices)
    for _ in range(count - len(countries)):
        area = str(rng.randrange(10 ** rng.randrange(2, 7)))
        yield rng.choice(countries) + area, rng.randrange(prices)


def _router(
    gateways: int, decks: int, countries: list[str], rates: RateBook, rng: random.Random
) -> Router:
    documents: dict[str, dict[str, BaseModel]] = {
        "MappingGateway": {
            "acme": MappingGatewaySpec.model_validate(
                {"account": "acme", "numbers": {"calleeDialPlan": "00:,0:44"}}
            )
        },
        "RoutingGateway": {
            f"gateway-{number}": RoutingGatewaySpec.model_validate(
                {
                    "account": f"vendor-{number % decks}",
                    "address": f"10.{number // 250}.{number % 250}.1:5060",
                    "prefixes": rng.sample(countries, 20),
                    "priority": rng.randrange(3),
                    "capacity": {"calls": 500},
                    "cost": {"checkRate": True, "leastCost": True},
                    "numbers": {"calleeDialPlan": "*:00"},
                }
            )
            for number in range(gateways)
        },
    }
    health, quality = MemoryHealth(), MemoryQuality()
    parameters = Parameters(cost_place=Place.BEFORE_PRIORITY)
    view = View(MemorySeats(), health, quality, build_snapshot(documents), rates, parameters)
    return Router(
        view,
        portability=Portability(view, HttpLrnServer(), lambda: NOW),
        rotation=MemoryRotation(),
        outcomes=Outcomes(health, quality, view),
        seeds=lambda: rng.getrandbits(63),
    )


def _resident() -> int:
    """Return the process's memory in bytes."""
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gateways", type=int, default=1000)
    parser.add_argument("--decks", type=int, default=200)
    parser.add_argument("--rates", type=int, default=1_000_000)
    parser.add_argument("--calls", type=int, default=5000)
    parser.add_argument("--redis", action="store_true", help="keep seats in Redis")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
