"""Secrets at rest: sealed under a key, each for its name."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trunkline_kernel.vault import BadKey, Vault, read_key

VAULT = Vault(bytes(32))


@given(st.text(min_size=1, max_size=64))
def test_what_was_sealed_opens_to_itself(secret: str) -> None:
    assert VAULT.open("first", VAULT.seal("first", secret)) == secret


def test_a_secret_that_did_not_change_stays_as_it_was_sealed() -> None:
    stored = VAULT.seal("first", "swordfish")

    assert VAULT.seal_anew("first", "swordfish", stored) == stored
    assert VAULT.seal_anew("first", stored, stored) == stored
    assert VAULT.open("first", VAULT.seal_anew("first", "other", stored)) == "other"


def test_what_was_stored_before_there_was_a_vault_is_read_as_it_is() -> None:
    assert VAULT.open("first", "swordfish") == "swordfish"


@pytest.mark.parametrize(
    ("vault", "name"),
    [
        pytest.param(Vault(b"k" * 32), "first", id="another key"),
        pytest.param(VAULT, "second", id="another name"),
    ],
)
def test_a_sealed_secret_opens_with_its_key_for_its_name_only(vault: Vault, name: str) -> None:
    with pytest.raises(BadKey, match="sealed with another key"):
        vault.open(name, VAULT.seal("first", "swordfish"))


def test_a_key_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "var" / "routing.key"
    made = read_key("", file)

    assert read_key("", file) == made
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("key", ["_-" * 21 + "8=", "_-" * 21 + "8", "/+" * 21 + "8="])
def test_a_key_may_be_written_in_either_alphabet(key: str, tmp_path: Path) -> None:
    assert len(read_key(key, tmp_path / "key")) == 32


@pytest.mark.parametrize("key", ["no base64", "c2hvcnQ="])
def test_a_key_of_another_form_is_refused(key: str, tmp_path: Path) -> None:
    with pytest.raises(BadKey):
        Vault(read_key(key, tmp_path / "key"))


def test_a_derived_secret_is_one_for_its_purpose_and_tells_nothing_of_others() -> None:
    assert VAULT.derive("SIP-ETag") == Vault(bytes(32)).derive("SIP-ETag")
    assert VAULT.derive("SIP-ETag") != VAULT.derive("another")
    assert len(VAULT.derive("SIP-ETag")) == 32
