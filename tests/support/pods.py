"""Rendered pods, played by podman on one machine.

Podman shares this machine's network with its pods, so every pod gets a loopback address of its own
in place of a network of its own; `/etc/hosts` names them as the cluster's headless services would.
Podman 4.3 has no API server (addresses and passwords are given), no HTTP probes and no preStop.
"""

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from .chart import Object, find, overlay, rendered

PORTS: Final = {
    "signaling": 50051,
    "media": 50052,
    "auth": 50053,
    "routing": 50054,
    "billing": 50055,
}
PASSWORD: Final = "made-for-this-test"
DATABASE: Final = "postgresql://trunkline:{password}@127.0.0.1:5432/{service}"
PATIENCE: Final = 60.0

SECRETS: Final = {
    **{f"{s}-database-url": DATABASE.format(password=PASSWORD, service=s) for s in PORTS},
    "redis-url": f"redis://:{PASSWORD}@127.0.0.1:6379/0",
    "auth-nonce": "0123456789abcdef0123456789abcdef",
    "secret-key": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    "postgres": PASSWORD,
    "redis": PASSWORD,
}
VALUES: Final = (
    "secrets.existingSecret=trunkline",
    "tls.mode=off",
    "tls.allowPlain=true",
    "network.allowPrivate=true",
    "network.signalingAddresses={127.0.2.1,127.0.2.2}",
    "network.mediaAddresses={127.0.3.1,127.0.3.2,127.0.3.3}",
    "images.registry=localhost/trunkline",
    "signaling.gracePeriod=60",
    "media.gracePeriod=60",
)
STORES_IMAGE: Final = "localhost/trunkline-stores:latest"


