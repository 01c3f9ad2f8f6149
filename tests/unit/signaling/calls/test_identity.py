"""What a vendor reads of the caller, the real routing deciding (SIG-11 to SIG-15, SIG-20)."""

import asyncio

import pytest
from support.routed_switch import ACME, RoutedBench, sent_invite
from support.switch import CALLER, VENDOR, answers, caller, invite
from support.user_agent import UserAgent
from trunkline_signaling.calls.identity import user_of
from trunkline_signaling.calls.parties import Endpoint, EndpointKind
from trunkline_signaling.calls.reasons import CallEndReason
from trunkline_signaling.calls.services import Allowed
from trunkline_signaling.sip.message import Request

CALLEE = "442071234567"


def call(callee: str = CALLEE, caller: str = "5551234", **headers: str) -> Request:
    """Return an INVITE; `P_Asserted_Identity="..."` adds a header."""
    request = invite()
    request.headers.set("From", f'"Alice" <sip:{caller}@10.0.0.2>;tag=alice')
    request.headers.set("To", f"<sip:{callee}@10.0.0.1>")
    for name, value in headers.items():
        request.headers.set(name.replace("_", "-"), value)
    return Request("INVITE", f"sip:{callee}@10.0.0.1", request.headers, request.body)


async def test_a_withheld_caller_is_anonymous_in_from_and_named_in_the_asserted_identity() -> None:
    """SIG-11, acceptance (a)."""
    sent = await sent_invite(call(), vendor={"identity": {"privacy": "id", "asserted": "caller"}})

    assert str(sent.headers.from_.uri) == "sip:anonymous@anonymous.invalid"
    assert sent.headers.from_.display_name == "Anonymous"
    assert sent.headers.get("Privacy") == "id"
    assert sent.headers.get("P-Asserted-Identity") == "<sip:5551234@10.0.0.1>"


async def test_privacy_that_never_came_is_not_passed_through() -> None:
    """SIG-11, acceptance (b)."""
    sent = await sent_invite(
        call(),
        customer={"sip": {"privacySupport": True}},
        vendor={"identity": {"privacy": "passthrough"}},
    )

    assert "Privacy" not in sent.headers


@pytest.mark.parametrize(
    ("recognised", "privacy", "sent_privacy", "party"),
    [
        pytest.param(True, "id", "id", "full", id="recognised"),
        pytest.param(True, "user;critical", "user;critical", "full", id="with another value"),
        pytest.param(True, "session", "session", "off", id="a value that hides nobody"),
        pytest.param(False, "id", None, "off", id="not recognised: a public call"),
    ],
)
async def test_a_caller_is_withheld_where_its_side_recognises_that_it_wants_to_be(
    recognised: bool, privacy: str, sent_privacy: str | None, party: str
) -> None:
    """SIG-11, SIG-15: Remote-Party-ID says it too."""
    sent = await sent_invite(
        call(Privacy=privacy),
        customer={"sip": {"privacySupport": recognised}},
        vendor={"identity": {"privacy": "passthrough", "remotePartyId": True}},
    )

    assert sent.headers.get("Privacy") == sent_privacy
    assert sent.headers.get("Remote-Party-ID") == (
        f"<sip:5551234@10.0.0.1>;party=calling;screen=no;privacy={party}"
    )


@pytest.mark.parametrize(
    ("registration", "word", "own", "expected"),
    [
        pytest.param("peer", "Id", None, "id", id="Id"),
        pytest.param("peer", "None", None, "none", id="None"),
        pytest.param("peer", "Ignore", None, None, id="Ignore"),
        pytest.param("peer", "Id", "none", None, id="its own setting wins"),
        pytest.param("static", "Id", None, None, id="we don't register there"),
    ],
)
async def test_the_parameter_decides_on_privacy_for_vendors_that_we_register_at(
    registration: str, word: str, own: str | None, expected: str | None
) -> None:
    """SIG-11: SS_SIP_USER_AGENT_PRIVACY."""
    vendor = {
        "registration": registration,
        "credentials": {"username": "us", "password": "secret"},
        "identity": {"privacy": own},
    }
    sent = await sent_invite(call(), vendor=vendor, SS_SIP_USER_AGENT_PRIVACY=word)

    assert sent.headers.get("Privacy") == expected
    assert (sent.headers.from_.display_name == "Anonymous") == (expected == "id")


