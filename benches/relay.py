"""CPU microseconds per packet of the relay, beside rtpengine in user space and a minimal C relay.

    benches/relay.py [--calls 400] [--secs 5] [--runs 3] [--only engine,rtpengine,floor]
    benches/relay.py --one-way --only engine,xor,rc4,aes128,srtp,srtp-gcm

Every relay has core 1 to itself, the generator core 0; all of them run in turn, so a noisy minute
hits all alike. G.711 in packets of 20 ms, both ways: 100 packets a second for each call. CPU is
utime + stime of the relay's process over the window, divided by the packets that came through.
25 s of 400 calls are a million packets: a relay whose memory grows in that leaks.
With --one-way, only callers send: so a leg that encrypts what it sends can be measured, which the
generator could not answer.
Needs a C compiler, and Debian's rtpengine-daemon for the peer.
"""

import argparse
import json
import os
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

SOURCES = Path(__file__).parent / "rtp"
CALLER_PORT, CALLEE_PORT = 20000, 20002
RELAY_CORE, GENERATOR_CORE = 1, 0
FIRST_RELAY_PORT, LAST_RELAY_PORT = 24000, 39999
LOOPBACK = "127.0.0.1"

PortMap = list[tuple[int, int]]
"""For each call, where the caller and where the callee sends."""


def build(folder: Path) -> None:
    """Compile the generator and the floor."""
    for name in ("rtpload", "crelay"):
        source = SOURCES / f"{name}.c"
        subprocess.run(["cc", "-O2", "-w", "-o", folder / name, source], check=True)


