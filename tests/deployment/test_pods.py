"""The rendered pods under load: a call, a media pod more, less and killed, a rolling restart.

Needs podman, the images and a network of its own: `make test-deploy` prepares them. Tests run in
order, on one switch; each figure goes into the report that docs/deploy.md quotes.
"""

import json
import os
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest
from support.pods import PASSWORD, Load, Playground, Pod, Vendor, wait_for
from trunkline.media.v1.media_pb2 import LoadRequest
from trunkline.signaling.v1.signaling_pb2 import GetStatusRequest, ListCallsRequest
from trunkline_cli.services import Service
from trunkline_cli.switch import Switch

pytestmark = [pytest.mark.deployment, pytest.mark.timeout(400)]

SCENARIOS: Final = Path(__file__).parents[2] / "benches" / "sip"
VENDOR_PORT: Final = 5070
RATE: Final = 20.0
FOLLOWED: Final = 3.0
"""Seconds after which every replica follows what was applied."""

DOCUMENTS: Final = f"""
kind: Account
name: customer
spec: {{currency: USD, openingBalance: "1000000", rateGroup: retail}}
---
kind: Account
name: vendor
spec: {{type: clearing, currency: USD, rateGroup: retail}}
---
kind: RateGroup
name: retail
spec: {{currency: USD, rates: [{{prefix: "44", perMinute: "0.01", firstInterval: 1, interval: 1}}]}}
---
kind: MappingGateway
name: customer
spec:
  account: customer
  access: {{mode: ip, addresses: [127.0.0.1]}}
  media: {{proxy: mustOn}}
---
kind: RoutingGateway
name: vendor
spec:
  account: vendor
  address: 127.0.0.9:{VENDOR_PORT}
  prefixes: ["44"]
  media: {{proxy: mustOn}}
"""


