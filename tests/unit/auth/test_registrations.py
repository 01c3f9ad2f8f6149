"""SIG-24, AUT-06 and AUT-07: bindings as a registering terminal meets them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from support.auth_doors import (
    NOON,
    House,
    Knocker,
    address,
    digest_gateway,
    phone,
    static_gateway,
    status,
)
from trunkline_auth.admission.decisions import Reject
from trunkline_auth.admission.policy import Policy
from trunkline_auth.admission.registrar import Registered
from trunkline_auth.identity import SocketAddress, Transport
from trunkline_auth.registrations import RequestedContact

ALICE = phone("1001", "right")
HOME = "sip:1001@203.0.113.7:5060"
CAR = "sip:1001@203.0.113.7:5099"


def knocker(house: House) -> Knocker:
    return Knocker(house, "1001", "right")


async def registered(client: Knocker, *contacts: str, **more: object) -> Registered:
    outcome = await client.signed_register(*contacts, **more)
    assert isinstance(outcome, Registered), outcome
    client.new_call()
    return outcome


async def refused(client: Knocker, *contacts: str, **more: object) -> Reject:
    outcome = await client.signed_register(*contacts, **more)
    assert isinstance(outcome, Reject), outcome
    client.new_call()
    return outcome


@pytest.mark.parametrize(
    ("expires", "granted"),
    [(None, 3600), (60, 60), (600, 600), (3600, 3600), (86_400, 3600)],
)
async def test_sig24_the_shorter_of_asked_and_longest_is_granted(
    expires: int | None, granted: int
) -> None:
    outcome = await registered(knocker(House(ALICE)), HOME, expires=expires)

    assert outcome.granted == timedelta(seconds=granted)


async def test_sig24_an_expiry_below_a_minute_meets_423_with_min_expires() -> None:
    outcome = await refused(knocker(House(ALICE)), HOME, expires=10)

    assert (outcome.status_code, outcome.min_expires) == (423, timedelta(seconds=60))


async def test_sig24_expires_zero_removes_the_binding() -> None:
    house = House(ALICE)
    client = knocker(house)
    await registered(client, HOME)

    outcome = await registered(client, HOME, expires=0)

    assert outcome.binding is None
    assert await house.locate(ALICE) is None
    assert house.witness.offline == ["1001"]


async def test_sig24_expires_zero_of_another_contact_removes_nothing() -> None:
    house = House(ALICE)
    client = knocker(house)
    await registered(client, HOME)

    outcome = await registered(client, CAR, expires=0)

    assert outcome.binding is not None
    assert outcome.binding.contact == HOME


async def test_sig24_a_wildcard_with_expires_zero_removes_the_binding() -> None:
    house = House(ALICE)
    client = knocker(house)
    await registered(client, HOME)

    await registered(client, "*", expires=0)

    assert await house.locate(ALICE) is None


@pytest.mark.parametrize(
    ("contacts", "expires"),
    [(("*",), 60), (("*",), None), (("*", HOME), 0)],
    ids=["Expires 60", "no Expires", "beside a contact"],
)
async def test_sig24_any_other_wildcard_meets_400(
    contacts: tuple[str, ...], expires: int | None
) -> None:
    outcome = await refused(knocker(House(ALICE)), *contacts, expires=expires)

    assert outcome.status_code == 400


async def test_sig24_a_contact_that_is_no_sip_uri_meets_400() -> None:
    assert (await refused(knocker(House(ALICE)), "mailto:a@b")).status_code == 400


async def test_sig24_a_register_without_contact_asks_what_is_bound() -> None:
    house = House(ALICE)
    client = knocker(house)
    await registered(client, HOME, expires=600)
    house.wait(100)
    await client.register()
    query = replace(client.registration(), contacts=())

    outcome = await house.register(query)

    assert isinstance(outcome, Registered)
    assert outcome.binding is not None
    assert outcome.granted == timedelta(seconds=500)


async def test_sig24_a_binding_lapses_when_it_is_not_refreshed() -> None:
    house = House(ALICE)
    await registered(knocker(house), HOME, expires=60)
    house.wait(60)
    await house.doors.registrar.expire(house.now)

    assert await house.locate(ALICE) is None
    assert (house.witness.online, house.witness.offline) == (["1001"], ["1001"])


async def test_sig24_a_refresh_keeps_the_binding_and_its_age() -> None:
    house = House(ALICE)
    client = knocker(house)
    await registered(client, HOME, expires=60)
    house.wait(50)
    await registered(client, HOME, expires=60)
    house.wait(50)
    await house.doors.registrar.expire(house.now)

    binding = await house.locate(ALICE)

    assert binding is not None
    assert (binding.registered, binding.updated) == (NOON, NOON + timedelta(seconds=50))
    assert (house.witness.online, house.witness.offline) == (["1001"], [])


async def test_sig24_a_terminal_has_one_binding_whatever_it_asks_for() -> None:
    house = House(ALICE)

    await registered(knocker(house), HOME, CAR)

    assert await house.state.bindings.count() == 1


async def test_sig24_a_terminal_may_not_register_anothers_name() -> None:
    house = House(ALICE, phone("1002", "other"))
    client = knocker(house)
    await client.register()
    asked = client.registration()
    stolen = replace(asked, request=replace(asked.request, to_user="1002"))

    assert status(await house.register(stolen)) == 403


async def test_sig24_a_dynamic_gateway_registers_by_its_username() -> None:
    pbx = digest_gateway("acme-pbx", "acme", "right")
    house = House(pbx)

    await registered(Knocker(house, "acme", "right"))

    assert await house.locate(pbx) is not None


async def test_sig24_an_older_register_does_not_undo_a_newer_one() -> None:
    house = House(ALICE)
    client = knocker(house)
    await client.signed_register(HOME)
    late = replace(client.registration([HOME], expires=0), cseq=1)

    assert status(await house.register(late)) == 500
    assert await house.locate(ALICE) is not None


async def test_sig24_a_configured_phone_that_is_gone_is_not_located() -> None:
    house = House(ALICE)
    await registered(knocker(house))
    house.directory.remove(ALICE.id)

    assert await house.locate(ALICE) is None


@pytest.mark.parametrize(
    ("contact", "sent_by", "transport", "behind_nat"),
    [
        ("sip:1001@203.0.113.7:5060", "203.0.113.7:5060", Transport.UDP, False),
        ("sip:1001@203.0.113.7", "203.0.113.7:0", Transport.UDP, False),
        ("sip:1001@10.0.0.5:5060", "203.0.113.7:5060", Transport.UDP, True),
        ("sip:1001@203.0.113.7:5060", "10.0.0.5:5060", Transport.UDP, True),
        ("sip:1001@203.0.113.7:5062", "203.0.113.7:5060", Transport.UDP, True),
        ("sip:1001@203.0.113.7:5062", "203.0.113.7:5060", Transport.TCP, False),
        ("sip:1001@[2001:db8::1]", "203.0.113.7:5060", Transport.UDP, True),
        ("sip:1001@phone.example.com", "203.0.113.7:5060", Transport.UDP, False),
    ],
)
async def test_sig07_a_terminal_behind_nat_is_noticed(
    contact: str, sent_by: str, transport: Transport, behind_nat: bool
) -> None:
    client = knocker(House(ALICE))
    await client.register()
    asked = client.registration([contact])
    request = replace(asked.request, transport=transport)
    said: SocketAddress = address(sent_by)

    outcome = await client.house.register(replace(asked, request=request, sent_by=said))

    assert isinstance(outcome, Registered)
    assert outcome.binding is not None
    assert outcome.binding.behind_nat is behind_nat


async def test_aut06_on_a_new_contact_replaces_the_old_one() -> None:
    house = House(ALICE)
    client = knocker(house)
    await registered(client, HOME)

    await registered(client, CAR)

    binding = await house.locate(ALICE)
    assert binding is not None
    assert binding.contact == CAR


async def test_aut06_off_a_new_contact_meets_403_and_the_old_one_stays() -> None:
    house = House(ALICE, policy=Policy(register_replace=False))
    client = knocker(house)
    await registered(client, HOME)

    outcome = await refused(client, CAR)

    binding = await house.locate(ALICE)
    assert outcome.status_code == 403
    assert binding is not None
    assert binding.contact == HOME


async def test_aut06_off_the_same_contact_is_always_a_refresh() -> None:
    client = knocker(House(ALICE, policy=Policy(register_replace=False)))
    await registered(client, "sip:1001@PHONE.example.com;transport=UDP")

    await registered(client, "sip:1001@phone.example.com;transport=udp;line=3")


async def test_aut06_off_the_same_instance_may_come_from_another_port() -> None:
    client = knocker(House(ALICE, policy=Policy(register_replace=False)))
    await registered(client, HOME, instance_id="<urn:uuid:1>")

    await registered(client, CAR, instance_id="<urn:uuid:1>")


async def test_aut06_off_a_contact_may_follow_once_the_old_one_is_gone() -> None:
    client = knocker(House(ALICE, policy=Policy(register_replace=False)))
    await registered(client, HOME)
    await registered(client, HOME, expires=0)

    await registered(client, CAR)


async def test_aut06_off_one_register_may_swap_the_contacts() -> None:
    client = knocker(House(ALICE, policy=Policy(register_replace=False)))
    await registered(client, HOME)
    await client.register()
    swap = [RequestedContact(HOME, expires=timedelta(0)), RequestedContact(CAR)]

    outcome = await client.house.register(replace(client.registration(), contacts=swap))

    assert isinstance(outcome, Registered)


async def test_aut06_a_refusal_for_a_living_binding_is_no_failed_registration() -> None:
    house = House(ALICE, policy=Policy(register_replace=False, register_retry=1))
    client = knocker(house)
    await registered(client, HOME)

    await refused(client, CAR)

    await registered(client, HOME)


async def six_failures(client: Knocker) -> None:
    for _ in range(6):
        client.new_call()
        await client.register()
        await client.register(password="wrong")
    client.new_call()


async def test_aut07_six_failed_registers_refuse_the_seventh_for_180_seconds() -> None:
    house = House(ALICE, policy=Policy(max_retry=0))
    client = knocker(house)
    await six_failures(client)

    assert (await refused(client)).explanation == "may not register until 2026-11-23T12:03:00+00:00"
    house.wait(180)
    await registered(client)


async def test_aut07_calls_by_other_authentication_stay_possible() -> None:
    pbx = static_gateway("pbx", "203.0.113.7")
    house = House(ALICE, pbx, policy=Policy(max_retry=0))
    client = knocker(house)
    await six_failures(client)

    assert status(await client.register()) == 403
    assert status(await client.invite()) == 200


async def test_aut07_zero_never_suspends() -> None:
    client = knocker(House(ALICE, policy=Policy(max_retry=0, register_retry=0)))
    await six_failures(client)

    await registered(client)


async def test_aut07_success_resets_the_count() -> None:
    client = knocker(House(ALICE, policy=Policy(max_retry=0, register_retry=7)))
    await six_failures(client)
    await registered(client)
    await six_failures(client)

    await registered(client)


async def test_aut07_a_423_counts_as_a_failed_registration() -> None:
    client = knocker(House(ALICE, policy=Policy(register_retry=2)))
    await refused(client, HOME, expires=10)
    await refused(client, HOME, expires=10)

    assert status(await client.register()) == 403
