"""The Helm chart as tests see it: rendered with values, its pods taken out."""

import importlib.util
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Final

DEPLOY: Final = Path(__file__).parents[2] / "deploy"

Object = dict[str, Any]

SECRETS: Final = ("secrets.existingSecret=trunkline", "tls.issuer.name=trunkline")
SERVED_PORTS: Final = ("media.rtpPorts.first=30100", "media.rtpPorts.last=30199")
MODES: Final = {
    "hostNetwork": (),
    "hostPort": SERVED_PORTS,
    "loadBalancer": (*SERVED_PORTS, "network.signalingAddresses={198.51.100.1,198.51.100.2}"),
    "nodePort": (
        *SERVED_PORTS,
        *("signaling.sipPort=30060", "signaling.replicas=1", "media.replicas=1"),
    ),
}
"""Values that each network mode needs beside its name."""


def _renderer() -> ModuleType:
    name = "trunkline_deploy_render"
    spec = importlib.util.spec_from_file_location(name, DEPLOY / "render.py")
    assert spec is not None and spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


renderer: Final = _renderer()


def rendered(*values: str) -> list[Object]:
    """Return the chart's objects with values as `helm --set` takes them."""
    options = [option for value in values for option in ("--set", value)]
    return _plain(renderer.template(*options).values())


def overlay(name: str) -> list[Object]:
    """Return the chart's objects with the values of an overlay."""
    return _plain(renderer.template("-f", str(renderer.VALUES / f"{name}.yaml")).values())


def mode(name: str, *values: str) -> list[Object]:
    """Return the chart's objects in a network mode."""
    return rendered(*SECRETS, f"network.mode={name}", *MODES[name], *values)


def pods(objects: Iterable[Object]) -> Iterator[tuple[str, Object]]:
    """Yield the name and the spec of every pod template."""
    for each in objects:
        template = each.get("spec", {}).get("template")
        if template is not None:
            yield each["metadata"]["name"], template["spec"]


def containers(objects: Iterable[Object]) -> Iterator[tuple[str, Object]]:
    """Yield every container, with a name to find it by."""
    for name, spec in pods(objects):
        for container in [*spec.get("initContainers", []), *spec["containers"]]:
            yield f"{name}/{container['name']}", container


def find(objects: Iterable[Object], kind: str, name: str) -> Object:
    """Return one object."""
    return next(e for e in objects if e["kind"] == kind and e["metadata"]["name"] == name)


def environment(container: Object) -> dict[str, Any]:
    """Return a container's variables that have a value."""
    return {each["name"]: each["value"] for each in container["env"] if "value" in each}


def _plain(objects: Iterable[Object]) -> list[Object]:
    return [{key: value for key, value in each.items() if key != "#"} for each in objects]
