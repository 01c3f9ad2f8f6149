"""One Dockerfile a service: each can be built by itself, and none drifts from the others."""

from pathlib import Path

import pytest

SERVICES = Path(__file__).parents[3] / "services"


def lines(service: str) -> list[str]:
    """Return the steps of a Dockerfile, its service called by no name."""
    _, *steps = (SERVICES / service / "Dockerfile").read_text().splitlines()
    return [
        step.replace(f"trunkline-{service}", "it").replace(f"_{service}", "_it") for step in steps
    ]


@pytest.mark.parametrize("service", ["billing", "routing"])
def test_services_are_built_alike(service: str) -> None:
    assert lines(service) == lines("auth")


def test_signaling_is_built_like_the_others_with_rust_before() -> None:
    steps = iter(lines("signaling"))

    assert [step for step in lines("auth") if step not in steps] == []


def test_media_is_built_like_signaling_with_codecs_before() -> None:
    steps = iter("FROM ${BASE}" if step == "FROM base" else step for step in lines("media"))

    assert [step for step in lines("signaling") if step not in steps] == []
