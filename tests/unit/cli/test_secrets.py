"""Secrets outside of documents: {env: NAME} and {file: path}."""

from pathlib import Path

from trunkline_cli.documents.secrets import resolve
from trunkline_cli.documents.source import SourceDocument


def document(spec: dict[str, object], file: str = "a.yaml") -> SourceDocument:
    return SourceDocument("Phone", "1001", spec, file, 1)


def test_a_secret_comes_from_the_environment() -> None:
    resolved, problems = resolve(
        document({"access": {"password": {"env": "PASSWORD"}}}), {"PASSWORD": "secret"}
    )

    assert resolved.spec == {"access": {"password": "secret"}}
    assert not problems


def test_a_secret_comes_from_a_file_beside_the_document(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("secret\n")

    resolved, _ = resolve(
        document({"password": {"file": "password"}}, str(tmp_path / "a.yaml")), {}
    )

    assert resolved.spec == {"password": "secret"}


def test_a_secret_that_cannot_be_had_is_a_problem_of_its_field() -> None:
    _, problems = resolve(
        document({"a": [{"env": "NOT_SET"}], "b": {"file": "/nonexistent/secret"}}), {}
    )

    assert [problem.field for problem in problems] == ["spec.a[0]", "spec.b"]
    assert "NOT_SET is not set" in problems[0].message


def test_a_mapping_with_more_than_the_secret_stays_as_it_is() -> None:
    resolved, problems = resolve(document({"a": {"env": "HOME", "other": 1}}), {"HOME": "x"})

    assert resolved.spec == {"a": {"env": "HOME", "other": 1}}
    assert not problems
