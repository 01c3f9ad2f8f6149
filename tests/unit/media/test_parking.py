"""How many ended sessions may keep their sockets."""

import resource

import pytest
from trunkline_media.__main__ import MOST_PARKED, parked_sessions


@pytest.mark.parametrize(
    ("descriptors", "sessions"), [(1024, 128), (4096, 512), (1_048_576, MOST_PARKED)]
)
def test_half_of_the_descriptors_may_be_kept_sockets_up_to_a_number(
    descriptors: int, sessions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (descriptors, descriptors))

    assert parked_sessions() == sessions
