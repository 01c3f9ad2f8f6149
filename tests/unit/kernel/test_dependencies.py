"""Each distribution names what its code imports, so that an image of one service lacks nothing."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MEMBERS = ["libs/kernel", "cli", *(f"services/{s}" for s in ("auth", "billing", "media"))]
MEMBERS += ["services/routing", "services/signaling"]
OURS = ("trunkline", "trunkline_engine")


def imported(package: Path) -> Iterator[str]:
    """Yield the top-level names that a package's modules import, but in functions."""
    for file in package.rglob("*.py"):
        for node in ast.parse(file.read_text()).body:
            match node:
                case ast.Import(names=names):
                    yield from (alias.name.partition(".")[0] for alias in names)
                case ast.ImportFrom(module=str(module), level=0):
                    yield module.partition(".")[0]


def named(member: Path) -> set[str]:
    """Return the distributions that a member depends on, itself included."""
    project = tomllib.loads((member / "pyproject.toml").read_text())["project"]
    extras = project.get("optional-dependencies", {}).values()
    listed = [*project["dependencies"], *(each for extra in extras for each in extra)]
    return {project["name"], *(plain(re.split(r"[\[<>=;~! ]", each)[0]) for each in listed)}


def plain(distribution: str) -> str:
    """Return a distribution's name in the one spelling of PyPI."""
    return distribution.lower().replace("_", "-")


@pytest.mark.parametrize("member", MEMBERS)
def test_what_is_imported_is_named(member: str) -> None:
    (package,) = (ROOT / member).glob("trunkline_*/__init__.py")
    foreign = {name for name in imported(package.parent) if name not in sys.stdlib_module_names}
    offered = packages_distributions()
    kernel = named(ROOT / "libs/kernel")

    missing = [
        name
        for name in sorted(foreign)
        if not name.startswith(OURS)
        and not {*map(plain, offered.get(name, ()))} & (named(ROOT / member) | kernel)
    ]

    assert missing == []
