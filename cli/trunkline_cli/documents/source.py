"""Documents as they stand in YAML files, with the line of every field.

Plain scalars follow the core schema of YAML 1.2, so that a dial plan 0:44 is no number in base 60
and a prefix 0044 keeps its zeros; what looks like neither a number nor true, false or null is text.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

import yaml

Json: TypeAlias = Any
"""What JSON can say: dict, list, str, int, float, bool, None."""

DOCUMENT_FIELDS: Final = ("kind", "name", "spec")
FILE_SUFFIXES: Final = (".yaml", ".yml", ".json")
MAX_NODES: Final = 2_000_000
"""Values in one file with its aliases followed. More is a mistake or an attack."""

_INTEGER: Final = re.compile(r"-?(0|[1-9][0-9]*)")
_FLOAT: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORDS: Final[Mapping[str, bool | None]] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_TEXT_TAG: Final = "tag:yaml.org,2002:str"
_TAGS: Final = {_TEXT_TAG} | {
    f"tag:yaml.org,2002:{name}" for name in ("int", "float", "bool", "null", "timestamp", "value")
}


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong, and where."""

    file: str
    line: int
    subject: str
    field: str
    message: str

    def __str__(self) -> str:
        where = [f"{self.file}:{self.line}", self.subject, self.field]
        return ": ".join([part for part in where if part] + [self.message])


@dataclass(frozen=True, slots=True)
class SourceDocument:
    """One document with the place it came from."""

    kind: str
    name: str
    spec: dict[str, Json]
    file: str
    line: int
    lines: Mapping[str, int] = field(repr=False, default_factory=dict)
    """Line of each field by its path, "spec.rates[2].prefix"."""

    @property
    def subject(self) -> str:
        """Kind and name as people write them."""
        return f"{self.kind}/{self.name}" if self.name else self.kind

    def line_of(self, path: str) -> int:
        """Return the line of a field, or of the nearest one that contains it."""
        while path and path not in self.lines:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.lines.get(path, self.line)

    def problem(self, path: str, message: str) -> Problem:
        """Return a problem of one field."""
        return Problem(self.file, self.line_of(path), self.subject, path, message)


@dataclass(slots=True)
class Batch:
    """Documents that are applied together, and what is wrong with them so far."""

    documents: list[SourceDocument] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def add(self, other: "Batch") -> None:
        """Take the documents and problems of another batch."""
        self.documents += other.documents
        self.problems += other.problems


def find_files(path: Path) -> list[Path]:
    """Return the documents' files under `path`, in the order of their names."""
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.rglob("*") if file.suffix in FILE_SUFFIXES)


def read_files(paths: Iterable[Path]) -> Batch:
    """Read every document of every file. Files that cannot be read are problems."""
    batch = Batch()
    for path in paths:
        try:
            batch.add(read_text(path.read_text(encoding="utf-8"), str(path)))
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            batch.problems.append(Problem(str(path), 1, "", "", f"cannot be read: {reason}"))
    return batch


def read_text(text: str, file: str) -> Batch:
    """Read the documents of one file."""
    batch = Batch()
    try:
        for root in yaml.compose_all(text, Loader=yaml.SafeLoader):
            if root is not None and not _is_empty(root):
                _read_document(root, file, batch)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        batch.problems.append(Problem(file, line, "", "", f"not YAML: {error.problem}"))
    except (yaml.YAMLError, RecursionError) as error:
        batch.problems.append(Problem(file, 1, "", "", f"not YAML: {str(error).splitlines()[0]}"))
    return batch


def find_duplicates(documents: Iterable[SourceDocument]) -> Iterator[Problem]:
    """Yield a problem for every document whose kind and name stand in the batch already."""
    first: dict[tuple[str, str], SourceDocument] = {}
    for document in documents:
        known = first.setdefault((document.kind, document.name), document)
        if known is not document:
            yield document.problem("", f"is given already at {known.file}:{known.line}")


def _is_empty(root: yaml.Node) -> bool:
    return isinstance(root, yaml.ScalarNode) and not root.value and not root.style


def _read_document(root: yaml.Node, file: str, batch: Batch) -> None:
    reader = _NodeReader(file)
    content = reader.read(root, "")
    line = root.start_mark.line + 1
    if not isinstance(content, dict):
        reader.complain("", "expected a document with kind, name and spec")
        batch.problems += reader.problems
        return
    kind, name = content.get("kind"), content.get("name", "")
    document = SourceDocument(
        kind=kind if isinstance(kind, str) else "",
        name=name if isinstance(name, str) else str(name),
        spec=content["spec"] if isinstance(content.get("spec"), dict) else {},
        file=file,
        line=line,
        lines=reader.lines,
    )
    problems = reader.problems + list(_shape_problems(document, content))
    batch.problems += problems
    if not problems:
        batch.documents.append(document)


def _shape_problems(document: SourceDocument, content: dict[str, Json]) -> Iterator[Problem]:
    if not document.kind:
        yield document.problem("kind", "expected the name of a kind, for example Account")
    if not isinstance(content.get("name", ""), str):
        yield document.problem("name", "expected text; put a number in quotes")
    if not isinstance(content.get("spec"), dict):
        yield document.problem("spec", "expected a mapping of fields")
    for unknown in content.keys() - set(DOCUMENT_FIELDS):
        yield document.problem(unknown, "unknown field; a document has kind, name and spec")


class _NodeReader:
    """Turns one node graph into plain values and remembers where each stood."""

    def __init__(self, file: str) -> None:
        self.lines: dict[str, int] = {}
        self.problems: list[Problem] = []
        self._file = file
        self._open: set[int] = set()
        self._nodes = 0

    def complain(self, path: str, message: str, line: int = 0) -> None:
        """Note a problem of one field."""
        self.problems.append(
            Problem(self._file, line or self.lines.get(path, 1), "", path, message)
        )

    def read(self, node: yaml.Node, path: str) -> Json:
        """Return the value of a node."""
        self.lines.setdefault(path, node.start_mark.line + 1)
        self._nodes += 1
        if self._nodes > MAX_NODES or id(node) in self._open:
            raise yaml.YAMLError("aliases that never end, or far too many values")
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        self._open.add(id(node))
        value = (
            self._mapping(node, path)
            if isinstance(node, yaml.MappingNode)
            else self._list(node, path)
        )
        self._open.discard(id(node))
        return value

    def _mapping(self, node: yaml.MappingNode, path: str) -> dict[str, Json]:
        values: dict[str, Json] = {}
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else ""
            line = key_node.start_mark.line + 1
            child = f"{path}.{key}" if path else key
            if not key:
                self.complain(path, "expected text as the name of a field", line)
            elif key in values:
                self.complain(child, f"is given already at line {self.lines[child]}", line)
            else:
                self.lines[child] = line
                values[key] = self.read(value_node, child)
        return values

    def _list(self, node: yaml.Node, path: str) -> list[Json]:
        return [self.read(item, f"{path}[{index}]") for index, item in enumerate(node.value)]

    def _scalar(self, node: yaml.ScalarNode, path: str) -> Json:
        if node.tag not in _TAGS:
            self.complain(path, f"the tag {node.tag} means nothing here")
        if node.style or node.tag == _TEXT_TAG:
            return node.value
        return _plain(node.value)


def _plain(text: str) -> Json:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
