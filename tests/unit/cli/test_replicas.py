"""`trunkline up --replicas`: what tells instances on one machine apart."""

import pytest
from trunkline_cli.errors import BadUsage
from trunkline_cli.processes import grpc_address
from trunkline_cli.replicas import parse_replicas, plan
from trunkline_cli.services import Service


def test_without_replicas_every_service_starts_once_as_its_environment_says() -> None:
    assert plan(1, {}) == [(service, {}) for service in Service]


def test_instances_have_ports_of_their_own_and_signaling_knows_them_all() -> None:
    processes = plan(3, {})

    media = [settings for service, settings in processes if service is Service.MEDIA]
    signaling = next(settings for service, settings in processes if service is Service.SIGNALING)
    assert [each["TRUNKLINE_MEDIA_RTP_PORTS"] for each in media] == [
        "10000-19999",
        "20000-29999",
        "30000-39999",
    ]
    assert signaling == {
        "TRUNKLINE_SIGNALING_MEDIA": "127.0.0.1:50052,127.0.0.1:50152,127.0.0.1:50252"
    }
    for variable in ("GRPC_PORT", "HTTP_PORT", "INSTANCE"):
        assert len({each[f"TRUNKLINE_MEDIA_{variable}"] for each in media}) == 3


@pytest.mark.parametrize("count", [2, 3, 7, 16])
def test_every_share_of_the_rtp_ports_begins_with_an_even_one(count: int) -> None:
    shares = [settings.get("TRUNKLINE_MEDIA_RTP_PORTS") for _, settings in plan(count, {})]

    assert all(int(share.partition("-")[0]) % 2 == 0 for share in shares if share)


@pytest.mark.parametrize("text", ["media", "media=0", "media=17", "auth=2", "3", "media=two"])
def test_other_replicas_are_refused(text: str) -> None:
    with pytest.raises(BadUsage, match="expected media=1 to media=16"):
        parse_replicas(text)


@pytest.mark.parametrize("variable", ["TRUNKLINE_MEDIA_GRPC_PORT", "TRUNKLINE_MEDIA_HTTP_PORT"])
def test_instances_whose_ports_would_run_over_the_last_are_refused(variable: str) -> None:
    assert plan(3, {"TRUNKLINE_MEDIA_HTTP_PORT": "9000", variable: "65335"})
    with pytest.raises(
        BadUsage, match=rf"{variable}: 65336 leaves no room.*\n.*expected 1 to 65335"
    ):
        plan(3, {"TRUNKLINE_MEDIA_HTTP_PORT": "9000", variable: "65336"})


def test_an_http_port_that_only_follows_from_the_other_has_to_fit_too() -> None:
    with pytest.raises(BadUsage, match="TRUNKLINE_MEDIA_HTTP_PORT"):
        plan(2, {"TRUNKLINE_MEDIA_GRPC_PORT": "64500"})


@pytest.mark.parametrize("port", ["70000", "-1", "http", ""])
def test_what_is_no_port_is_refused_before_anything_starts(port: str) -> None:
    with pytest.raises(BadUsage, match="TRUNKLINE_AUTH_GRPC_PORT: expected a port from 0 to 65535"):
        grpc_address(Service.AUTH, {"TRUNKLINE_AUTH_GRPC_PORT": port})
