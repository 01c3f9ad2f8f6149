"""Settings: read once, frozen, with errors that name the variable."""

from typing import ClassVar

import pytest
from trunkline_kernel.settings import Port, ServiceSettings, SettingsError, read_settings


class EchoSettings(ServiceSettings, env_prefix="TRUNKLINE_ECHO_"):
    service: ClassVar[str] = "echo"
    grpc_port: Port = 50060
    names: tuple[str, ...] = ()


def test_http_listens_a_thousand_above_grpc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUNKLINE_ECHO_GRPC_PORT", "40000")

    assert read_settings(EchoSettings).metrics_port == 41000


def test_a_grpc_port_that_leaves_http_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUNKLINE_ECHO_GRPC_PORT", "64536")

    with pytest.raises(SettingsError, match=r"HTTP_PORT is unset and .* is 65536: above 65535"):
        read_settings(EchoSettings)

    monkeypatch.setenv("TRUNKLINE_ECHO_HTTP_PORT", "9000")
    assert read_settings(EchoSettings).metrics_port == 9000


def test_every_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUNKLINE_ECHO_GRPC_PORT", "70000")
    monkeypatch.setenv("TRUNKLINE_ECHO_LOG_LEVEL", "loud")

    with pytest.raises(SettingsError) as failure:
        read_settings(EchoSettings)

    assert "TRUNKLINE_ECHO_GRPC_PORT: " in str(failure.value)
    assert "TRUNKLINE_ECHO_LOG_LEVEL: " in str(failure.value)


def test_a_list_that_is_no_json_is_named_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUNKLINE_ECHO_NAMES", "hunter2")

    with pytest.raises(SettingsError, match=r"^TRUNKLINE_ECHO_NAMES: expected JSON") as failure:
        read_settings(EchoSettings)

    assert "hunter2" not in str(failure.value)


def test_half_of_mutual_tls_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUNKLINE_ECHO_TLS_CERT_FILE", "cert.pem")

    with pytest.raises(SettingsError, match="TLS_KEY_FILE"):
        read_settings(EchoSettings)
