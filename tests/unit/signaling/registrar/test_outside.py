"""Requests outside of calls: REGISTER through auth in one hop, OPTIONS, and the rest."""

from datetime import timedelta
from random import Random

import pytest
from support.switch import CALLER, CUSTOMER, SWITCH, FakeAuth, OneAddress
from support.user_agent import UserAgent
from trunkline_signaling.calls.call_settings import CallSettings
from trunkline_signaling.calls.parties import Endpoint, EndpointKind
from trunkline_signaling.calls.services import (
    Admit,
    Allowed,
    Challenged,
    Dropped,
    Register,
    Registered,
    RegisteredContact,
    Rejected,
)
from trunkline_signaling.registrar.gateways import Gateway
from trunkline_signaling.registrar.outside import Outside
from trunkline_signaling.registrar.publications import Publications
from trunkline_signaling.sip.flow import Flow, Transport
from trunkline_signaling.sip.message import Request, Response
from trunkline_signaling.sip.via import Via

FLOW = Flow(Transport.UDP, CALLER, SWITCH)


def request(method: str, **headers: str) -> Request:
    """Return a request as it comes from the network."""
    built = UserAgent(CALLER).request(method)
    built.headers.push("Via", Via("UDP", "10.0.0.2", 5060, {"branch": "z9hG4bK1"}))
    for name, value in headers.items():
        built.headers.set(name, value)
    return built


def register(**headers: str) -> Request:
    """Return a REGISTER."""
    built = request("REGISTER", **headers)
    built.target = "sip:10.0.0.1"
    return built


async def answer(auth: FakeAuth, asked: Request) -> Response:
    """Return the answer to a request."""
    publications = Publications(Random(1))
    publications.put(Gateway("vox", allow_publish=True))
    outside = Outside(auth, _settings, lambda: 1_000_000_000.0, publications)
    response, _ = await outside.answer(asked, FLOW)
    assert response is not None
    return response


def _settings() -> CallSettings:
    return CallSettings("signaling-1", OneAddress())


async def test_sig24_a_registration_is_asked_for_in_one_hop() -> None:
    auth = FakeAuth()
    asked = register(
        Contact='<sip:1001@10.0.0.2>;expires=60;+sip.instance="<urn:uuid:1>"', Expires="3600"
    )

    await answer(auth, asked)

    (question,) = auth.asked
    assert isinstance(question, Register)
    (contact,) = question.contacts
    assert (contact.uri, contact.expires, contact.instance_id) == (
        "sip:1001@10.0.0.2",
        60,
        "<urn:uuid:1>",
    )
    assert question.expires == 3600
    assert question.via_sent_by == ("10.0.0.2", 5060)


async def test_sig24_a_200_echoes_the_contact_with_what_was_granted() -> None:
    auth = FakeAuth()
    auth.registration = Registered(
        (RegisteredContact("sip:1001@10.0.0.2", timedelta(seconds=600), "<urn:uuid:1>"),)
    )

    response = await answer(auth, register(Contact="<sip:1001@10.0.0.2>"))

    assert response.status == 200
    assert response.headers.get("Contact") == (
        '<sip:1001@10.0.0.2>;expires=600;+sip.instance="<urn:uuid:1>"'
    )


async def test_sig24_a_200_tells_the_date() -> None:
    response = await answer(FakeAuth(), register())

    assert response.headers.get("Date") == "Sun, 09 Sep 2001 01:46:40 GMT"


async def test_a_request_of_a_dialog_that_is_not_here_gets_481_whoever_sends_it() -> None:
    auth = FakeAuth()
    auth.decision = Challenged(401, ("Digest x",))
    asked = request("BYE")
    asked.headers.set("To", "<sip:bob@10.0.0.1>;tag=gone")

    assert (await answer(auth, asked)).status == 481


async def test_aut01_a_strangers_request_of_no_dialog_is_dropped_like_any_other() -> None:
    auth = FakeAuth()
    auth.decision = Dropped("unauthorized")
    asked = request("BYE")
    asked.headers.set("To", "<sip:bob@10.0.0.1>;tag=gone")

    response, _ = await Outside(auth, _settings, lambda: 0.0, Publications(Random(1))).answer(
        asked, FLOW
    )

    assert response is None


