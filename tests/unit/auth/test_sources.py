"""AUT-01 and AUT-05: who is known by address, and what strangers meet."""

from dataclasses import replace

import pytest
from support.auth_doors import (
    House,
    Knocker,
    address,
    digest_gateway,
    phone,
    static_gateway,
    status,
)
from trunkline_auth.admission.decisions import (
    AdmittedBy,
    Allow,
    Challenged,
    Decision,
    Drop,
    Reason,
    Reject,
)
from trunkline_auth.admission.policy import Policy
from trunkline_auth.admission.requests import SipRequest
from trunkline_auth.identity import AccessMode, BindingTrust, EndpointKind

SILENT = Policy(reply_unauthorized=False)
BY_IP = static_gateway("acme", "192.0.2.10")
BY_PORT = static_gateway("acme", "192.0.2.10:5070", mode=AccessMode.IP_PORT)
ALICE = phone("1001", "right")


def request(
    source: str = "192.0.2.10:5060", method: str = "INVITE", user: str = "someone", callee: str = ""
) -> SipRequest:
    return SipRequest(
        method,
        address(source),
        "call-1",
        from_user=user,
        to_user=callee or user,
        request_user=callee,
    )


def name_of(decision: Decision) -> str:
    assert isinstance(decision, Allow)
    assert decision.endpoint is not None
    return decision.endpoint.id.name


async def test_aut01_a_an_unknown_invite_meets_403() -> None:
    decision = await House(BY_IP).admit(request("198.51.100.1:5060"))

    assert decision == Reject(
        403, Reason.UNAUTHORIZED, "198.51.100.1:5060 is unknown", unknown_source=True
    )


async def test_aut01_b_off_drops_an_unknown_invite_and_says_why() -> None:
    decision = await House(BY_IP, policy=SILENT).admit(request("198.51.100.1:5060"))

    assert decision == Drop(
        Reason.UNAUTHORIZED, "198.51.100.1:5060 is unknown", unknown_source=True
    )


async def test_aut01_c_off_still_challenges_a_configured_phone_from_a_new_address() -> None:
    client = Knocker(House(ALICE, policy=SILENT), "1001", "right")

    assert status(await client.register()) == 401
    assert status(await client.register()) == 200


async def test_aut01_d_off_lets_a_gateway_by_ip_call() -> None:
    assert status(await House(BY_IP, policy=SILENT).admit(request())) == 200


@pytest.mark.parametrize("method", ["OPTIONS", "MESSAGE", "PUBLISH", "SUBSCRIBE", "BYE", "FOO"])
@pytest.mark.parametrize(("policy", "met"), [(Policy(), 403), (SILENT, 0)], ids=["On", "Off"])
async def test_aut01_other_methods_of_strangers(method: str, policy: Policy, met: int) -> None:
    decision = await House(BY_IP, policy=policy).admit(request("198.51.100.1:5060", method))

    assert status(decision) == met


@pytest.mark.parametrize("method", ["ACK", "CANCEL"])
@pytest.mark.parametrize("policy", [Policy(), SILENT], ids=["On", "Off"])
async def test_aut01_what_can_not_be_answered_never_is(method: str, policy: Policy) -> None:
    decision = await House(BY_IP, policy=policy).admit(request("198.51.100.1:5060", method))

    assert isinstance(decision, Drop)


async def test_aut01_on_challenges_a_register_of_nobody() -> None:
    client = Knocker(House(ALICE), "9999", "guess")

    decision = await client.register()

    assert isinstance(decision, Challenged)
    assert decision.unknown_source


async def test_aut01_off_drops_a_register_of_nobody() -> None:
    client = Knocker(House(ALICE, policy=SILENT), "9999", "guess")

    assert isinstance(await client.register(), Drop)


async def test_aut01_off_challenges_a_source_five_times_a_second_at_most() -> None:
    house = House(ALICE, policy=SILENT)

    met = [status(await house.admit(request(user="1001"))) for _ in range(7)]
    elsewhere = status(await house.admit(request("192.0.2.11:5060", user="1001")))
    house.wait(1)

    assert met == [401] * 5 + [0] * 2
    assert elsewhere == 401
    assert status(await house.admit(request(user="1001"))) == 401


async def test_aut01_a_phone_named_in_to_makes_the_source_known() -> None:
    assert status(await House(ALICE, policy=SILENT).admit(request(callee="1001"))) == 401


async def test_aut01_a_vendors_address_is_known() -> None:
    vendor = static_gateway("voxcarrier", "198.51.100.7", kind=EndpointKind.ROUTING_GATEWAY)

    decision = await House(vendor, policy=SILENT).admit(request("198.51.100.7:40000"))

    assert name_of(decision) == "voxcarrier"


@pytest.mark.parametrize(
    ("gateway", "source", "met"),
    [
        pytest.param(BY_IP, "192.0.2.10:5060", AdmittedBy.ADDRESS, id="by ip"),
        pytest.param(BY_IP, "192.0.2.10:61234", AdmittedBy.ADDRESS, id="by ip, another port"),
        pytest.param(BY_PORT, "192.0.2.10:5070", AdmittedBy.ADDRESS_AND_PORT, id="by ip and port"),
        pytest.param(
            static_gateway("acme", "192.0.2.0/24"),
            "192.0.2.200:5060",
            AdmittedBy.ADDRESS,
            id="by network",
        ),
        pytest.param(
            static_gateway("acme", "2001:db8::10"),
            "2001:DB8:0::10:5060",
            AdmittedBy.ADDRESS,
            id="by IPv6 in another spelling",
        ),
        pytest.param(BY_IP, "::ffff:192.0.2.10:5060", AdmittedBy.ADDRESS, id="IPv4 in IPv6"),
    ],
)
async def test_aut05_a_static_match_needs_no_digest(
    gateway: object, source: str, met: AdmittedBy
) -> None:
    assert isinstance(gateway, type(BY_IP))

    assert await House(gateway).admit(request(source)) == Allow(gateway, met)


