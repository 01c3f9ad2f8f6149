"""What a gateway says of its capacity by PUBLISH (SIG-14, RFC 3903)."""

from random import Random

import pytest
from support.switch import VENDOR
from support.user_agent import UserAgent
from trunkline_signaling.calls.parties import Endpoint, EndpointKind, Target
from trunkline_signaling.registrar.entity_tags import EntityTags, Tagged
from trunkline_signaling.registrar.gateways import Gateway
from trunkline_signaling.registrar.publications import Publications
from trunkline_signaling.sip.message import Request, Response

GATEWAY = Gateway("vox", allow_publish=True, capacity=100)
VOX = Endpoint(EndpointKind.ROUTING_GATEWAY, "vox")


def publish(body: str = "", content_type: str = "application/json", **headers: str) -> Request:
    built = UserAgent(VENDOR).request("PUBLISH")
    built.body = body.encode()
    if body:
        built.headers.set("Content-Type", content_type)
    for name, value in headers.items():
        built.headers.set(name.replace("_", "-"), value)
    return built


class Bench:
    """Publications of one instance, with a clock."""

    def __init__(self, seed: int = 1, now: float = 0.0) -> None:
        self.publications = Publications(Random(seed))
        self.now = now

    def send(self, request: Request, gateway: Gateway = GATEWAY) -> Response:
        """Return the answer."""
        self.publications.put(gateway)
        return self.publications.take(request, VOX, VENDOR[0], self.now)

    @property
    def published(self) -> list[int | None]:
        """Return what holds now."""
        said = [report.published for report in self.publications.reports(self.now)]
        return [calls for calls in said if calls is not None]


@pytest.mark.parametrize(
    ("body", "content_type", "calls"),
    [
        pytest.param('{"capacity": 10}', "application/json", 10, id="json"),
        pytest.param("capacity=10", "text/plain", 10, id="text"),
        pytest.param('{"capacity": 0}', "application/json", 0, id="none at all"),
        pytest.param('{"capacity": 500}', "application/json", 100, id="cut to the configured"),
    ],
)
def test_sig14_a_limit_holds_for_five_minutes(body: str, content_type: str, calls: int) -> None:
    bench = Bench()
    response = bench.send(publish(body, content_type))

    assert (response.status, response.headers.get("Expires")) == (200, "300")
    assert response.headers.get("SIP-ETag")
    assert bench.published == [calls]
    bench.now = 300.0
    assert bench.published == []


@pytest.mark.parametrize(
    ("expires", "status", "granted"),
    [("30", 200, "30"), ("90000", 200, "7200"), ("29", 423, None), ("1", 423, None)],
)
def test_sig14_the_life_asked_for(expires: str, status: int, granted: str | None) -> None:
    response = Bench().send(publish("capacity=1", "text/plain", Expires=expires))

    assert (response.status, response.headers.get("Expires")) == (status, granted)
    assert response.headers.get("Min-Expires") == ("30" if status == 423 else None)


def test_sig14_a_refresh_needs_the_last_tag_and_gets_another() -> None:
    bench = Bench()
    first = bench.send(publish("capacity=10", "text/plain")).headers.get("SIP-ETag") or ""
    bench.now = 200.0
    refreshed = bench.send(publish(SIP_If_Match=first))
    bench.now = 400.0

    assert refreshed.status == 200
    assert refreshed.headers.get("SIP-ETag") != first
    assert bench.published == [10]
    assert bench.send(publish(SIP_If_Match=first)).status == 412
    assert bench.send(publish(SIP_If_Match="unknown")).status == 412


def test_sig14_a_tag_that_has_lapsed_is_unknown() -> None:
    bench = Bench()
    tag = bench.send(publish("capacity=10", "text/plain")).headers.get("SIP-ETag") or ""
    bench.now = 300.0

    assert bench.send(publish(SIP_If_Match=tag)).status == 412


def test_sig14_a_tag_with_a_body_changes_the_limit() -> None:
    bench = Bench()
    tag = bench.send(publish("capacity=10", "text/plain")).headers.get("SIP-ETag") or ""
    bench.send(publish("capacity=20", "text/plain", SIP_If_Match=tag))

    assert bench.published == [20]


def test_sig14_expires_zero_removes() -> None:
    bench = Bench()
    tag = bench.send(publish("capacity=10", "text/plain")).headers.get("SIP-ETag") or ""
    response = bench.send(publish(SIP_If_Match=tag, Expires="0"))

    assert (response.status, response.headers.get("Expires")) == (200, "0")
    assert bench.published == []