async def test_sig24_too_short_a_time_gets_423_with_min_expires() -> None:
    auth = FakeAuth()
    auth.registration = Rejected(423, min_expires=60)

    response = await answer(auth, register(Contact="<sip:1001@10.0.0.2>;expires=10"))

    assert response.status == 423
    assert response.headers.get("Min-Expires") == "60"


@pytest.mark.parametrize(
    ("status", "header"), [(401, "WWW-Authenticate"), (407, "Proxy-Authenticate")]
)
async def test_aut02_a_challenge_has_the_header_of_its_code(status: int, header: str) -> None:
    auth = FakeAuth()
    auth.registration = Challenged(status, ('Digest realm="t", nonce="n"',))

    response = await answer(auth, register(Contact="<sip:1001@10.0.0.2>"))

    assert response.status == status
    assert response.headers.get(header) == 'Digest realm="t", nonce="n"'


async def test_a_star_is_a_contact_of_its_own() -> None:
    auth = FakeAuth()

    await answer(auth, register(Contact="*", Expires="0"))

    (question,) = auth.asked
    assert isinstance(question, Register)
    assert question.contacts[0].uri == "*"


async def test_a_contact_that_is_no_address_gets_400() -> None:
    assert (await answer(FakeAuth(), register(Contact="<sip:"))).status == 400


async def test_a_registration_while_auth_is_away_gets_503_with_retry_after() -> None:
    auth = FakeAuth()
    auth.away = True

    response = await answer(auth, register(Contact="<sip:1001@10.0.0.2>"))

    assert response.status == 503
    assert response.headers.get("Retry-After") == "5"


async def test_options_of_a_known_source_gets_200_with_what_we_do() -> None:
    auth = FakeAuth()
    auth.decision = Allowed(CUSTOMER)

    response = await answer(auth, request("OPTIONS"))

    assert response.status == 200
    assert "INVITE" in (response.headers.get("Allow") or "")
    assert isinstance(auth.asked[0], Admit)


async def test_aut01_a_dropped_request_has_no_answer_but_a_reason() -> None:
    auth = FakeAuth()
    auth.decision = Dropped("unauthorized")

    assert await Outside(auth, _settings, lambda: 0.0, Publications(Random(1))).answer(
        request("OPTIONS"), FLOW
    ) == (
        None,
        "unauthorized",
    )


@pytest.mark.parametrize(
    ("method", "status"), [("MESSAGE", 405), ("SUBSCRIBE", 405), ("REFER", 405), ("FROB", 501)]
)
async def test_a_method_we_do_not_do_is_refused_once_its_sender_is_known(
    method: str, status: int
) -> None:
    response = await answer(FakeAuth(), request(method))

    assert response.status == status
    assert response.headers.get("Allow") is not None


async def test_an_unknown_sender_is_refused_whatever_it_wants() -> None:
    auth = FakeAuth()
    auth.decision = Rejected(403, unknown_source=True)

    assert (await answer(auth, request("MESSAGE"))).status == 403


VENDOR = Endpoint(EndpointKind.ROUTING_GATEWAY, "vox")


@pytest.mark.parametrize(
    ("decision", "status"),
    [
        pytest.param(Allowed(VENDOR), 200, id="a vendor that may"),
        pytest.param(Allowed(Endpoint(EndpointKind.ROUTING_GATEWAY, "tel")), 403, id="another"),
        pytest.param(Allowed(CUSTOMER), 403, id="a customer"),
        pytest.param(Rejected(403, unknown_source=True), 403, id="a stranger"),
    ],
)
async def test_sig14_publish_is_taken_from_vendors_that_may(
    decision: Allowed | Rejected, status: int
) -> None:
    auth = FakeAuth()
    auth.decision = decision
    asked = request("PUBLISH", **{"Content-Type": "text/plain"})
    asked.body = b"capacity=10"

    assert (await answer(auth, asked)).status == status
