"""CPU microseconds per packet of the relay, beside rtpengine in user space and a minimal C relay.

    benches/relay.py [--calls 400] [--secs 5] [--runs 3] [--only engine,kernel,rtpengine,floor]
    benches/relay.py --only engine,xor,rc4,aes128
    benches/relay.py --one-way --only engine,srtp,srtp-gcm
    benches/relay.py --calls 150 --only g729
    benches/relay.py --most --only aes128,rtpengine
    benches/relay.py --only loop-connected,loop-by-address,loop-batches,loop-until-empty

Every relay has core 1 to itself, the generator core 0; all of them run in turn, so a noisy minute
hits all alike. G.711 in packets of 20 ms, both ways: 100 packets a second for each call. CPU is
that of the relay's threads over the window, divided by the packets that came through. "kernel" is
the engine with its kernel path (as root), where a packet costs whoever sends it. So each run also
measures the generator sending to itself: what it and a relay take together beyond that is the CPU
that relaying adds. The kernel charges the way through loopback to the sender, unless it was built
with IRQ_TIME_ACCOUNTING. A real network's way out is not in it.
25 s of 400 calls are a million packets: a relay whose memory grows in that leaks.

The ciphers encrypt leg B; what the generator sends there as it is deciphers to noise, at the same
cost. But SRTP would refuse it, so there only callers send (--one-way). With g729, leg B is
converted. --most looks for the highest number of calls with a loss under 0.1 % and a latency of
p99 under 5 ms. On a machine that has other work, --realtime lets the relay and the generator run
before it (SCHED_FIFO, which needs root); what both leave of the two cores is for the rest.
The loops in C are those that docs/adr/0007 chose among; loop-ring is io_uring's and needs Debian's
liburing-dev. Needs a C compiler, and Debian's rtpengine-daemon for the peer.
"""

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import rtpengine as peer

SOURCES: Final = Path(__file__).parent / "rtp"
CALLER_PORT, CALLEE_PORT = 20000, 20002
RELAY_CORE, GENERATOR_CORE = 1, 0
FIRST_RELAY_PORT, LAST_RELAY_PORT = 24000, 39999
LOOPBACK: Final = peer.LOOPBACK
REALTIME: Final = ("chrt", "--fifo", "10")

MOST_LOSS, MOST_DELAY = 0.1, 5000
"""Per cent, and microseconds at p99, at which a relay is full."""
MOST_GENERATOR: Final = 95
"""Per cent of its core at which the generator has no more to give."""
PRECISION: Final = 0.04
"""Of the highest number of calls."""

PortMap = list[tuple[int, int]]
"""For each call, where the caller and where the callee sends."""
Measured = dict[str, Any]


def build(folder: Path) -> None:
    """Compile the generator and the floor."""
    for name in ("rtpload", "crelay"):
        source = SOURCES / f"{name}.c"
        subprocess.run(["cc", "-O2", "-w", "-o", folder / name, source], check=True)


