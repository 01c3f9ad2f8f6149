"""Complete calls through whole switches, SIPp to SIPp: CPU a call, delay added, most calls.

    python benches/whole_switch.py [--peers trunkline,trunkline-relay,kamailio,...] [--rate 100]
                                   [--seconds 8] [--runs 3] [--probe 200] [--max] [--talk 0]

Peers: direct (no switch), trunkline, trunkline-stores (on PostgreSQL and Redis, whose own CPU is
not counted), trunkline-relay, trunkline-relay-2 and -4 (so many media instances), kamailio,
kamailio-rtpengine, sippy. All run on this machine beside both SIPps, on all its cores.
CPU is that of every process of the peer over the run, divided by the calls. `--probe`
times single calls from INVITE to 180 in microseconds while SIPp keeps up the load. `--max` looks
for the highest rate without a failed call and without a retransmission. With `--talk` a call lasts
so many seconds and carries 50 packets a second each way; CPU is then that of calls with voice.
sippy is no dependency of ours: `uv pip install sippy` beside it.
"""

import argparse
import csv
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))

from processes import start, stop  # noqa: E402
from sip.peers import Direct, Kamailio, KamailioRtpengine, Peer, Sippy  # noqa: E402
from sip.trunkline import (  # noqa: E402
    Trunkline,
    TrunklineRelay,
    TrunklineRelayBy2,
    TrunklineRelayBy4,
    TrunklineStores,
)
from support.ports import free_port  # noqa: E402

PEERS: dict[str, type[Peer]] = {
    "direct": Direct,
    "trunkline": Trunkline,
    "trunkline-stores": TrunklineStores,
    "trunkline-relay": TrunklineRelay,
    "trunkline-relay-2": TrunklineRelayBy2,
    "trunkline-relay-4": TrunklineRelayBy4,
    "kamailio": Kamailio,
    "kamailio-rtpengine": KamailioRtpengine,
    "sippy": Sippy,
}

CALLER, CALLEE = "127.0.0.1", "127.0.0.2"
"""Two addresses, as a switch sends no call back to where it came from."""

CALLEE_MEDIA = "6002"
"""Port at which the callee sends voice back, as its scenario says."""

CLOSE_ENOUGH = 0.08
"""The search for the highest rate ends when the bounds are this near to each other."""


@dataclass
class Result:
    """One run."""

    peer: str
    rate: int
    calls: int
    failed: int
    retransmissions: int
    cpu_ms_a_call: dict[str, float]
    delay_ms: dict[str, float] = field(default_factory=dict)

    @property
    def total_cpu_ms(self) -> float:
        """CPU of all processes of the peer, milliseconds a call."""
        return sum(self.cpu_ms_a_call.values())

    @property
    def clean(self) -> bool:
        """Whether every call came through without a repetition."""
        return not self.failed and not self.retransmissions


@dataclass(frozen=True)
class Load:
    """What a peer is put under."""

    rate: int
    """Calls a second."""
    seconds: float
    """How long new calls come."""
    probe: int = 0
    """Single calls whose delay is timed."""
    talk: float = 0
    """Seconds of voice in a call; 0 is a tenth of a second of silence."""

    @property
    def limit(self) -> int:
        """Seconds after which a run is given up."""
        return int(self.seconds * 2 + self.talk + 40)


def run(name: str, load: Load) -> Result:
    """Start a peer, send it calls, stop it."""
    callee_port = free_port()
    with tempfile.TemporaryDirectory(prefix="trunkline-bench-") as folder:
        echo = ["-rtp_echo", "-mi", CALLEE, "-mp", CALLEE_MEDIA] if load.talk else []
        scenario = HERE / "sip" / "callee.xml"
        callee = start([*sipp(scenario, CALLEE, callee_port, load), *echo], Path(folder))
        try:
            peer = PEERS[name](callee_port)
            try:
                return measure(name, peer, Path(folder), load)
            finally:
                peer.stop()
        finally:
            stop([callee])


