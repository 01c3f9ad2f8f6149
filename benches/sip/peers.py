"""The switches that are measured beside ours: each routes every call to one callee on loopback."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from processes import cpu_seconds, start, stop
from support.ports import free_port

HERE = Path(__file__).parent


class Peer:
    """A running peer. `port` takes its calls; `cpu` names its processes' CPU seconds so far."""

    host = "127.0.0.1"

    def __init__(self, callee_port: int) -> None:
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="trunkline-bench-"))
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.launch(callee_port)
        time.sleep(2)
        for name, process in self._processes.items():
            if process.poll() is not None:
                log = next(self.folder.glob(f"*{name}*.log"), None)
                self.stop()
                raise SystemExit(f"{name} ended at once: {log.read_text()[-800:] if log else ''}")

    def launch(self, callee_port: int) -> None:
        """Start the processes."""

    def run(self, name: str, command: list[str], environment: dict[str, str] | None = None) -> None:
        """Start one process under a name."""
        self._processes[name] = start(command, self.folder, environment)

    def cpu(self) -> dict[str, float]:
        """Return CPU seconds of each process, its children included."""
        return {name: cpu_seconds(process.pid) for name, process in self._processes.items()}

    def stop(self) -> None:
        """Stop every process and remove what they wrote."""
        stop(self._processes.values())
        shutil.rmtree(self.folder, ignore_errors=True)


class Direct(Peer):
    """No switch at all: the generators to themselves."""

    host = "127.0.0.2"

    def launch(self, callee_port: int) -> None:
        self.port = callee_port


class Kamailio(Peer):
    """Kamailio as a stateful record-routing proxy: no routing, no charging."""

    defines: tuple[str, ...] = ()
    rtpengine_port = 0

    def launch(self, callee_port: int) -> None:
        text = (HERE / "kamailio.cfg").read_text()
        text = text.replace("KAMAILIO_PORT", str(self.port)).replace(
            "CALLEE_PORT", str(callee_port)
        )
        config = self.folder / "kamailio.cfg"
        config.write_text(text.replace("RTPENGINE_PORT", str(self.rtpengine_port)))
        defines = [word for define in self.defines for word in ("-A", define)]
        command = ["kamailio", "-f", str(config), "-DD", "-E", "-m", "512", "-M", "16"]
        self.run("kamailio", [*command, "-Y", str(self.folder), *defines])


class KamailioRtpengine(Kamailio):
    """Kamailio with rtpengine (userspace) as its relay."""

    defines = ("WITH_RTPENGINE",)

    def launch(self, callee_port: int) -> None:
        self.rtpengine_port = free_port()
        self.run(
            "rtpengine",
            [
                "rtpengine",
                "--foreground",
                "--table=-1",
                "--num-threads=1",
                "--log-stderr",
                "--log-level=3",
                "--interface=127.0.0.1",
                f"--listen-ng=127.0.0.1:{self.rtpengine_port}",
                "--port-min=24000",
                "--port-max=64000",
                f"--pidfile={self.folder}/rtpengine.pid",
            ],
        )
        time.sleep(1)
        super().launch(callee_port)


class Sippy(Peer):
    """Sippy B2BUA, accounting and authentication off, a static route."""

    def launch(self, callee_port: int) -> None:
        program = Path(sys.executable).parent / "b2bua_radius"
        files = [f"-{flag}{self.folder}/{flag}" for flag in "PL"]
        self.run(
            "b2bua_radius",
            [
                str(program),
                "-f",
                "-u",
                "-A",
                "0",
                "-l",
                "127.0.0.1",
                "-p",
                str(self.port),
                "-s",
                f"127.0.0.2:{callee_port}",
                "-c",
                f"{self.folder}/socket",
                *files,
            ],
            {"SIPLOG_BEND": "none", "PYTHONUNBUFFERED": "1", "HOME": os.environ["HOME"]},
        )
