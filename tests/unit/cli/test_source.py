"""Documents read from YAML: values, lines, and what is wrong with them."""

from pathlib import Path

import pytest
from trunkline_cli.documents.source import find_duplicates, find_files, read_files, read_text

ACCOUNT = """\
kind: Account
name: acme
spec:
  currency: USD
  rates:
    - prefix: "44"
      perMinute: "0.01"
"""


def test_every_field_knows_its_line() -> None:
    document = read_text(ACCOUNT, "a.yaml").documents[0]

    assert document.line_of("spec.rates[0].perMinute") == 7


def test_a_missing_field_is_placed_at_what_should_contain_it() -> None:
    document = read_text(ACCOUNT, "a.yaml").documents[0]

    assert document.line_of("spec.rates[0].interval") == 6


def test_a_problem_names_file_line_document_and_field() -> None:
    document = read_text(ACCOUNT, "a.yaml").documents[0]

    problem = document.problem("spec.currency", "expected an ISO 4217 code")

    assert str(problem) == "a.yaml:4: Account/acme: spec.currency: expected an ISO 4217 code"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        pytest.param("44", 44, id="a number is a number"),
        pytest.param("0044", "0044", id="a prefix keeps its zeros"),
        pytest.param("0:44", "0:44", id="a dial plan is no number in base 60"),
        pytest.param("10:44", "10:44", id="nor is this one"),
        pytest.param("+4420", "+4420", id="an international number keeps its plus"),
        pytest.param("1_000", "1_000", id="underscores make no number"),
        pytest.param("0.0120", 0.012, id="a decimal is a number"),
        pytest.param("Off", "Off", id="Off stays as the parameters write it"),
        pytest.param("no", "no", id="Norway is a country"),
        pytest.param("true", True, id="true is true"),
        pytest.param("~", None, id="a tilde is nothing"),
        pytest.param("2026-11-23", "2026-11-23", id="a date is text"),
        pytest.param('"44"', "44", id="quotes make text"),
    ],
)
def test_plain_scalars_follow_yaml_1_2(written: str, read: object) -> None:
    batch = read_text(f"kind: K\nname: n\nspec: {{value: {written}}}", "a.yaml")

    assert batch.documents[0].spec == {"value": read}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        pytest.param("kind: K\nname: n\n", 1, "spec: expected a mapping", id="no spec"),
        pytest.param("name: n\nspec: {}\n", 1, "expected the name of a kind", id="no kind"),
        pytest.param("kind: K\nname: 7\nspec: {}\n", 2, "put a number in quotes", id="number name"),
        pytest.param("kind: K\nspec: {}\nspek: 1\n", 3, "unknown field", id="unknown field"),
        pytest.param("- 1\n", 1, "expected a document", id="a list"),
        pytest.param("kind: K\nspec:\n  a: 1\n  a: 2\n", 4, "given already at line 3", id="twice"),
        pytest.param("kind: K\nspec: {a: [}\n", 2, "not YAML", id="syntax"),
        pytest.param("kind: K\nspec: {a: !!python/x 1}\n", 2, "means nothing", id="a tag"),
        pytest.param("kind: K\nspec: &a {b: *a}\n", 1, "never end", id="a circle"),
    ],
)
def test_a_bad_document_is_a_problem_with_its_line(text: str, line: int, words: str) -> None:
    batch = read_text(text, "bad.yaml")

    assert not batch.documents
    assert batch.problems[0].line == line
    assert words in str(batch.problems[0])


def test_all_problems_of_all_files_are_found_at_once(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("kind: K\n---\nname: n\n")
    (tmp_path / "two.yml").write_text("spec: [")
    (tmp_path / "notes.txt").write_text("not a document")

    batch = read_files([*find_files(tmp_path), tmp_path / "missing.yaml"])

    assert [problem.message.split(":")[0] for problem in batch.problems] == [
        "expected a mapping of fields",
        "expected the name of a kind, for example Account",
        "expected a mapping of fields",
        "not YAML",
        "cannot be read",
    ]


def test_the_same_document_twice_is_refused_with_both_places() -> None:
    documents = read_text(ACCOUNT, "a.yaml").documents + read_text(ACCOUNT, "b.yaml").documents

    assert [str(problem) for problem in find_duplicates(documents)] == [
        "b.yaml:1: Account/acme: is given already at a.yaml:1"
    ]


def test_empty_documents_between_separators_are_nothing() -> None:
    batch = read_text("---\n---\n" + ACCOUNT + "---\n", "a.yaml")

    assert len(batch.documents) == 1
    assert not batch.problems