async def test_the_routing_plan_changes_from_and_the_identity_plan_the_asserted_identity() -> None:
    """SIG-12, acceptance (a)."""
    vendor = {
        "numbers": {"callerDialPlan": "555:1555", "assertedIdentityPlan": "555:44555"},
        "identity": {"asserted": "caller"},
    }
    sent = await sent_invite(call(), vendor=vendor)

    assert str(sent.headers.from_.uri) == "sip:15551234@10.0.0.1"
    assert sent.headers.get("P-Asserted-Identity") == "<sip:445551234@10.0.0.1>"


@pytest.mark.parametrize("name", ["P-Asserted-Identity", "P-Preferred-Identity"])
@pytest.mark.parametrize(
    ("mode", "received", "expected"),
    [
        pytest.param("none", "<sip:111@example.com>", None, id="none removes it"),
        pytest.param("passthrough", None, None, id="SIG-12 (b): absent stays absent"),
        pytest.param(
            "passthrough",
            '"Acme" <sip:111@example.com>, <tel:+111>',
            '"Acme" <sip:111@example.com>, <tel:+111>',
            id="passed through unchanged",
        ),
        pytest.param("caller", "<sip:111@x.com>", "<sip:5551234@10.0.0.1>", id="the caller"),
    ],
)
async def test_identity_headers_are_left_out_passed_through_or_written(
    name: str, mode: str, received: str | None, expected: str | None
) -> None:
    """SIG-12: both headers have the three modes."""
    field = "asserted" if name == "P-Asserted-Identity" else "preferred"
    headers = {name: received} if received else {}
    sent = await sent_invite(call(**headers), vendor={"identity": {field: mode}})

    assert sent.headers.get(name) == expected


async def test_a_plan_for_the_asserted_identity_leaves_a_received_one_alone() -> None:
    """SIG-12."""
    vendor = {
        "numbers": {"assertedIdentityPlan": "*:99"},
        "identity": {"asserted": "passthrough"},
    }
    received = "<sip:111@example.com>"
    sent = await sent_invite(call(P_Asserted_Identity=received), vendor=vendor)

    assert sent.headers.get("P-Asserted-Identity") == received


async def test_a_malformed_asserted_identity_falls_back_to_from() -> None:
    """SIG-12, acceptance (c)."""
    sent = await sent_invite(
        call(P_Asserted_Identity='"broken <sip:'),
        customer={"numbers": {"callerSource": "assertedIdentity"}},
        vendor={"identity": {"asserted": "passthrough"}},
    )

    assert user_of(sent.headers.from_.uri) == "5551234"
    assert "P-Asserted-Identity" not in sent.headers


EXTRA = {
    "X_Account": "17",
    "Alert_Info": "<urn:alert:tone:internal>",
    "User_Agent": "PBX/1.0",
    "Route": "<sip:10.0.0.1;lr>",
    "Proxy_Authorization": 'Digest username="acme"',
    "Supported": "timer",
    "Remote_Party_ID": "<sip:111@example.com>",
}


@pytest.mark.parametrize(
    ("extra", "copied"),
    [
        pytest.param({}, set(), id="none by default"),
        pytest.param({"mode": "all"}, {"X-Account", "Alert-Info"}, id="all that is unknown"),
        pytest.param(
            {"mode": "named", "names": ["x-account", "user-agent"]},
            {"X-Account", "User-Agent"},
            id="those that are named",
        ),
        pytest.param(
            {"mode": "named", "names": ["Route", "Proxy-Authorization", "Remote-Party-ID"]},
            set(),
            id="never those of the hop, of a dialog, or of the caller",
        ),
    ],
)
async def test_extra_headers_are_copied_as_the_vendors_document_says(
    extra: dict[str, object], copied: set[str]
) -> None:
    """SIG-12: extra headers."""
    sent = await sent_invite(call(**EXTRA), vendor={"identity": {"extraHeaders": extra}})

    received = {name.replace("_", "-") for name in EXTRA}
    assert {name for name in sent.headers if name in received} - {"Supported"} == copied


