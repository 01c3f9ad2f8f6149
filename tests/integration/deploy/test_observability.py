"""Dashboards and alerts against the metrics that a running switch exports: no panel is empty."""

import json
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from support.certificates import Authority
from support.chart import DEPLOY
from support.local_switch import LocalSwitch

pytestmark = pytest.mark.integration

FILES: Final = DEPLOY / "helm" / "trunkline" / "files"
RUNBOOKS: Final = DEPLOY.parent / "docs" / "runbooks"
METRIC: Final = re.compile(r"\b(?:trunkline|process)_[a-z0-9_]+\b(?!-)")
HISTOGRAM: Final = ("_bucket", "_sum", "_count")


def alerts() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((FILES / "alerts.yaml").read_text())
    return found


def panels() -> Iterator[tuple[str, str]]:
    """Yield the name and the expression of every query of every dashboard."""
    for file in sorted((FILES / "dashboards").glob("*.json")):
        for panel in json.loads(file.read_text())["panels"]:
            for target in panel["targets"]:
                yield f"{file.stem}: {panel['title']}", target["expr"]


async def test_every_metric_of_dashboards_and_alerts_is_exported(tmp_path: Path) -> None:
    issued = Authority(tmp_path / "certificates").issue("switch")
    tls = {
        "TRUNKLINE_SIGNALING_SIP_TLS_CERT_FILE": str(issued.cert),
        "TRUNKLINE_SIGNALING_SIP_TLS_KEY_FILE": str(issued.key),
    }
    async with LocalSwitch(tmp_path, tls) as switch:
        exported = {name for port in switch.http_ports.values() for name in scrape(port)}

    queries = [*panels(), *((alert["alert"], alert["expr"]) for alert in alerts())]
    missing = {where: unknown(expression, exported) for where, expression in queries}
    assert {where: names for where, names in missing.items() if names} == {}


def test_every_alert_has_its_runbook() -> None:
    pages = {path.stem for path in RUNBOOKS.glob("*.md")} - {"README"}

    assert pages == {kebab(alert["alert"]) for alert in alerts()}


def scrape(port: int) -> Iterator[str]:
    """Yield the names under which a service's metrics can be asked for."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as page:
        text = page.read().decode()
    for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE):
        yield from (name + suffix for suffix in HISTOGRAM) if kind == "histogram" else (name,)


def unknown(expression: str, exported: set[str]) -> set[str]:
    """Return the metrics of an expression that nobody exports."""
    return set(METRIC.findall(expression)) - exported


def kebab(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()
