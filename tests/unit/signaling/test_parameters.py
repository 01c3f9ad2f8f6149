"""SS_RTPENCRYPTIONMODE and SS_RTPENCRYPTIONKEY: what is accepted, and who sees it (MED-01)."""

from collections.abc import Mapping

import pytest
from trunkline_kernel.parameters import Parameters
from trunkline_kernel.parameters.registry import BadParameters, show
from trunkline_signaling.calls.encryption import Cipher, PayloadEncryption
from trunkline_signaling.parameters import CHECKS, PARAMETERS, media


def written(values: Mapping[str, str]) -> Parameters:
    """Return signaling's parameters after a write. Raises `BadParameters`."""
    parameters = Parameters(PARAMETERS, CHECKS)
    write(parameters, values)
    return parameters


def write(parameters: Parameters, values: Mapping[str, str]) -> None:
    """Write as the service does: all or nothing."""
    changes = parameters.plan(values)
    before = {p.name: parameters.text(p) for p in PARAMETERS if parameters.is_set(p)}
    parameters.replace(before | {c.parameter.name: c.new for c in changes})


def encryption(mode: str, key: str) -> Mapping[str, str]:
    """Return both values of a write."""
    return {"SS_RTPENCRYPTIONMODE": mode, "SS_RTPENCRYPTIONKEY": key}


@pytest.mark.parametrize(
    ("mode", "key", "expected"),
    [
        ("None", "", None),
        ("XOR", " AB ", PayloadEncryption(Cipher.XOR, b" AB ")),
        ("rc4", "k" * 32, PayloadEncryption(Cipher.RC4, b"k" * 32)),
        ("AES128", "0123456789abcdef", PayloadEncryption(Cipher.AES128, b"0123456789abcdef")),
        ("AES128", "ä" * 8, PayloadEncryption(Cipher.AES128, "ä".encode() * 8)),
    ],
    ids=["none", "xor, spaces kept", "rc4", "aes128", "bytes of UTF-8 count"],
)
def test_med01_a_mode_and_its_key(mode: str, key: str, expected: PayloadEncryption | None) -> None:
    assert media.encryption(written(encryption(mode, key))) == expected


@pytest.mark.parametrize(
    ("mode", "key"),
    [("XOR", ""), ("RC4", ""), ("RC4", "k" * 33), ("AES128", "k" * 15), ("AES128", "ä" * 16)],
)
def test_med01_c_a_key_that_does_not_fit_its_mode_is_rejected(mode: str, key: str) -> None:
    with pytest.raises(BadParameters) as refused:
        written(encryption(mode, key))

    (violation,) = refused.value.violations
    assert violation.field == "SS_RTPENCRYPTIONKEY"
    assert not key or key not in str(refused.value)


def test_med01_a_mode_that_the_stored_key_does_not_fit_needs_a_new_key_with_it() -> None:
    parameters = written(encryption("XOR", "AB"))

    with pytest.raises(BadParameters):
        write(parameters, {"SS_RTPENCRYPTIONMODE": "AES128"})
    assert media.encryption(parameters) == PayloadEncryption(Cipher.XOR, b"AB")
    write(parameters, encryption("AES128", "0123456789abcdef"))

    assert media.relay_parameters(parameters).encryption


def test_med01_the_key_is_masked_wherever_it_is_read() -> None:
    assert "secret" not in show(media.RTP_ENCRYPTION_KEY, "secret")


@pytest.mark.parametrize(
    ("mode", "key", "doubts"),
    [
        ("RC4", "tiny", 1),
        ("XOR", "AB CD", 1),
        ("RC4", "a-b", 2),
        ("XOR", "AB", 0),
        ("None", "", 0),
    ],
)
def test_med01_a_doubtful_key_is_accepted_with_a_warning(mode: str, key: str, doubts: int) -> None:
    found = list(media.doubts_of_key(written(encryption(mode, key))))

    assert len(found) == doubts
    assert all(key not in doubt for doubt in found)