@contextmanager
def process(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """Run `command` on the relay's core until the block ends."""
    pinned = ["taskset", "-c", str(RELAY_CORE), *command]
    running = subprocess.Popen(pinned, text=True, stderr=subprocess.DEVNULL, **options)
    try:
        yield running
    finally:
        running.terminate()
        running.wait(10)


ENGINE: Final = """
import sys, trunkline_engine as engine
path = ["lo"] if sys.argv[6] == "kernel" else []
relay = engine.Engine(["127.0.0.1"], int(sys.argv[2]), int(sys.argv[3]), kernel_path=path)
def leg(port, *voice):
    return engine.LegSettings(
        remote=("127.0.0.1", int(port)), voice=engine.VoiceFormat(*voice) if voice else None
    )
protection = engine.Protection
ciphers = {
    "xor": lambda: protection.xor(bytes(range(16))),
    "rc4": lambda: protection.rc4(bytes(range(16))),
    "aes128": lambda: protection.aes128(bytes(range(16))),
    "srtp": lambda: protection.srtp("AES_CM_128_HMAC_SHA1_80", bytes(30), bytes(30)),
    "srtp-gcm": lambda: protection.srtp("AEAD_AES_128_GCM", bytes(28), bytes(28)),
}
voices = (("PCMA", 8), ("G729", 18)) if sys.argv[6] == "g729" else ((), ())
for _ in range(int(sys.argv[1])):
    session, a, b = relay.open(leg(sys.argv[4], *voices[0]), leg(sys.argv[5], *voices[1]))
    if sys.argv[6] in ciphers:
        relay.protect(session, engine.Side.B, ciphers[sys.argv[6]]())
    print(a, b, flush=False)
print("ready", flush=True)
sys.stdin.read()
"""


@contextmanager
def engine(
    wrapper: Sequence[str], calls: int, _: Path, leg_b: str = ""
) -> Iterator[tuple[int, PortMap]]:
    """Our relay, one thread, without the service around it.

    Leg B may be encrypted or converted, or both legs be relayed in the kernel.
    """
    ports = (FIRST_RELAY_PORT, LAST_RELAY_PORT, CALLER_PORT, CALLEE_PORT)
    command = [*wrapper, sys.executable, "-c", ENGINE, str(calls), *map(str, ports), leg_b]
    with process(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        lines = [line.split() for line in iter(running.stdout.readline, "ready\n")]
        yield running.pid, [(int(a), int(b)) for a, b in lines]


@contextmanager
def floor(
    wrapper: Sequence[str], calls: int, folder: Path, mode: str = "epoll"
) -> Iterator[tuple[int, PortMap]]:
    """The minimal relay in C; in its modes "tick" and "raw" it collects for 200 us."""
    ports = (FIRST_RELAY_PORT, CALLER_PORT, CALLEE_PORT)
    command = [*wrapper, str(folder / "crelay"), mode, *map(str, ports), "120", str(calls), "200"]
    with process(command, stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        running.stdout.readline()
        first = FIRST_RELAY_PORT
        yield running.pid, [(first + 2 * call, first + 2 * call + 1) for call in range(calls)]


@contextmanager
def loop(
    wrapper: Sequence[str], calls: int, folder: Path, flags: str
) -> Iterator[tuple[int, PortMap]]:
    """Another loop in C: `loops.c` with `flags`, or `ring.c` without."""
    name, libraries = ("loops", ()) if flags else ("ring", ("-luring",))
    binary = str(folder / name)
    compile_command = ["cc", "-O2", "-o", binary, str(SOURCES / f"{name}.c"), *libraries]
    subprocess.run(compile_command, check=True)
    ports = (FIRST_RELAY_PORT, CALLER_PORT, CALLEE_PORT)
    command = [*wrapper, binary, *([flags] if flags else []), *map(str, ports), str(calls)]
    with process(command, stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        running.stdout.readline()
        first = FIRST_RELAY_PORT
        yield running.pid, [(first + 2 * call, first + 2 * call + 1) for call in range(calls)]


@contextmanager
def rtpengine(wrapper: Sequence[str], calls: int, _: Path) -> Iterator[tuple[int, PortMap]]:
    """The peer, one thread, no kernel module."""
    control = peer.free_address()
    command = [*wrapper, *peer.command(control, FIRST_RELAY_PORT, 60000)]
    client = peer.NgClient(control, CALLER_PORT, CALLEE_PORT)
    with process(command, stdout=subprocess.DEVNULL) as running, client:
        yield running.pid, [client.open(index) for index in range(calls)]


@contextmanager
def direct(_: Sequence[str], calls: int, __: Path) -> Iterator[tuple[int, PortMap]]:
    """No relay: the generator sends to itself."""
    with process(["sleep", "infinity"]) as running:
        yield running.pid, [(CALLEE_PORT, CALLER_PORT)] * calls


Relay = Callable[[Sequence[str], int, Path], AbstractContextManager[tuple[int, PortMap]]]

KERNEL: Final = "kernel"
PEERS: Final = ("engine", KERNEL, "rtpengine", "floor")
LEGS_B: Final = (KERNEL, "xor", "rc4", "aes128", "srtp", "srtp-gcm", "g729")
LOOPS: Final = {
    "loop-connected": "f",
    "loop-by-address": "uf",
    "loop-batches": "ueb",
    "loop-until-empty": "efd",
    "loop-read-once": "ef",
    "loop-ring": "",
}
RELAYS: Final[Mapping[str, Relay]] = {
    "engine": engine,
    "rtpengine": rtpengine,
    "floor": floor,
    "direct": direct,
    **{leg_b: partial(engine, leg_b=leg_b) for leg_b in LEGS_B},
    **{name: partial(loop, flags=flags) for name, flags in LOOPS.items()},
    **{f"loop-{mode}": partial(floor, mode=mode) for mode in ("tick", "raw")},
}


class Bench:
    """Measures relays, one at a time."""

    def __init__(self, folder: Path, arguments: argparse.Namespace) -> None:
        self._folder = folder
        self._seconds: float = arguments.secs
        self._one_way: bool = arguments.one_way
        self._wrapper: Sequence[str] = REALTIME if arguments.realtime else ()

    def measure(self, name: str, calls: int) -> Measured:
        """Send `calls` calls through a relay and return what the generator measured."""
        with RELAYS[name](self._wrapper, calls, self._folder) as (pid, ports):
            before = resident_kilobytes(pid)
            measured = self._load(pid, ports, g729=name == "g729")
            return measured | {"growth_kb": resident_kilobytes(pid) - before}

    def most(self, name: str, calls: int) -> Measured:
        """Return what was measured with the most calls that a relay carries."""
        best: Measured = {}
        enough: int | None = None
        while enough is None or enough - calls > PRECISION * calls:
            if not calls:
                raise SystemExit(f"{name} carries no call in time: the machine is too busy")
            measured = self._kept_up(name, calls)
            print(f"  {name}: {calls} calls{'' if measured else ' are too many'}", file=sys.stderr)
            if measured is None:
                enough = calls
            else:
                best = measured
                if best["gen_core_pct"] > MOST_GENERATOR:
                    return best | {"generator_full": True}
            calls = next_guess(best, enough)
        return best

    def _kept_up(self, name: str, calls: int) -> Measured | None:
        """Return what was measured. None: the relay was full, twice in a row."""
        for _ in range(2):
            measured = self.measure(name, calls)
            if not is_full(measured):
                return measured
        return None

    def _load(self, pid: int, ports: PortMap, *, g729: bool) -> Measured:
        table = self._folder / "ports"
        table.write_text("".join(f"{a} {b}\n" for a, b in ports))
        command = [*self._wrapper, str(self._folder / "rtpload"), "--calls", str(len(ports))]
        command += ["--map", str(table), "--aport", str(CALLER_PORT), "--bport", str(CALLEE_PORT)]
        command += ["--secs", str(self._seconds), "--warm", "2", "--cpu", str(GENERATOR_CORE)]
        command += ["--apt", "8", "--bpt", "18" if g729 else "8"]
        command += ["--asize", "160", "--bsize", "20" if g729 else "160", "--watch", str(pid)]
        command += ["--oneway"] if self._one_way else []
        result: Measured = json.loads(subprocess.check_output(command, timeout=90))
        return result


def is_full(measured: Measured) -> bool:
    """Return whether a relay has lost or delayed more than it may."""
    late: float = measured["lat_us"]["p99"]
    lost: float = measured["loss_pct"]
    return lost >= MOST_LOSS or late >= MOST_DELAY


def next_guess(best: Measured, enough: int | None) -> int:
    """Return how many calls to try, from the best so far and what was too many."""
    if enough is None:
        fitting = best["calls"] * 95 / best["relay_core_pct"]
        return int(max(1.1 * best["calls"], min(2 * best["calls"], fitting)))
    return (best["calls"] + enough) // 2 if best else enough // 2


def whole_cost(measured: Measured) -> float:
    """Return the CPU microseconds a packet of the generator and the relay."""
    microseconds: float = 1e6 * (measured["gen_cpu_s"] + measured["relay_cpu_s"])
    packets: int = measured["rx"]
    return microseconds / max(packets, 1)


def resident_kilobytes(pid: int) -> int:
    """Return how much memory a process has in use."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1024


def main() -> None:
    """Run every relay in turn, as often as asked, and print medians."""
    arguments = _arguments()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # six sockets a call
    names = [name for name in arguments.only.split(",") if _available(name)]
    results: dict[str, list[Measured]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder))
        bench = Bench(Path(folder), arguments)
        for _ in range(arguments.runs):
            if arguments.most:
                for name in names:
                    results[name].append(bench.most(name, arguments.calls))
                continue
            without = whole_cost(bench.measure("direct", arguments.calls))
            for name in names:
                measured = bench.measure(name, arguments.calls)
                added = whole_cost(measured) - without
                results[name].append(measured | {"added_us_per_pkt": added})
    _print(arguments, results)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=400, help="with --most: the first guess")
    parser.add_argument("--secs", type=float, default=5)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default=",".join(PEERS))
    parser.add_argument("--one-way", action="store_true")
    parser.add_argument("--most", action="store_true")
    parser.add_argument("--realtime", action="store_true")
    return parser.parse_args()


def _available(name: str) -> bool:
    if name == "rtpengine" and shutil.which("rtpengine") is None:
        print("rtpengine is not installed (Debian: rtpengine-daemon); measured without it")
        return False
    return True


def _print(arguments: argparse.Namespace, results: dict[str, list[Measured]]) -> None:
    calls = "most" if arguments.most else str(arguments.calls)
    ways = "one way" if arguments.one_way else "both ways"
    print(f"{calls} calls, G.711 20 ms, {ways}; medians [least..greatest]")
    print(
        "| relay | calls | us CPU a packet | added on the machine | core % | calls by CPU | loss % "
        "| latency p50 / p99 us | memory grew kB |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, runs in results.items():
        print(f"| {name} | {_row(name, runs)} |")


def _row(name: str, runs: Sequence[Measured]) -> str:
    added = [run["added_us_per_pkt"] for run in runs if "added_us_per_pkt" in run]
    core = _median(runs, "relay_core_pct")
    calls = _median(runs, "calls")
    limit = " (the generator has no more)" if any("generator_full" in run for run in runs) else ""
    delays = [statistics.median(run["lat_us"][point] for run in runs) for point in ("p50", "p99")]
    return " | ".join(
        (
            f"{calls:.0f}{limit}",
            _range([run["relay_us_per_pkt"] for run in runs]),
            _range(added) if added else "-",
            f"{core:.0f}",
            f"{100 * calls / core:.0f}" if core and name != KERNEL else "-",  # it is no process's
            f"{max(run['loss_pct'] for run in runs):.3f}",
            f"{delays[0]:.0f} / {delays[1]:.0f}",
            f"{max(run['growth_kb'] for run in runs)}",
        )
    )


def _range(costs: Sequence[float]) -> str:
    return f"{statistics.median(costs):.2f} [{min(costs):.2f}..{max(costs):.2f}]"


def _median(runs: Sequence[Measured], name: str) -> float:
    return statistics.median(float(run[name]) for run in runs)


if __name__ == "__main__":
    main()