def measure(name: str, peer: Peer, folder: Path, load: Load) -> Result:
    """Send calls to a running peer."""
    rate, probe = load.rate, load.probe
    calls, before = int(rate * load.seconds), peer.cpu()
    caller = start(
        [
            *sipp(caller_scenario(folder, load), CALLER, free_port(), load),
            f"{peer.host}:{peer.port}",
            "-s", "442071838750", "-mi", CALLER,
            "-r", str(rate), "-m", str(calls), "-d", str(int(load.talk * 1000) or 100),
            "-l", str(int(max(200, rate * (4 + load.talk)))),
            "-trace_stat", "-stf", "statistics.csv", "-fd", "1",
        ],
        folder,
    )  # fmt: skip
    delay: dict[str, float] = {}
    if probe:
        time.sleep(1)
        delay = probe_delay(peer, probe)
    caller.wait(load.limit)
    time.sleep(0.5)  # the last CDRs
    after = peer.cpu()
    with (folder / "statistics.csv").open() as file:
        row = list(csv.DictReader(file, delimiter=";"))[-1]
    done = int(row["SuccessfulCall(C)"]) + (probe if delay else 0)
    return Result(
        name,
        rate,
        calls,
        calls - int(row["SuccessfulCall(C)"]),
        int(row["Retransmissions(C)"]),
        {part: (after[part] - before[part]) * 1000 / max(done, 1) for part in after},
        delay,
    )


def sipp(scenario: Path, host: str, port: int, load: Load) -> list[str]:
    """Return the command line of one SIPp."""
    return [
        "sipp", "-sf", str(scenario), "-i", host, "-p", str(port),
        "-nostdin", "-timeout", str(load.limit + 20), "-buff_size", "8388608",
    ]  # fmt: skip


def caller_scenario(folder: Path, load: Load) -> Path:
    """Return the caller's scenario, which sends voice while it talks if it is to."""
    scenario = HERE / "sip" / "caller.xml"
    if not load.talk:
        return scenario
    (folder / "voice.alaw").write_bytes(b"\xd5" * 8000)
    talking = folder / "caller.xml"
    voice = '<nop><action><exec rtp_stream="voice.alaw,-1,8,PCMA/8000"/></action></nop>'
    silent = scenario.read_text()
    talking.write_text(
        silent.replace("audio 6000", "audio [rtpstream_audio_port]").replace(
            "<pause/>", f"{voice}<pause/>"
        )
    )
    return talking


def probe_delay(peer: Peer, calls: int) -> dict[str, float]:
    """Return quantiles of INVITE to 180 in milliseconds."""
    script = str(HERE / "sip" / "probe.py")
    ended = subprocess.run(
        [sys.executable, script, peer.host, str(peer.port), str(calls)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    figures: dict[str, float] = json.loads(ended.stdout)
    return figures


def highest_rate(name: str, seconds: float) -> Result | None:
    """Return the run at the highest rate that was clean, or None when none was."""
    rate, low, high, best = 50, 0, 0, None
    while not high or high - low > CLOSE_ENOUGH * high:
        result = run(name, Load(rate, seconds))
        if not result.clean and result.failed + result.retransmissions < result.calls // 100:
            result = run(name, Load(rate, seconds))  # one slip of a noisy machine is forgiven
        show(result)
        if result.clean:
            low, best = rate, result
        else:
            high = rate
        rate = (low + high) // 2 if high else int(rate * 1.5)
        if rate <= 5:
            break
    return best


def show(result: Result) -> None:
    """Print one run as a line."""
    parts = "  ".join(f"{part} {ms:.2f}" for part, ms in result.cpu_ms_a_call.items())
    delay = f"  to 180: {result.delay_ms}" if result.delay_ms else ""
    print(
        f"{result.peer:20s} {result.rate:5d}/s  failed {result.failed}"
        f"  retransmitted {result.retransmissions}  CPU {result.total_cpu_ms:.2f} ms a call"
        f"  ({parts}){delay}",
        flush=True,
    )


def summarise(results: Iterable[Result]) -> None:
    """Print the medians of one peer's runs."""
    results = list(results)
    cpu = [result.total_cpu_ms for result in results]
    print(
        f"# {results[0].peer}: CPU {statistics.median(cpu):.2f} ms a call"
        f" [{min(cpu):.2f}..{max(cpu):.2f}] at {results[0].rate}/s,"
        f" {sum(result.failed for result in results)} failed",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", default="trunkline,trunkline-relay,kamailio,kamailio-rtpengine")
    parser.add_argument("--rate", type=int, default=100, help="calls a second")
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--probe", type=int, default=200, help="single calls timed in each run")
    parser.add_argument("--talk", type=float, default=0, help="seconds of voice in a call")
    parser.add_argument("--max", action="store_true", help="look for the highest clean rate")
    options = parser.parse_args()
    load = Load(options.rate, options.seconds, options.probe, options.talk)
    for name in options.peers.split(","):
        if options.max:
            best = highest_rate(name, options.seconds)
            print(f"# {name}: most calls a second {best.rate if best else 0}", flush=True)
            continue
        results = []
        for _ in range(options.runs):
            results.append(run(name, load))
            show(results[-1])
        summarise(results)


if __name__ == "__main__":
    main()