async def test_aut05_ip_and_port_with_another_port_is_unknown() -> None:
    assert status(await House(BY_PORT).admit(request("192.0.2.10:5060"))) == 403


async def test_aut05_ip_and_port_without_a_port_means_5060() -> None:
    gateway = static_gateway("acme", "192.0.2.10", mode=AccessMode.IP_PORT)

    assert status(await House(gateway).admit(request("192.0.2.10:5060"))) == 200
    assert status(await House(gateway).admit(request("192.0.2.10:5061"))) == 403


async def test_aut05_password_mode_challenges_a_call_without_credentials() -> None:
    client = Knocker(House(digest_gateway("acme", "acme-trunk", "s3cret")), "acme-trunk", "s3cret")

    assert status(await client.invite()) == 401
    decision = await client.invite()
    assert name_of(decision) == "acme"


async def test_aut05_ip_and_port_beats_ip_and_ip_beats_a_network() -> None:
    house = House(
        static_gateway("network", "192.0.2.0/24"),
        static_gateway("wider", "192.0.0.0/16"),
        static_gateway("address", "192.0.2.10", priority=999),
        static_gateway("port", "192.0.2.10:5070", mode=AccessMode.IP_PORT, priority=999),
    )

    assert name_of(await house.admit(request("192.0.2.10:5070"))) == "port"
    assert name_of(await house.admit(request("192.0.2.10:5060"))) == "address"
    assert name_of(await house.admit(request("192.0.2.11:5060"))) == "network"
    assert name_of(await house.admit(request("192.0.3.11:5060"))) == "wider"


async def test_aut05_gateways_of_one_address_are_told_apart() -> None:
    house = House(
        static_gateway("germany", "192.0.2.10", callee_prefixes=("49",), priority=200),
        static_gateway("berlin", "192.0.2.10", callee_prefixes=("4930",), priority=200),
        static_gateway("named", "192.0.2.10", username="trunk7", priority=200),
        static_gateway("zulu", "192.0.2.10", priority=10),
        static_gateway("alpha", "192.0.2.10", priority=10),
    )

    assert name_of(await house.admit(request(callee="4989111"))) == "germany"
    assert name_of(await house.admit(request(callee="+4930111"))) == "berlin"
    assert name_of(await house.admit(request(user="trunk7", callee="33111"))) == "named"
    assert name_of(await house.admit(request(callee="33111"))) == "alpha"


async def test_aut05_a_customer_comes_before_a_vendor_of_the_same_address() -> None:
    house = House(
        static_gateway("vendor", "192.0.2.10", kind=EndpointKind.ROUTING_GATEWAY, priority=1),
        BY_IP,
    )

    assert name_of(await house.admit(request())) == "acme"


async def test_aut05_a_gateway_that_is_gone_is_unknown_again() -> None:
    house = House(BY_IP)
    house.directory.remove(BY_IP.id)

    assert status(await house.admit(request())) == 403


@pytest.mark.parametrize(
    ("trust", "source", "met"),
    [
        pytest.param(BindingTrust.NONE, "203.0.113.7:5060", 401, id="no trust"),
        pytest.param(BindingTrust.IP, "203.0.113.7:6000", 200, id="ip, another port"),
        pytest.param(BindingTrust.IP_PORT, "203.0.113.7:5060", 200, id="ip and port"),
        pytest.param(BindingTrust.IP_PORT, "203.0.113.7:6000", 401, id="another port"),
        pytest.param(BindingTrust.IP, "203.0.113.8:5060", 401, id="another ip"),
    ],
)
async def test_aut05_a_binding_vouches_as_far_as_it_is_trusted(
    trust: BindingTrust, source: str, met: int
) -> None:
    house = House(phone("1001", "right", trust))
    client = Knocker(house, "1001", "right")
    await client.signed_register()

    assert status(await house.admit(request(source, user="1001"))) == met


async def test_aut05_a_phones_binding_vouches_for_no_other_phone_behind_the_nat() -> None:
    house = House(phone("1001", "right", BindingTrust.IP), phone("1002", "other"))
    await Knocker(house, "1001", "right").signed_register()

    assert status(await house.admit(request("203.0.113.7:6000", user="1002"))) == 401


async def test_aut05_a_gateways_binding_vouches_for_any_caller() -> None:
    house = House(digest_gateway("pbx", "pbx-1", "right", BindingTrust.IP))
    await Knocker(house, "pbx-1", "right").signed_register()

    decision = await house.admit(request("203.0.113.7:6000", user="4930555"))

    assert name_of(decision) == "pbx"


async def test_aut01_a_source_with_a_live_binding_is_known() -> None:
    house = House(ALICE, policy=SILENT)
    await Knocker(house, "1001", "right").signed_register(expires=60)
    anonymous = request("203.0.113.7:6000", user="anonymous")

    assert status(await house.admit(anonymous)) == 401
    house.wait(60)
    assert status(await house.admit(replace(anonymous, call_id="call-2"))) == 0
