"""Where responses and in-dialog requests go (SIG-18)."""

import asyncio

import pytest
from support.switch import (
    CALLER,
    SWITCH,
    VENDOR,
    SwitchBench,
    answers,
    caller,
    candidate,
    invite,
    plan,
    vendor,
)
from support.user_agent import UserAgent
from trunkline_signaling.calls.addresses import request_flow, response_flow
from trunkline_signaling.calls.policy import AddressMethod, LegPolicy
from trunkline_signaling.sip.dialog import Dialog
from trunkline_signaling.sip.flow import Address, Flow, Transport
from trunkline_signaling.sip.message import Request
from trunkline_signaling.sip.outputs import Event, RequestReceived

SOCKET, SOURCE_IP, HEADER = AddressMethod.SOCKET, AddressMethod.SOURCE_IP, AddressMethod.HEADER
NAT = Flow(Transport.UDP, ("198.51.100.1", 40000), SWITCH)


def from_behind_nat(via: str = "10.0.0.2:5062", contact: str = "10.0.0.2:5064") -> Request:
    """Return an INVITE whose Via and Contact say other than its source."""
    request = invite()
    request.headers.set("Via", f"SIP/2.0/UDP {via};branch=z9hG4bK1")
    request.headers.set("Contact", f"<sip:1001@{contact}>")
    return request


@pytest.mark.parametrize(
    ("method", "via", "address"),
    [
        (SOCKET, "10.0.0.2:5062", ("198.51.100.1", 40000)),
        (SOURCE_IP, "10.0.0.2:5062", ("198.51.100.1", 5062)),
        (SOURCE_IP, "10.0.0.2", ("198.51.100.1", 5060)),
        (HEADER, "10.0.0.2:5062", ("10.0.0.2", 5062)),
        (HEADER, "pbx.example:5062", ("198.51.100.1", 5062)),
    ],
    ids=["0: the source", "1: its IP, Via's port", "1: the default port", "2: Via", "2: a name"],
)
def test_sig18_responses_go(method: AddressMethod, via: str, address: Address) -> None:
    assert response_flow(from_behind_nat(via=via), NAT, method).remote == address


@pytest.mark.parametrize(
    ("method", "contact", "address"),
    [
        (SOCKET, "10.0.0.2:5064", ("198.51.100.1", 40000)),
        (SOURCE_IP, "10.0.0.2:5064", ("198.51.100.1", 5064)),
        (HEADER, "10.0.0.2:5064", ("10.0.0.2", 5064)),
        (HEADER, "10.0.0.2", ("10.0.0.2", 5060)),
        (HEADER, "[2001:db8::1]:5064", ("2001:db8::1", 5064)),
    ],
    ids=["0: the source", "1: its IP, Contact's port", "2: Contact", "2: default port", "2: IPv6"],
)
def test_sig18_requests_go(method: AddressMethod, contact: str, address: Address) -> None:
    dialog = Dialog.of_server(from_behind_nat(contact=contact), NAT, "tag", "<sip:10.0.0.1>")

    assert request_flow(dialog, NAT, method).remote == address


def test_sig18_over_tcp_everything_stays_on_its_connection() -> None:
    flow = NAT._replace(transport=Transport.TCP)
    request = from_behind_nat()
    dialog = Dialog.of_server(request, flow, "tag", "<sip:10.0.0.1>")

    assert response_flow(request, flow, HEADER) == request_flow(dialog, flow, HEADER) == flow


@pytest.mark.parametrize(
    ("method", "port"), [(SOCKET, 5060), (HEADER, 5064)], ids=["method 0", "method 2"]
)
async def test_sig18_a_bye_goes_to_the_nat_address_or_to_contact(
    method: AddressMethod, port: int
) -> None:
    alice, bob = caller(), vendor()
    bench = SwitchBench(alice, bob)
    bench.routing.plan = plan(leg_a=LegPolicy(request_address=method))
    request = invite()
    request.headers.set("Contact", "<sip:1001@10.0.0.2:5064>")
    bench.call(alice, request)
    await asyncio.sleep(1)

    bench.send_in(bob, "BYE")
    await asyncio.sleep(0.1)

    (bye,) = [to for sender, to, d in bench.messages if sender == SWITCH and d.startswith(b"BYE")]
    assert bye == (CALLER[0], port)


@pytest.mark.parametrize(
    ("method", "address"),
    [(SOCKET, NAT.remote), (SOURCE_IP, ("198.51.100.1", 5062)), (HEADER, ("10.0.0.2", 5062))],
    ids=["method 0", "method 1", "method 2"],
)
async def test_sig18_the_200_goes_where_the_callers_side_wants_it(
    method: AddressMethod, address: Address
) -> None:
    bench = SwitchBench(vendor())
    bench.routing.plan = plan(leg_a=LegPolicy(response_address=method))

    bench.switch.receive(from_behind_nat().encode(), NAT)
    await asyncio.sleep(0.1)

    (answer,) = [to for by, to, d in bench.messages if by == SWITCH and b" 200 OK" in d]
    assert answer == address


async def test_sig18_ack_and_bye_of_a_vendor_go_to_its_contact() -> None:
    elsewhere: Address = (VENDOR[0], 5090)

    def script(agent: UserAgent, event: Event) -> None:
        if isinstance(event, RequestReceived):
            agent.address = elsewhere
        answers(agent, event)

    alice = caller()
    bench = SwitchBench(alice, vendor(script))
    bench.routing.plan = plan(candidate(leg_b=LegPolicy(request_address=HEADER)))
    bench.call(alice)
    await asyncio.sleep(1)

    bench.send_in(alice, "BYE")
    await asyncio.sleep(0.1)

    assert bench.to(elsewhere)[0] == "ACK"
    assert "BYE" in bench.to(elsewhere)
    assert bench.to(VENDOR) == ["INVITE"]