class Site:
    """The playground with a customer, a vendor and a notebook."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.playground = Playground(folder)
        self.vendor = Vendor(folder, SCENARIOS, VENDOR_PORT)
        self.figures: dict[str, Any] = {}

    def pod(self, service: str, ordinal: int = 0) -> Pod:
        return self.playground.pods[f"trunkline-{service}-{ordinal}"]

    def switch(self) -> Switch:
        return Switch({s: (self.pod(s.value).target,) for s in Service})

    def load(
        self, name: str, calls: int, talk: float, signaling: int = 0, rate: float = RATE
    ) -> Load:
        target = f"{self.pod('signaling', signaling).address}:5060"
        return Load(self.folder / name, SCENARIOS, target, rate=rate, calls=calls, talk=talk)

    def sessions(self, ordinal: int) -> int:
        """Return how many calls a media pod relays."""
        switch = Switch({Service.MEDIA: (self.pod("media", ordinal).target,)})
        return int(switch.media[0].Load(LoadRequest()).sessions)

    def calls_by_media(self) -> Counter[str]:
        """Return how many calls in progress each media pod has."""
        request = ListCallsRequest(page_size=1000)
        calls = self.switch().signaling[0].ListCalls(request).calls
        return Counter(call.media_instance for call in calls)

    def settled(self) -> None:
        """Wait until no call is in progress and no CDR waits."""

        def done() -> bool:
            status = self.switch().signaling[0].GetStatus(GetStatusRequest())
            return not status.calls and not status.cdrs_waiting

        wait_for(done, "every call has its CDR")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    started = time.monotonic()
    site = Site(tmp_path_factory.mktemp("site"))
    try:
        site.playground.prepare()
        for service in ("billing", "routing", "auth", "media", "signaling"):
            site.playground.start(service, 0)
        documents = site.folder / "documents.yaml"
        documents.write_text(DOCUMENTS)
        addresses = [f"--{s}={site.pod(s).target}" for s in Service]
        subprocess.run(["trunkline", *addresses, "apply", "-f", str(documents)], check=True)
        time.sleep(FOLLOWED)
        site.figures["seconds from kube play to a configured switch"] = since(started)
        yield site
    finally:
        site.vendor.leave()
        site.playground.leave()
        report = os.environ.get("TRUNKLINE_DEPLOY_REPORT")
        if report:
            Path(report).write_text(json.dumps(site.figures, indent=2) + "\n")


def test_a_call_goes_through_the_pods_and_is_charged(site: Site) -> None:
    started = time.monotonic()

    counts = site.load("first", calls=1, talk=1).wait()
    site.settled()

    site.figures["seconds of the first call, 1 s of talk included"] = since(started)
    assert counts == {"placed": 1, "good": 1, "lost": 0}, diagnosis(site)
    assert cdrs() == {"calls": 1, "cdrs": 1, "answered": 1}


def test_a_media_pod_added_under_load_takes_calls(site: Site) -> None:
    deciders = [site.pod(name) for name in ("signaling", "auth", "routing", "billing")]
    before = {pod.service: pod.cpu() for pod in deciders}
    load = site.load("scale-out", calls=500, talk=8)
    wait_for(lambda: site.sessions(0) > 40, "the first media pod is busy")

    started = time.monotonic()
    site.playground.start("media", 1)
    wait_for(lambda: site.sessions(1) > 0, "the second media pod has a call")
    site.figures["seconds from the start of a media pod to its first call"] = since(started)

    counts = load.wait()
    site.figures["CPU ms a call"] = {
        pod.service: round((pod.cpu() - before[pod.service]) * 1000 / counts["placed"], 2)
        for pod in deciders
    }
    assert counts["lost"] == 0, "\n".join(load.failures())


def test_a_draining_media_pod_finishes_its_calls_and_exits(site: Site) -> None:
    load = site.load("drain", calls=300, talk=8)
    wait_for(lambda: site.sessions(0) > 20 and site.sessions(1) > 20, "both are busy")
    held = site.sessions(0)

    started = time.monotonic()
    site.pod("media", 0).stop()

    site.figures["calls a draining media pod finished"] = held
    site.figures["seconds it took"] = since(started)
    assert site.pod("media", 0).exit_status() == 0
    counts = load.wait()
    assert counts["lost"] == 0, "\n".join(load.failures())


def test_a_killed_media_pod_ends_only_its_own_calls(site: Site) -> None:
    site.pod("media", 0).remove()
    site.playground.start("media", 0)
    known = site.load("back", calls=900, talk=2)
    wait_for(lambda: site.sessions(0) > 0, "the pod that came back takes calls")
    known.stop_calling()
    known.wait()
    load = site.load("kill", calls=60, talk=25)
    wait_for(lambda: sum(site.calls_by_media().values()) == 60, "all calls are up")
    before = site.calls_by_media()

    site.pod("media", 0).kill()

    wait_for(lambda: not site.calls_by_media()["trunkline-media-0"], "its calls are ended")
    after = site.calls_by_media()
    counts = load.wait()
    site.settled()
    site.figures["calls of a killed media pod, and of the other"] = [
        before["trunkline-media-0"],
        before["trunkline-media-1"],
    ]
    assert before["trunkline-media-0"] > 0
    assert after["trunkline-media-1"] == before["trunkline-media-1"]
    assert counts["lost"] == before["trunkline-media-0"]


def test_a_rolling_restart_of_every_service_under_load_loses_no_call_and_no_cdr(
    site: Site,
) -> None:
    site.pod("media", 0).remove()
    before = cdrs()
    load = site.load("rolling", calls=5000, talk=6)

    steps = []
    for service in ("billing", "routing", "auth", "media"):
        fresh = 0 if service == "media" else 1
        steps.append(f"{datetime.now()} a fresh {service}")
        site.playground.start(service, fresh)
        time.sleep(7)  # callers look a name up every 5 s
        steps.append(f"{datetime.now()} the old {service} stops")
        site.pod(service, 1 - fresh).stop()
    site.playground.start("signaling", 1)
    load.stop_calling()
    other = site.load("rolling-signaling", calls=200, talk=6, signaling=1)
    site.pod("signaling", 0).stop()
    first, second = load.wait(), other.wait()

    signaling = site.pod("signaling", 0)
    refresh(site)
    site.settled()
    placed = first["placed"] + second["placed"]
    found = {key: value - before[key] for key, value in cdrs().items()}
    site.figures["rolling restart: calls placed, calls lost, CDRs"] = [
        placed,
        first["lost"] + second["lost"],
        found["cdrs"],
    ]
    assert signaling.exit_status() == 0
    lost = [*steps, *load.failures(), *other.failures(), signaling.warnings()]
    assert first["lost"] + second["lost"] == 0, "\n".join(lost)
    assert found == {"calls": placed, "cdrs": placed, "answered": placed}


def refresh(site: Site) -> None:
    """Ask the pods that took over from now on."""
    pods = site.playground.pods
    for service in ("billing", "routing", "auth", "signaling"):
        pods[f"trunkline-{service}-0"] = pods[f"trunkline-{service}-1"]


def cdrs() -> dict[str, int]:
    """Return how many CDRs there are, of how many calls, and how many were answered."""
    query = "select count(distinct call_id), count(*), count(answer_time) from cdrs"
    done = subprocess.run(
        ["psql", "-h", "127.0.0.1", "-U", "trunkline", "-Atc", query, "billing"],
        env={**os.environ, "PGPASSWORD": PASSWORD},
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(zip(("calls", "cdrs", "answered"), map(int, done.stdout.split("|")), strict=True))


def diagnosis(site: Site) -> str:
    """Return what the switch says of the way of a call, and its logs."""
    done = subprocess.run(
        [
            *("trunkline", f"--routing={site.pod('routing').target}", "route", "explain"),
            *("--from=customer", "--caller=14155550123", "--callee=442071838750"),
        ],
        capture_output=True,
        text=True,
    )
    return done.stdout + done.stderr + site.pod("routing").log() + site.pod("signaling").log()


def since(started: float) -> float:
    return round(time.monotonic() - started, 1)
