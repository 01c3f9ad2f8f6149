"""Secrets that stand outside of the documents: {env: NAME} and {file: path}.

Both may replace any text of a spec. A path is relative to the document's file; one newline at the
end of a file is not part of the secret.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from .source import Json, Problem, SourceDocument


class _Missing(Exception):
    """The secret cannot be had; the message says why."""


def resolve(
    document: SourceDocument, environment: Mapping[str, str]
) -> tuple[SourceDocument, list[Problem]]:
    """Return the document with its secrets in place, and those that cannot be had."""
    problems: list[Problem] = []

    def walk(value: Json, path: str) -> Json:
        if isinstance(value, list):
            return [walk(item, f"{path}[{index}]") for index, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        try:
            secret = _secret(value, document, environment)
        except _Missing as missing:
            problems.append(document.problem(path, str(missing)))
            return ""
        if secret is not None:
            return secret
        return {key: walk(item, f"{path}.{key}") for key, item in value.items()}

    return replace(document, spec=walk(document.spec, "spec")), problems


def _secret(
    value: dict[str, Json], document: SourceDocument, environment: Mapping[str, str]
) -> str | None:
    match value:
        case {"env": str(name)} if len(value) == 1:
            return _from_environment(name, environment)
        case {"file": str(name)} if len(value) == 1:
            return _from_file(Path(document.file).parent / name)
    return None


def _from_environment(name: str, environment: Mapping[str, str]) -> str:
    if not environment.get(name):
        raise _Missing(f"the environment variable {name} is not set")
    return environment[name]


def _from_file(path: Path) -> str:
    try:
        secret = path.read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
    except (OSError, UnicodeDecodeError) as error:
        raise _Missing(f"{path} cannot be read: {error}") from None
    if not secret:
        raise _Missing(f"{path} is empty")
    return secret
