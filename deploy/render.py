"""Render the Helm chart into kustomize's tree, so that nobody keeps a second copy by hand.

`deploy/helm/overlays/<name>.yaml` are the values of base and of each overlay. A component is what
one of the chart's optional templates adds. An overlay is rendered as its difference from the base:
components, further objects, patches that replace a `spec`, and deletions.
"""

import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

DEPLOY: Final = Path(__file__).parent
CHART: Final = DEPLOY / "helm" / "trunkline"
VALUES: Final = DEPLOY / "helm" / "overlays"
TREE: Final = DEPLOY / "k8s"
HELM: Final = DEPLOY.parent / "scripts" / "helm"

OVERLAYS: Final = ("dev", "staging", "prod")
COMPONENTS: Final = {
    "networkpolicies.yaml": "network-policies",
    "monitoring.yaml": "monitoring",
    "autoscaling.yaml": "autoscaling",
}
"""Optional templates, and the components they become."""
MODEL: Final = "prod"
"""The overlay whose components are the ones in the tree."""

NAMESPACE: Final = "trunkline"
KUBERNETES: Final = "1.31.0"
NOTE: Final = "# Rendered from deploy/helm by `make manifests`; not edited.\n"

Object = dict[str, Any]
Key = tuple[str, str]
Files = dict[Path, str]


class ChartRefused(Exception):
    """Helm cannot render: its message says which value is wrong."""


def template(*options: str) -> dict[Key, Object]:
    """Return what the chart gives, by kind and name. Raises `ChartRefused`."""
    command = [str(HELM), "template", "trunkline", str(CHART), "--namespace", NAMESPACE]
    done = subprocess.run(  # noqa: S603
        [*command, "--kube-version", KUBERNETES, *options], capture_output=True, text=True
    )
    if done.returncode:
        raise ChartRefused(done.stderr.strip())
    found: dict[Key, Object] = {}
    for document in done.stdout.split("\n---\n"):
        each = yaml.safe_load(document)
        if each:
            each["metadata"]["labels"]["app.kubernetes.io/managed-by"] = "kustomize"
            _relabel(each)
            found[key_of(each)] = each | {"#": _source(document)}
    return found


def render() -> Files:
    """Return every file of the tree with its content."""
    renders = {name: template("-f", str(VALUES / f"{name}.yaml")) for name in ("base", *OVERLAYS)}
    base = renders["base"]
    components = {
        name: {key: each for key, each in renders[MODEL].items() if each["#"] == source}
        for source, name in COMPONENTS.items()
    }
    files = _base(base)
    for name, objects in components.items():
        folder = TREE / "components" / name
        files[folder / "objects.yaml"] = _dump(objects.values())
        files[folder / "kustomization.yaml"] = _kustomization(
            {"resources": ["objects.yaml"]}, kind="Component"
        )
    for name in OVERLAYS:
        files |= _overlay(TREE / "overlays" / name, base, renders[name], components)
    return files


def key_of(each: Object) -> Key:
    """Return what an object is found by."""
    return each["kind"], each["metadata"]["name"]


def _base(objects: Mapping[Key, Object]) -> Files:
    folders: dict[str, list[Object]] = {}
    for each in objects.values():
        part = each["metadata"]["labels"]["app.kubernetes.io/component"].removesuffix("-migrate")
        folders.setdefault(part, []).append(each)
    files = {}
    for part, each_of in folders.items():
        files[TREE / "base" / part / "objects.yaml"] = _dump(each_of)
        files[TREE / "base" / part / "kustomization.yaml"] = _kustomization(
            {"resources": ["objects.yaml"]}
        )
    files[TREE / "base" / "kustomization.yaml"] = _kustomization({"resources": sorted(folders)})
    return files


def _overlay(
    folder: Path,
    base: Mapping[Key, Object],
    wanted: Mapping[Key, Object],
    components: Mapping[str, Mapping[Key, Object]],
) -> Files:
    used = {
        name: objects
        for name, objects in components.items()
        if objects and all(wanted.get(key) == each for key, each in objects.items())
    }
    present = {**base, **{k: v for objects in used.values() for k, v in objects.items()}}
    added = [each for key, each in wanted.items() if key not in present]
    patches = [_replaced(each) for key, each in wanted.items() if present.get(key, each) != each]
    deletions = [_deleted(each) for key, each in present.items() if key not in wanted]
    content: Object = {"resources": ["../../base", "namespace.yaml"]}
    files = {folder / "namespace.yaml": _dump([_namespace()])}
    if added:
        content["resources"].append("objects.yaml")
        files[folder / "objects.yaml"] = _dump(added)
    if used:
        content["components"] = [f"../../components/{name}" for name in used]
    if patches:
        content["patches"] = [{"path": "patches.yaml"}]
        files[folder / "patches.yaml"] = _dump(patches)
    if deletions:  # one by one: kustomize 5.5 fails on a file of several
        content.setdefault("patches", []).extend({"patch": yaml.safe_dump(d)} for d in deletions)
    files[folder / "kustomization.yaml"] = _kustomization(content)
    return files


def _namespace() -> Object:
    """SIP and RTP on the host's network are more than Pod Security's restricted level allows; the
    pods keep to everything else of it."""
    labels = {
        "pod-security.kubernetes.io/enforce": "privileged",
        "pod-security.kubernetes.io/warn": "baseline",
    }
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": NAMESPACE, "labels": labels},
    }


def _replaced(each: Object) -> Object:
    (field,) = {"spec", "rules", "data"} & each.keys()
    return _head(each) | {field: {"$patch": "replace", **each[field]}}


def _deleted(each: Object) -> Object:
    return {"$patch": "delete", **_head(each)}


def _head(each: Object) -> Object:
    name = {"name": each["metadata"]["name"]}
    return {"apiVersion": each["apiVersion"], "kind": each["kind"], "metadata": name}


def _relabel(each: Object) -> None:
    template = each.get("spec", {}).get("template", {})
    if "metadata" in template:
        template["metadata"]["labels"].pop("app.kubernetes.io/managed-by", None)


def _source(document: str) -> str:
    mark = "# Source: trunkline/templates/"
    return next(line.removeprefix(mark) for line in document.splitlines() if line.startswith(mark))


def _kustomization(content: Object, kind: str = "Kustomization") -> str:
    version = "v1beta1" if kind == "Kustomization" else "v1alpha1"
    head = {"apiVersion": f"kustomize.config.k8s.io/{version}", "kind": kind}
    if "../../base" in content["resources"]:
        head["namespace"] = NAMESPACE
    return NOTE + yaml.safe_dump(head | content, sort_keys=False)


class _Dumper(yaml.SafeDumper):
    """Writes scripts as they are read."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _dump(objects: Iterable[Object]) -> str:
    plain = [{name: value for name, value in each.items() if name != "#"} for each in objects]
    return NOTE + yaml.dump_all(plain, Dumper=_Dumper, sort_keys=False, width=100)


def main() -> None:
    """Write the tree; remove what is no longer part of it."""
    files = render()
    for old in TREE.rglob("*.yaml"):
        if old not in files:
            old.unlink()
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    sys.stdout.write(f"{len(files)} files in {TREE}\n")


if __name__ == "__main__":
    main()
