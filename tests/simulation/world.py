"""One run: a seed in, and at the end everything that the invariants look at."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

from support.network import Weather
from trunkline.billing.v1 import billing_pb2 as billing_pb
from trunkline.common.v1 import common_pb2 as common_pb
from trunkline.media.v1 import media_pb2 as media_pb
from trunkline_kernel.faults import TrunklineError
from trunkline_kernel.rpc import Channel, method_of
from trunkline_signaling.calls.cdr import Cdr
from trunkline_signaling.calls.session_timer import TimerParameters

from .agent import Agent
from .callers import Caller
from .config import CUSTOMERS, LINES, VENDORS, draw_configuration
from .faults import draw_spells, faulty
from .logbook import describe_exception, errors_of_the_product
from .loop import run_simulation
from .manners import Manners
from .phones import Phone
from .scenario import draw_caller
from .services import ControlPlane, control_plane
from .signaling import Life, Watcher
from .trace import Trace
from .vendors import Callee
from .wire import Wire

RATE: Final = 4.0
"""New calls a second."""
QUIET: Final = 1500.0
"""Seconds after the last call in which everything must have ended."""
LOOK: Final = 10.0
LINGER: Final = 150.0
"""Seconds after the last activity: leases have run out, late copies are forgotten."""
PAY: Final = method_of(
    billing_pb.DESCRIPTOR.services_by_name["BillingService"],
    "Pay",
    billing_pb.PayRequest,
    billing_pb.PayResponse,
    idempotent=True,
)


@dataclass(frozen=True)
class Plan:
    """How hard a run is."""

    seed: int
    calls: int = 250
    faults: bool = True
    """Services are away, slow or broken at times."""
    kills: bool = True
    """Signaling is killed at times."""
    storms: bool = True
    """The network loses, repeats and reorders."""
    to_phones: float = 0.4
    """Share of customers' calls that go to phones."""


@dataclass
class World:
    """All that the invariants look at."""

    plan: Plan
    trace: Trace
    callers: dict[str, Caller]
    callees: dict[str, Callee]
    plane: ControlPlane
    phones: dict[str, Phone] = field(default_factory=dict)
    life: Life | None = None
    manners: Manners = field(default_factory=Manners)
    began: dict[str, str] = field(default_factory=dict)
    """Call-ID header of leg A by the id of each call that began."""
    ended: dict[str, Cdr | None] = field(default_factory=dict)
    """CDR as signaling wrote it, by id; None for a call that never came about."""
    lost: dict[str, float] = field(default_factory=dict)
    """When signaling was killed in the middle of a call, by id."""
    kills: list[tuple[float, float]] = field(default_factory=list)
    """When signaling was killed and when it was back."""
    errors: list[str] = field(default_factory=list)
    started: float = 0.0
    ended_at: float = 0.0
    left: list[str] = field(default_factory=list)


def simulate(plan: Plan, folder: Path) -> World:
    """Run a plan to its end."""
    with errors_of_the_product() as errors:
        world = run_simulation(_run(plan, folder))
    world.errors.extend(errors)
    return world


async def _run(plan: Plan, folder: Path) -> World:
    loop = asyncio.get_running_loop()
    random = Random(f"simulation/{plan.seed}")
    trace = Trace()
    wire = Wire(Random(random.getrandbits(64)), Weather(), trace)
    configuration = draw_configuration(random)
    async with control_plane(folder, configuration, random) as plane:
        world = World(plan, trace, {}, {}, plane, started=loop.time())
        loop.set_exception_handler(
            lambda _, context: world.errors.append(describe_exception(context))
        )
        launch = plan.calls / RATE
        begins = loop.time() + 5.0
        spells = draw_spells(random, begins, begins + launch + 60, 30.0) if plan.faults else []
        channels = faulty(plane.channels, spells, Random(random.getrandbits(64)), trace)
        wire.weather = _weather(random, plan)
        _people(world, wire, random)
        signaling = _Signaling(world, folder, dict(channels), wire, random, configuration.timers)
        await signaling.start()
        living = [asyncio.create_task(phone.live()) for phone in world.phones.values()]
        await asyncio.sleep(begins - loop.time())  # media has been looked at by now
        async with asyncio.TaskGroup() as tasks:
            if plan.kills:
                tasks.create_task(signaling.be_killed(random.choice((0, 1, 1, 2)), launch))
            tasks.create_task(_pay(plane.channels["billing"], Random(plan.seed), launch))
            tasks.create_task(_call(world, random))
        await _until_quiet(world)
        for task in living:
            task.cancel()
        await asyncio.sleep(LINGER)
        assert world.life is not None
        world.left = world.life.left()
        await world.life.close()
        world.ended_at = loop.time()
    return world


