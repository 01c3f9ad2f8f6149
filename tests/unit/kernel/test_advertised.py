"""No switch starts that tells the internet a private address."""

from ipaddress import ip_address
from pathlib import Path

import pytest
from trunkline_kernel.advertised import require_public
from trunkline_kernel.settings import SettingsError, read_settings
from trunkline_media.settings import MediaSettings
from trunkline_signaling.settings import SignalingSettings


@pytest.mark.parametrize("address", ["10.0.0.1", "100.64.0.1", "127.0.0.1", "fd00::1"])
def test_an_address_that_the_internet_does_not_route_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="no address of the internet"):
        require_public("advertised_address", [ip_address(address)])


def test_media_refuses_to_start_with_a_private_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUNKLINE_MEDIA_ALLOW_PRIVATE_ADDRESS", "false")
    monkeypatch.setenv("TRUNKLINE_MEDIA_ADVERTISED_ADDRESSES", '["10.0.0.1"]')

    with pytest.raises(SettingsError, match=r"10\.0\.0\.1"):
        read_settings(MediaSettings)


def test_signaling_refuses_to_find_its_address_when_it_must_be_public(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TRUNKLINE_SIGNALING_ALLOW_PRIVATE_ADDRESS", "false")

    with pytest.raises(SettingsError, match="advertised_address must be set"):
        read_settings(SignalingSettings)


def test_a_setting_is_read_from_the_settings_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "TRUNKLINE_MEDIA_ADVERTISED_ADDRESSES").write_text('["8.8.8.8"]')
    monkeypatch.setenv("TRUNKLINE_SETTINGS_DIR", str(tmp_path))

    assert read_settings(MediaSettings).advertised_addresses == (ip_address("8.8.8.8"),)


def test_ports_of_an_instance_are_checked_at_the_door(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUNKLINE_MEDIA_RTP_PORTS", "10001-10002")

    with pytest.raises(SettingsError, match="the first port is odd"):
        read_settings(MediaSettings)