@contextmanager
def process(command: list[str], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """Run `command` on the relay's core until the block ends."""
    pinned = ["taskset", "-c", str(RELAY_CORE), *command]
    running = subprocess.Popen(pinned, text=True, stderr=subprocess.DEVNULL, **options)
    try:
        yield running
    finally:
        running.terminate()
        running.wait(10)


ENGINE = """
import sys, trunkline_engine as engine
relay = engine.Engine(["127.0.0.1"], int(sys.argv[2]), int(sys.argv[3]))
def leg(port):
    return engine.LegSettings(remote=("127.0.0.1", int(port)))
protection = engine.Protection
ciphers = {
    "xor": lambda: protection.xor(bytes(range(16))),
    "rc4": lambda: protection.rc4(bytes(range(16))),
    "aes128": lambda: protection.aes128(bytes(range(16))),
    "srtp": lambda: protection.srtp("AES_CM_128_HMAC_SHA1_80", bytes(30), bytes(30)),
    "srtp-gcm": lambda: protection.srtp("AEAD_AES_128_GCM", bytes(28), bytes(28)),
}
for _ in range(int(sys.argv[1])):
    session, a, b = relay.open(leg(sys.argv[4]), leg(sys.argv[5]))
    if sys.argv[6] in ciphers:
        relay.protect(session, engine.Side.B, ciphers[sys.argv[6]]())
    print(a, b, flush=False)
print("ready", flush=True)
sys.stdin.read()
"""


@contextmanager
def engine(calls: int, _: Path, cipher: str = "") -> Iterator[tuple[int, PortMap]]:
    """Our relay, one thread, without the service around it; leg B may be encrypted."""
    ports = (FIRST_RELAY_PORT, LAST_RELAY_PORT, CALLER_PORT, CALLEE_PORT)
    command = [sys.executable, "-c", ENGINE, str(calls), *map(str, ports), cipher]
    with process(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        lines = [line.split() for line in iter(running.stdout.readline, "ready\n")]
        yield running.pid, [(int(a), int(b)) for a, b in lines]


@contextmanager
def floor(calls: int, folder: Path) -> Iterator[tuple[int, PortMap]]:
    """The minimal relay in C."""
    ports = (FIRST_RELAY_PORT, CALLER_PORT, CALLEE_PORT)
    command = [str(folder / "crelay"), "epoll", *map(str, ports), "120", str(calls)]
    with process(command, stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        running.stdout.readline()
        first = FIRST_RELAY_PORT
        yield running.pid, [(first + 2 * call, first + 2 * call + 1) for call in range(calls)]


@contextmanager
def rtpengine(calls: int, _: Path) -> Iterator[tuple[int, PortMap]]:
    """The peer, one thread, no kernel module."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((LOOPBACK, 0))
        control = (LOOPBACK, probe.getsockname()[1])
    command = ["rtpengine", "-f", "-E", "-L", "1", "--table=-1", f"--interface={LOOPBACK}"]
    command += [f"--listen-ng={control[0]}:{control[1]}", "--num-threads=1", "--delete-delay=0"]
    command += [f"--port-min={FIRST_RELAY_PORT}", "--port-max=65000", "--timeout=600"]
    with process(command, stdout=subprocess.DEVNULL) as running, NgClient(control) as client:
        yield running.pid, [client.call(index) for index in range(calls)]


class NgClient:
    """Just enough of rtpengine's control protocol to set calls up."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect(address)
        self._cookie = 0

    def __enter__(self) -> "NgClient":
        self._socket.settimeout(0.2)
        for _ in range(50):
            try:
                self._ask({"command": "ping"})
            except OSError:
                time.sleep(0.1)
                continue
            self._socket.settimeout(5)
            return self
        raise SystemExit("rtpengine does not answer")

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def call(self, index: int) -> tuple[int, int]:
        """Set one call up and return where caller and callee send."""
        common: dict[str, Any] = {
            "call-id": f"call-{index}",
            "from-tag": f"f{index}",
            "ICE": "remove",
        }
        common |= {"flags": ["trust-address"], "replace": ["origin"]}
        offer = self._ask(common | {"command": "offer", "sdp": _sdp(CALLER_PORT)})
        answer = {"command": "answer", "sdp": _sdp(CALLEE_PORT), "to-tag": f"t{index}"}
        return _sdp_port(self._ask(common | answer)), _sdp_port(offer)

    def _ask(self, request: dict[str, Any]) -> bytes:
        self._cookie += 1
        cookie = f"{os.getpid()}_{self._cookie} ".encode()
        self._socket.send(cookie + _bencode(request))
        while not (reply := self._socket.recv(65535)).startswith(cookie):
            continue
        return reply


def _bencode(value: Any) -> bytes:
    if isinstance(value, str):
        return f"{len(value)}:{value}".encode()
    if isinstance(value, list):
        return b"l" + b"".join(map(_bencode, value)) + b"e"
    return b"d" + b"".join(_bencode(k) + _bencode(v) for k, v in sorted(value.items())) + b"e"


def _sdp(port: int) -> str:
    return (
        f"v=0\r\no=- 1 1 IN IP4 {LOOPBACK}\r\ns=-\r\nc=IN IP4 {LOOPBACK}\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=sendrecv\r\n"
    )


def _sdp_port(reply: bytes) -> int:
    return int(reply.split(b"m=audio ")[1].split(b" ")[0])


def load(
    folder: Path, pid: int, ports: PortMap, seconds: float, *, one_way: bool
) -> dict[str, Any]:
    """Send through the relay and return what the generator measured."""
    table = folder / "ports"
    table.write_text("".join(f"{a} {b}\n" for a, b in ports))
    command = [str(folder / "rtpload"), "--calls", str(len(ports)), "--map", str(table)]
    command += ["--aport", str(CALLER_PORT), "--bport", str(CALLEE_PORT), "--watch", str(pid)]
    command += ["--secs", str(seconds), "--warm", "1", "--cpu", str(GENERATOR_CORE)]
    command += ["--oneway", "--opaque"] if one_way else []
    before = resident_kilobytes(pid)
    result: dict[str, Any] = json.loads(subprocess.check_output(command, timeout=seconds + 60))
    return result | {"growth_kb": resident_kilobytes(pid) - before}


def resident_kilobytes(pid: int) -> int:
    """Return how much memory a process has in use."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1024


PEERS = ("engine", "rtpengine", "floor")
CIPHERS = ("xor", "rc4", "aes128", "srtp", "srtp-gcm")
RELAYS = {"engine": engine, "rtpengine": rtpengine, "floor": floor} | {
    cipher: partial(engine, cipher=cipher) for cipher in CIPHERS
}


def main() -> None:
    """Run every relay in turn, as often as asked, and print medians."""
    arguments = _arguments()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # four sockets a call
    names = [name for name in arguments.only.split(",") if _available(name)]
    results: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder))
        for _ in range(arguments.runs):
            for name in names:
                with RELAYS[name](arguments.calls, Path(folder)) as (pid, ports):
                    measured = load(
                        Path(folder), pid, ports, arguments.secs, one_way=arguments.one_way
                    )
                    results[name].append(measured)
    _print(arguments, results)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=400)
    parser.add_argument("--secs", type=float, default=5)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default=",".join(PEERS))
    parser.add_argument("--one-way", action="store_true")
    return parser.parse_args()


def _available(name: str) -> bool:
    if name == "rtpengine" and shutil.which("rtpengine") is None:
        print("rtpengine is not installed (Debian: rtpengine-daemon); measured without it")
        return False
    return True


def _print(arguments: argparse.Namespace, results: dict[str, list[dict[str, Any]]]) -> None:
    ways = "one way" if arguments.one_way else "both ways"
    print(f"{arguments.calls} calls, G.711 20 ms, {ways}; medians [least..greatest]")
    print("| relay | us CPU a packet | core % | loss % | latency p50 / p99 us | memory grew kB |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, runs in results.items():
        costs = sorted(run["relay_us_per_pkt"] for run in runs)
        spread = f"{statistics.median(costs):.2f} [{costs[0]:.2f}..{costs[-1]:.2f}]"
        core = statistics.median(run["relay_core_pct"] for run in runs)
        loss = max(run["loss_pct"] for run in runs)
        p50 = statistics.median(run["lat_us"]["p50"] for run in runs)
        p99 = statistics.median(run["lat_us"]["p99"] for run in runs)
        growth = max(run["growth_kb"] for run in runs)
        print(f"| {name} | {spread} | {core:.0f} | {loss:.3f} | {p50:.0f} / {p99:.0f} | {growth} |")


if __name__ == "__main__":
    main()