@pytest.mark.parametrize(
    ("uses_contact", "to"),
    [
        pytest.param("Off", "0013", id="off: both as routed"),
        pytest.param("On", "8613", id="on: To as it was before the vendor's rules"),
    ],
)
async def test_to_keeps_the_callee_as_it_was_where_the_parameter_says_so(
    uses_contact: str, to: str
) -> None:
    """SIG-13, acceptance."""
    sent = await sent_invite(
        call("8613"),
        vendor={"numbers": {"calleeDialPlan": "86:00"}},
        SS_SIP_ROUTING_GATEWAY_INVITE_USE_CONTACT=uses_contact,
    )

    assert user_of(sent.request_uri) == "0013"
    assert user_of(sent.headers.to.uri) == to


@pytest.mark.parametrize(
    ("uses_contact", "own", "callee"),
    [
        pytest.param("Off", None, "111", id="off: To"),
        pytest.param("On", None, "222", id="on: Request-URI"),
        pytest.param("On", "to", "111", id="the gateway's own field wins"),
    ],
)
async def test_an_arriving_callee_is_read_where_the_parameter_says(
    uses_contact: str, own: str | None, callee: str
) -> None:
    """SIG-13: the other direction."""
    request = call("222")
    request.headers.set("To", "<sip:111@10.0.0.1>")
    sent = await sent_invite(
        request,
        customer={"numbers": {"calleeSource": own}},
        SS_SIP_ROUTING_GATEWAY_INVITE_USE_CONTACT=uses_contact,
    )

    assert user_of(sent.request_uri) == callee


async def test_a_registered_gateway_is_called_at_its_contact_with_the_routed_callee() -> None:
    """SIG-13: its Contact with the callee as user, so that its own parameters come back to it."""
    alice, bob = caller(), UserAgent(VENDOR, script=answers)
    bench = RoutedBench(alice, bob, routing={"vox": {"registration": "dynamic", "address": ()}})
    bench.auth.bindings = (bench.binding("sip:trunk@192.168.1.9:5062;line=a1", VENDOR),)

    bench.call(alice, call())
    await asyncio.sleep(1)

    (sent,) = bench.requests(VENDOR)
    assert sent.target == f"sip:{CALLEE}@192.168.1.9:5062;line=a1"


@pytest.mark.parametrize(
    ("word", "own", "display"),
    [
        pytest.param("Ignore", None, "", id="Ignore"),
        pytest.param("Caller", None, "5551234", id="Caller"),
        pytest.param("Passthrough", None, "Alice", id="Passthrough"),
        pytest.param("Passthrough", False, "", id="the gateway wants none"),
        pytest.param("Ignore", True, "5551234", id="the gateway wants one: Ignore means Caller"),
    ],
)
async def test_the_display_name_is_what_parameter_and_gateway_say(
    word: str, own: bool | None, display: str
) -> None:
    """SIG-15: SS_SIP_E164_DISPLAY_FROM."""
    sent = await sent_invite(
        call(), vendor={"identity": {"display": own}}, SS_SIP_E164_DISPLAY_FROM=word
    )

    assert sent.headers.from_.display_name == display


async def test_without_a_display_name_from_begins_with_the_address() -> None:
    """SIG-15, acceptance."""
    sent = await sent_invite(
        call(), vendor={"identity": {"display": False}}, SS_SIP_E164_DISPLAY_FROM="Caller"
    )

    assert (sent.headers.get("From") or "").startswith("<sip:")


@pytest.mark.parametrize(("uses_display", "shown"), [("Off", "2001"), ("On", "15550100")])
async def test_a_phone_behind_a_gateway_is_shown_by_its_display_number(
    uses_display: str, shown: str
) -> None:
    """SIG-15: SS_USE_CALLER_PHONE_DISPLAY. Billing goes by its own number all the same."""
    alice, bob = caller(), UserAgent(VENDOR, script=answers)
    bench = RoutedBench(
        alice,
        bob,
        parameters={"SS_USE_CALLER_PHONE_DISPLAY": uses_display},
        routing={"vox": {"address": "10.0.0.3:5060"}},
        phones={"2001": {"numbers": {"display": "15550100"}}},
    )
    bench.call(alice, call(caller="2001"))
    await asyncio.sleep(1)

    (sent,) = bench.requests(VENDOR)
    (asked,) = bench.billing.authorized
    assert user_of(sent.headers.from_.uri) == shown
    assert asked.caller == "2001"