@dataclass(frozen=True)
class Pod:
    """One pod that runs, or ran."""

    name: str
    service: str
    address: str

    @property
    def target(self) -> str:
        """Where its gRPC is."""
        return f"{self.address}:{PORTS[self.service]}"

    def is_ready(self) -> bool:
        """Ask its readiness probe."""
        url = f"http://{self.address}:{PORTS[self.service] + 1000}/readyz"
        try:
            with urllib.request.urlopen(url, timeout=2) as page:
                return bool(page.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def cpu(self) -> float:
        """Return the seconds of CPU its service has used."""
        url = f"http://{self.address}:{PORTS[self.service] + 1000}/metrics"
        with urllib.request.urlopen(url, timeout=5) as page:
            lines: list[str] = page.read().decode().splitlines()
        return next(
            float(n.split()[1]) for n in lines if n.startswith("process_cpu_seconds_total ")
        )

    def stop(self, grace: int = 60) -> None:
        """Do as the kubelet does: SIGTERM, and SIGKILL after the grace period."""
        podman("pod", "stop", "--time", str(grace), self.name)

    def kill(self) -> None:
        """End it as a failing node does."""
        podman("pod", "kill", "--signal", "KILL", self.name)

    def remove(self) -> None:
        """Forget it, so that its name and address are free."""
        podman("pod", "rm", "--force", self.name)

    def exit_status(self) -> int:
        """Return how its service ended."""
        text = podman("inspect", "--format", "{{.State.ExitCode}}", f"{self.name}-{self.service}")
        return int(text)

    def log(self, lines: int = 40) -> str:
        """Return the last lines that its service wrote."""
        done = subprocess.run(
            ["podman", "logs", "--tail", str(lines), f"{self.name}-{self.service}"],
            capture_output=True,
            text=True,
        )
        return done.stdout + done.stderr

    def warnings(self) -> str:
        """Return what its service complained about."""
        lines = self.log(2000).splitlines()
        return "\n".join(line for line in lines if '"level": "info"' not in line)[-6000:]


class Playground:
    """Plays pods of the chart."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._objects = rendered(*VALUES)
        self._stores = overlay("dev")
        self.pods: dict[str, Pod] = {}

    def prepare(self) -> None:
        """Give podman the secrets, start the stores and migrate."""
        values = {key: b64encode(value.encode()).decode() for key, value in SECRETS.items()}
        for name in ("trunkline", "trunkline-generated"):
            podman("secret", "create", name, "-", given=json.dumps(values))
        for store, port in (("postgres", 5432), ("redis", 6379)):
            self._play_store(store)
            wait_for(lambda port=port: answers("127.0.0.1", port), f"{store} answers")
        for job in [each for each in self._objects if each["kind"] == "Job"]:
            self._migrate(job)

    def start(self, service: str, ordinal: int) -> Pod:
        """Play a service's pod and wait until it is ready."""
        kind = "StatefulSet" if service == "signaling" else "Deployment"
        template = find(self._objects, kind, f"trunkline-{service}")["spec"]["template"]
        pod = Pod(f"trunkline-{service}-{ordinal}", service, address_of(service, ordinal))
        self._play(pod.name, template["spec"], own_address(service, pod.address))
        self.pods[pod.name] = pod
        wait_for(pod.is_ready, f"{pod.name} is ready", pod.log)
        return pod

    def leave(self) -> None:
        """Remove every pod, volume and secret."""
        for name in podman("pod", "ls", "--format", "{{.Name}}", "--filter", LABEL).split():
            podman("pod", "rm", "--force", name)
        for name in ("trunkline", "trunkline-generated"):
            podman("secret", "rm", name)
        podman("volume", "prune", "--force")

    def _play_store(self, store: str) -> None:
        spec = find(self._stores, "StatefulSet", f"trunkline-{store}")["spec"]["template"]["spec"]
        spec["containers"][0]["image"] = STORES_IMAGE
        maps = self._folder / "postgres.yaml"
        maps.write_text(yaml.safe_dump(find(self._stores, "ConfigMap", "trunkline-postgres")))
        self._play(f"trunkline-{store}-0", spec, {}, "--configmap", str(maps))

    def _migrate(self, job: Object) -> None:
        name = job["metadata"]["name"]
        self._play(name, job["spec"]["template"]["spec"], {})
        status = podman("wait", f"{name}-migrate").strip()
        assert status == "0", podman("logs", f"{name}-migrate")
        podman("pod", "rm", "--force", name)

    def _play(self, name: str, spec: Object, settings: Mapping[str, str], *options: str) -> None:
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "labels": {"part-of": "trunkline-test"}},
            "spec": playable(name, spec, settings),
        }
        file = self._folder / f"{name}.yaml"
        file.write_text(yaml.safe_dump(pod))
        podman("kube", "play", *options, str(file))


LABEL: Final = "label=part-of=trunkline-test"


def playable(name: str, spec: Object, settings: Mapping[str, str]) -> Object:
    """Return a rendered pod's spec as podman 4.3 takes it: all but what only a cluster has."""
    spec = json.loads(json.dumps(spec))
    for field in ("affinity", "serviceAccountName", "dnsPolicy", "terminationGracePeriodSeconds"):
        spec.pop(field, None)
    spec |= {"hostNetwork": True, "restartPolicy": "Never"}
    for container in [*spec.get("initContainers", []), *spec["containers"]]:
        for field in ("startupProbe", "livenessProbe", "readinessProbe", "lifecycle", "ports"):
            container.pop(field, None)
        container["env"] = [
            {"name": each["name"], "value": settings.get(each["name"], each.get("value"))}
            if "valueFrom" not in each or each["name"] in settings
            else each
            for each in container.get("env", [])
            if each["name"] != "NODE_NAME"
        ]
        known = {each["name"] for each in container["env"]}
        container["env"] += [
            {"name": key, "value": value} for key, value in settings.items() if key not in known
        ]
    if not any(volume["name"] == "data" for volume in spec.get("volumes", [])):
        claim = {"name": "data", "persistentVolumeClaim": {"claimName": f"{name}-data"}}
        spec.setdefault("volumes", []).append(claim)
    return spec


