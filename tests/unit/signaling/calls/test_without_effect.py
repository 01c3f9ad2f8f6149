"""What is stored and obeyed by nobody in this release leaves calls as they are (MGT-16)."""

import asyncio
from typing import Any

import pytest
from support.routed_switch import ACME, VENDOR_ADDRESS, RoutedBench
from support.switch import caller, invite, vendor
from trunkline_kernel.parameters import Parameters
from trunkline_media.parameters import PARAMETERS as MEDIA
from trunkline_signaling.__main__ import live_settings
from trunkline_signaling.calls.parties import Endpoint, EndpointKind
from trunkline_signaling.calls.services import Allowed
from trunkline_signaling.parameters import CHECKS, PARAMETERS
from trunkline_signaling.parameters.sip import timing
from trunkline_signaling.shell.own_addresses import ListeningAddresses
from trunkline_signaling.sip.flow import Transport

H323 = {
    "h323": {
        "fastStart": True,
        "h245Tunnelling": True,
        "timeouts": {"setup": 1, "callProceeding": 1, "callProceedingOlc": 1, "alerting": 1},
    }
}
VOICE_MAIL = {"voiceMail": {"expireDay": 1, "maxNumber": 0}}
STORED = {
    "SS_H323_TIMEOUT_SETUP": "1",
    "SS_H323_TIMEOUT_CALLPROCEEDING": "1",
    "SS_H323_TIMEOUT_CALLPROCEEDING_OLC": "1",
    "SS_H323_TIMEOUT_ALERTING": "1",
    "IVR_VOICEMAIL_EXPIRE_DAY": "1",
    "IVR_VOICEMAIL_MAX_NUMBER": "1",
    "IVR_VOICEMAIL_MAX_TIME": "1",
    "IVR_VOICEMAILWELCOME": "hello",
}


async def whole_call(
    caller_is: EndpointKind,
    customer: dict[str, Any],
    carrier: dict[str, Any],
    phone: dict[str, Any],
) -> RoutedBench:
    """Let a customer, or a phone, call a vendor, talk and hang up."""
    alice = caller()
    bench = RoutedBench(
        alice,
        vendor(),
        mapping={ACME.name: customer},
        routing={"vox": {"address": VENDOR_ADDRESS, **carrier}},
        phones={"1001": phone},
    )
    if caller_is is EndpointKind.PHONE:
        bench.auth.decision = Allowed(Endpoint(EndpointKind.PHONE, "1001"))
    bench.call(alice, invite())
    await asyncio.sleep(5)
    bench.acknowledge(alice)
    await asyncio.sleep(60)
    bench.send_in(alice, "BYE")
    await asyncio.sleep(5)
    return bench


@pytest.mark.parametrize(
    ("caller_is", "customer", "carrier", "phone"),
    [
        pytest.param(EndpointKind.MAPPING_GATEWAY, H323, {}, {}, id="H.323 of a customer"),
        pytest.param(EndpointKind.MAPPING_GATEWAY, {}, H323, {}, id="H.323 of a vendor"),
        pytest.param(EndpointKind.PHONE, {}, {}, VOICE_MAIL, id="voice mail of a phone"),
    ],
)
async def test_mgt16_fields_without_effect_change_no_byte_of_a_call(
    caller_is: EndpointKind,
    customer: dict[str, Any],
    carrier: dict[str, Any],
    phone: dict[str, Any],
) -> None:
    without = await whole_call(caller_is, {}, {}, {})
    with_ = await whole_call(caller_is, customer, carrier, phone)

    assert without.cdr.answer_time is not None
    assert with_.messages == without.messages
    assert with_.cdr.reason is without.cdr.reason


@pytest.mark.parametrize("name", STORED)
async def test_mgt16_a_parameter_without_effect_is_kept_and_changes_no_settings(name: str) -> None:
    parameters = Parameters((*PARAMETERS, *MEDIA), CHECKS)
    own = ListeningAddresses("192.0.2.1", {Transport.UDP: 5060})
    settings = live_settings("signaling-1", own, parameters, lambda _, targets: targets[0])
    before = settings(), timing(parameters)

    parameters.replace({name: STORED[name]})

    assert parameters.text(parameters.find(name)) == STORED[name]
    assert (settings(), timing(parameters)) == before