class _Signaling:
    """Who starts signaling, and kills it."""

    def __init__(
        self,
        world: World,
        folder: Path,
        channels: dict[str, Channel],
        wire: Wire,
        random: Random,
        timers: TimerParameters,
    ) -> None:
        self._world = world
        self._timers = timers
        self._file = folder / "outbox.db"
        self._channels = channels
        self._wire = wire
        self._random = Random(random.getrandbits(64))
        self._watcher = Watcher(self._began, self._ended)

    async def start(self) -> None:
        """Begin a life."""
        life = Life(
            self._channels,
            self._file,
            self._wire,
            self._random,
            self._watcher,
            self._world.manners,
            self._timers,
        )
        await life.begin()
        self._world.life = life

    async def be_killed(self, times: int, within: float) -> None:
        """Kill it some times, and start it again each time."""
        loop = asyncio.get_running_loop()
        moments = sorted(self._random.uniform(2.0, within) for _ in range(times))
        began = loop.time()
        for moment in moments:
            await asyncio.sleep(max(began + moment - loop.time(), 0.0))
            life = self._world.life
            assert life is not None
            killed = loop.time()
            self._world.lost.update(dict.fromkeys(life.switch.calls, killed))
            await life.kill()
            await asyncio.sleep(self._random.choice((0.5, 3.0, 8.0)))
            await self.start()
            self._world.kills.append((killed, loop.time()))

    def _began(self, call_id: str, sip_call_id: str) -> None:
        self._world.began[call_id] = sip_call_id

    def _ended(self, call_id: str, cdr: Cdr | None) -> None:
        if call_id in self._world.ended:
            self._world.errors.append(f"call {call_id} ended twice")
        self._world.ended[call_id] = cdr


def _weather(random: Random, plan: Plan) -> Weather:
    if not plan.storms:
        return Weather()
    slowest = random.choice((0.002, 0.05, 0.3))
    return Weather(
        loss=random.choice((0.0, 0.02, 0.1)),
        duplication=random.choice((0.0, 0.05)),
        min_delay=0.001,
        max_delay=slowest,
    )


def _people(world: World, wire: Wire, random: Random) -> None:
    """Put the customers and vendors where they belong."""

    def vanished(number: str, agent: Agent) -> None:
        _tell_media(world, random, number, isinstance(agent, Caller) and number in agent.placed)

    for customer in CUSTOMERS:
        generator = Random(random.getrandbits(64))
        world.callers[customer.name] = Caller(customer, wire, generator, vanished)
    for vendor in VENDORS:
        generator = Random(random.getrandbits(64))
        seed = f"callee/{world.plan.seed}"
        world.callees[vendor.name] = Callee(vendor, seed, wire, generator, vanished)
    for line in LINES:
        generator = Random(random.getrandbits(64))
        seed = f"phone/{world.plan.seed}"
        phone = Phone(line, seed, wire, generator, vanished, world.phones)
        world.callers[line.name] = world.callees[line.name] = world.phones[line.name] = phone


def _tell_media(world: World, random: Random, number: str, caller: bool) -> None:
    """Let media notice, after its limit, that an endpoint sends no packet any more."""
    leg = media_pb.LEG_NAME_A if caller else media_pb.LEG_NAME_B

    def notice() -> None:
        life = world.life
        calls = life.switch.calls.values() if life is not None else ()
        for call in list(calls):
            if number in (call.cdr.callee, call.cdr.caller_access):
                world.plane.media.fall_silent(call.id, leg)

    asyncio.get_running_loop().call_later(30.0 + random.random(), notice)


async def _call(world: World, random: Random) -> None:
    """Place all calls, each when its script says."""
    loop = asyncio.get_running_loop()
    began, starts = loop.time(), 0.0
    for index in range(world.plan.calls):
        number = f"44{world.plan.seed % 10_000:04}{index:06}"
        starts += random.expovariate(RATE)
        draws = Random(f"caller/{world.plan.seed}/{index}")
        script = draw_caller(draws, number, starts, world.plan.to_phones)
        await asyncio.sleep(max(began + starts - loop.time(), 0.0))
        world.callers[script.customer.name].place(script)


async def _pay(billing: Channel, random: Random, within: float) -> None:
    """Put money on an account now and then; some payments are asked for twice."""
    ends = asyncio.get_running_loop().time() + within
    serial = 0
    while asyncio.get_running_loop().time() < ends:
        await asyncio.sleep(random.uniform(5.0, 20.0))
        serial += 1
        request = billing_pb.PayRequest(
            request_id=f"payment-{serial}",
            account="poor",
            amount=common_pb.Money(
                amount=f"{random.randrange(100, 900) / 100:.2f}", currency="USD"
            ),
        )
        for _ in range(random.choice((1, 2))):
            try:
                await billing.call(PAY, request, timeout=5.0)
            except TrunklineError:
                continue


async def _until_quiet(world: World) -> None:
    """Wait until nobody holds anything any more."""
    loop = asyncio.get_running_loop()
    limit = loop.time() + QUIET
    while loop.time() < limit and _busy(world):  # noqa: ASYNC110  nobody tells us of quiet
        await asyncio.sleep(LOOK)


def _busy(world: World) -> bool:
    life: Any = world.life
    return bool(life.switch.calls or world.plane.till.reservations or life.outbox.delivery.depth)