def own_address(service: str, address: str) -> dict[str, str]:
    """Return the settings by which a pod keeps to its address instead of a network of its own."""
    settings = {f"TRUNKLINE_{service.upper()}_GRPC_HOST": address}
    if service == "signaling":
        settings["TRUNKLINE_SIGNALING_SIP_ADDRESS"] = address
    if service == "media":
        settings["TRUNKLINE_MEDIA_ADDRESSES"] = f'["{address}"]'
        settings["TRUNKLINE_MEDIA_POD_DELETION_COST"] = "false"
    return settings


def address_of(service: str, ordinal: int) -> str:
    """Return a pod's address: what its service's name stands for, in order."""
    found = socket.getaddrinfo(f"trunkline-{service}", None, socket.AF_INET, socket.SOCK_STREAM)
    return sorted({str(each[4][0]) for each in found})[ordinal]


def podman(*arguments: str, given: str | None = None) -> str:
    """Run podman; return what it wrote. Fails with its complaint."""
    done = subprocess.run(["podman", *arguments], input=given, capture_output=True, text=True)
    assert done.returncode == 0, f"podman {' '.join(arguments)}: {done.stderr}"
    return done.stdout


def answers(host: str, port: int) -> bool:
    """Return whether something takes TCP connections."""
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


def wait_for(condition: Any, what: str, explain: Any = str) -> None:
    """Wait until something holds. Fails after `PATIENCE` seconds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"not so after {PATIENCE:.0f} s: {what}\n{explain()}"
        time.sleep(0.1)


class Load:
    """SIPp as the customer: calls a second, of a length, for some time."""

    def __init__(
        self, folder: Path, scenarios: Path, target: str, *, rate: float, calls: int, talk: float
    ) -> None:
        program = shutil.which("sipp")
        assert program is not None
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        command: Sequence[str] = [
            *(
                program,
                "-sf",
                str(scenarios / "caller.xml"),
                "-i",
                "127.0.0.1",
                "-s",
                "442071838750",
            ),
            *("-r", str(rate), "-m", str(calls), "-l", "5000", "-d", str(int(talk * 1000))),
            *("-nostdin", "-trace_stat", "-stf", str(folder / "stat.csv"), "-fd", "1"),
            *("-trace_err", "-error_file", str(folder / "errors"), target),
        ]
        with (folder / "screen").open("w") as screen:
            self.process = subprocess.Popen(command, cwd=folder, stdout=screen, stderr=screen)

    def stop_calling(self) -> None:
        """Place no more calls; those in progress go on to their end."""
        self.process.send_signal(10)

    def wait(self) -> dict[str, int]:
        """Wait for the end of every call; return how many there were and how they ended."""
        self.process.wait(timeout=PATIENCE * 2)
        names, *_, last = (
            line.split(";") for line in (self._folder / "stat.csv").read_text().splitlines() if line
        )
        row = dict(zip(names, last, strict=False))
        return {
            "placed": int(row["TotalCallCreated"]),
            "good": int(row["SuccessfulCall(C)"]),
            "lost": int(row["FailedCall(C)"]),
        }

    def failures(self) -> list[str]:
        """Return when calls failed, to the second, and how many then."""
        file = self._folder / "errors"
        lines = file.read_text().splitlines() if file.exists() else []
        times = Counter(line.strip("'")[:19] for line in lines if "Aborting call" in line)
        return [f"{second}: {count} calls" for second, count in times.items()]


class Vendor:
    """SIPp as the vendor, who answers every call."""

    def __init__(self, folder: Path, scenarios: Path, port: int) -> None:
        program = shutil.which("sipp")
        assert program is not None
        self.process = subprocess.Popen(
            [
                *(program, "-sf", str(scenarios / "callee.xml"), "-i", "127.0.0.9"),
                *("-p", str(port), "-nostdin", "-l", "5000"),
            ],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def leave(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()