async def test_a_phone_does_not_see_who_withholds_the_number() -> None:
    """SIG-11; RFC 3325 section 7: a phone is outside the trust domain."""
    alice, bob = caller(), UserAgent(VENDOR, script=answers)
    bench = RoutedBench(
        alice,
        bob,
        mapping={ACME.name: {"sip": {"privacySupport": True}}},
        phones={"2001": {"identity": {"asserted": "caller"}}},
    )
    bench.auth.bindings = (bench.binding("sip:2001@10.0.0.3:5060", VENDOR),)

    bench.call(alice, call("2001", Privacy="id"))
    await asyncio.sleep(1)

    (sent,) = bench.requests(VENDOR)
    assert "5551234" not in sent.encode().decode().partition("\r\n\r\n")[0]
    assert bench.switch.calls[next(iter(bench.switch.calls))].cdr.caller == "5551234"


@pytest.mark.parametrize(
    ("source", "header", "caller_number"),
    [
        pytest.param("from", {}, "5551234", id="From"),
        pytest.param(
            "remotePartyId",
            {"Remote_Party_ID": "<sip:+111;cpc=ordinary@example.com>;party=calling"},
            "111",
            id="Remote-Party-ID",
        ),
        pytest.param("display", {"From": '"222" <sip:x@10.0.0.2>;tag=a'}, "222", id="display"),
        pytest.param("assertedIdentity", {"P_Asserted_Identity": "<tel:+1-333>"}, "1333", id="PAI"),
        pytest.param(
            "preferredIdentity", {"P_Preferred_Identity": "<sip:444@example.com>"}, "444", id="PPI"
        ),
        pytest.param("remotePartyId", {}, "5551234", id="no Remote-Party-ID: From"),
        pytest.param("assertedIdentity", {}, "5551234", id="no PAI: From"),
        pytest.param("preferredIdentity", {}, "5551234", id="no PPI: From"),
        pytest.param(
            "display", {"From": "<sip:5551234@10.0.0.2>;tag=a"}, "5551234", id="no name: From"
        ),
        pytest.param(
            "from", {"From": "<sip:anonymous@anonymous.invalid>;tag=a"}, "", id="anonymous"
        ),
    ],
)
async def test_the_caller_is_read_from_the_header_of_the_gateways_choice(
    source: str, header: dict[str, str], caller_number: str
) -> None:
    """SIG-20: caller sources and their fallback."""
    sent = await sent_invite(call(**header), customer={"numbers": {"callerSource": source}})

    assert user_of(sent.headers.from_.uri) == caller_number


@pytest.mark.parametrize(
    ("source", "diversion", "callee"),
    [
        pytest.param("to", None, "111", id="To"),
        pytest.param("requestUri", None, "222", id="SIG-20, acceptance: Request-URI"),
        pytest.param("diversion", "<sip:333@x.com>;reason=unconditional", "333", id="Diversion"),
        pytest.param("diversion", None, "222", id="no Diversion: Request-URI"),
    ],
)
async def test_the_callee_is_read_from_the_header_of_the_gateways_choice(
    source: str, diversion: str | None, callee: str
) -> None:
    """SIG-20: callee sources and their fallback."""
    headers = {"Diversion": diversion} if diversion else {}
    request = call("222", To="<sip:111@10.0.0.1>", **headers)
    sent = await sent_invite(request, customer={"numbers": {"calleeSource": source}})

    assert user_of(sent.request_uri) == callee


async def test_a_call_that_names_no_callee_gets_484() -> None:
    """SIG-20."""
    alice = caller()
    bench = RoutedBench(alice, routing={"vox": {"address": "10.0.0.3:5060"}})
    bench.auth.decision = Allowed(Endpoint(EndpointKind.MAPPING_GATEWAY, ACME.name))
    request = call()
    request.headers.set("To", "<sip:10.0.0.1>")

    bench.call(alice, Request("INVITE", "sip:10.0.0.1", request.headers, request.body))
    await asyncio.sleep(1)

    assert bench.to(CALLER) == ["100", "484"]
    assert bench.cdr.reason is CallEndReason.UNALLOCATED_NUMBER