def test_sig14_who_may_not_publish_is_refused_and_changes_nothing() -> None:
    bench = Bench()
    response = bench.send(publish("capacity=10", "text/plain"), Gateway("vox", capacity=100))

    assert response.status == 403
    assert bench.published == []


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        pytest.param("", "", 400, id="nothing"),
        pytest.param("{", "application/json", 400, id="no json"),
        pytest.param("[" * 100_000, "application/json", 400, id="deep json"),
        pytest.param('{"capacity": -1}', "application/json", 400, id="less than none"),
        pytest.param('{"capacity": true}', "application/json", 400, id="no number"),
        pytest.param("capacity=many", "text/plain", 400, id="a word"),
        pytest.param("<presence/>", "application/pidf+xml", 415, id="another type"),
    ],
)
def test_sig14_a_body_that_names_no_limit_is_refused(
    body: str, content_type: str, status: int
) -> None:
    bench = Bench()

    assert bench.send(publish(body, content_type)).status == status
    assert bench.published == []


def test_sig14_a_gateway_that_may_publish_no_more_is_held_to_nothing() -> None:
    bench = Bench()
    bench.send(publish("capacity=10", "text/plain"))
    bench.publications.put(Gateway("vox"))

    assert bench.published == []


@pytest.mark.parametrize(("source", "status"), [(VENDOR[0], 200), ("192.0.2.9", 403)])
def test_sig14_a_vendor_that_is_a_customer_too_is_known_by_its_address(
    source: str, status: int
) -> None:
    publications = Publications(Random(1))
    publications.put(Gateway("vox", (Target(*VENDOR),), allow_publish=True))
    customer = Endpoint(EndpointKind.MAPPING_GATEWAY, "vox-in")
    request = publish("capacity=10", "text/plain")

    assert publications.take(request, customer, source, 0.0).status == status


def two_instances() -> tuple[Bench, Bench]:
    """Return two that share the key of tags, or one instance before and after a restart."""
    one, other = Bench(), Bench(seed=2, now=100.0)
    one.publications.tags = other.publications.tags = EntityTags(b"k" * 32)
    return one, other


def tag_of(response: Response) -> str:
    """Return the tag of a publication that was taken."""
    assert response.status == 200
    return response.headers.get("SIP-ETag") or ""


def test_sig14_another_instance_refreshes_what_one_heard() -> None:
    """RFC 3903 section 4.3: a refresh has no body; the tag says what it was."""
    one, other = two_instances()
    tag = tag_of(one.send(publish("capacity=10", "text/plain")))

    refreshed = tag_of(other.send(publish(SIP_If_Match=tag)))

    assert other.published == [10]
    assert one.send(publish(SIP_If_Match=refreshed)).status == 200


def test_sig14_a_tag_of_another_instance_lapses_too() -> None:
    one, other = two_instances()
    tag = tag_of(one.send(publish("capacity=10", "text/plain")))
    other.now = 300.0

    assert other.send(publish(SIP_If_Match=tag)).status == 412


def test_sig14_a_tag_that_was_followed_is_refused_where_that_is_known() -> None:
    one, other = two_instances()
    tag = tag_of(one.send(publish("capacity=10", "text/plain")))
    tag_of(other.send(publish("capacity=20", "text/plain", SIP_If_Match=tag)))

    assert other.send(publish(SIP_If_Match=tag)).status == 412


def test_sig14_what_follows_is_later_whatever_the_clocks_say() -> None:
    one, other = two_instances()
    one.now, other.now = 100.0, 90.0
    tag = tag_of(one.send(publish("capacity=10", "text/plain")))
    other.send(publish("capacity=20", "text/plain", SIP_If_Match=tag))

    (first,), (second,) = (list(each.publications.reports(100.0)) for each in (one, other))
    assert first.publish_time is not None and second.publish_time is not None
    assert second.publish_time > first.publish_time


def test_sig14_another_instance_takes_back_what_one_heard() -> None:
    one, other = two_instances()
    tag = tag_of(one.send(publish("capacity=10", "text/plain")))

    other.send(publish(SIP_If_Match=tag, Expires="0"))

    (said,) = other.publications.reports(other.now)
    assert (said.published, said.publish_time) == (None, 100.0)
    other.now = 300.0
    assert list(other.publications.reports(other.now)) == []


@pytest.mark.parametrize("tag", ["", "*", "ü", "AAAA", "A" * 48, "A" * 10_000])
def test_sig14_any_text_is_a_tag_that_nobody_made(tag: str) -> None:
    assert EntityTags(b"k" * 32).read("vox", tag) is None


def test_sig14_a_tag_is_foreign_to_other_gateways_and_other_keys() -> None:
    tags, said = EntityTags(b"k" * 32), Tagged(10, 100.0, 400.0)
    tag = tags.make("vox", said, Random(1))

    assert tags.read("vox", tag) == said
    assert tags.read("other", tag) is None
    assert EntityTags(b"l" * 32).read("vox", tag) is None
