"""`trunkline up --replicas`: what tells instances on one machine apart."""

import pytest
from trunkline_cli.errors import BadUsage
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
