"""The life of one registration of ours at a vendor, without network or clock."""

from random import Random

import pytest
from trunkline_kernel.faults import InvalidArgument
from trunkline_kernel.parameters import Parameters
from trunkline_signaling.calls.parties import Target
from trunkline_signaling.calls.policy import Credentials
from trunkline_signaling.parameters import PARAMETERS
from trunkline_signaling.parameters.sip import registration_rules
from trunkline_signaling.registrar.outbound import (
    TRANSITIONS,
    Peer,
    Registration,
    Rules,
    State,
    Trigger,
)
from trunkline_signaling.sip.digest import (
    Algorithm,
    Challenge,
    compute_ha1,
)
from trunkline_signaling.sip.digest import (
    Credentials as Proof,
)
from trunkline_signaling.sip.message import Request, Response
from trunkline_signaling.sip.uri import SipUri

PEER = Peer("vox", Target("10.0.0.3"), "vox.example", "4711", Credentials("4711", "swordfish"))
CONTACT = SipUri("10.0.0.1", "4711", 5060)
OURS = "<sip:4711@10.0.0.1:5060>"


def registration(peer: Peer = PEER, rules: Rules | None = None) -> Registration:
    return Registration(peer, lambda: rules or Rules(), Random(1))


def granted(request: Request, expires: int | None = None, contact: str = OURS) -> Response:
    """Return a 200 that lists our contact, and one of somebody else."""
    response = request.reply(200, to_tag="x")
    param = "" if expires is None else f";expires={expires}"
    response.headers.set("Contact", "<sip:4711@192.0.2.1>;expires=99", contact + param)
    return response


def challenged(
    request: Request, status: int = 401, nonce: str = "n1", *, stale: bool = False
) -> Response:
    name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
    response = request.reply(status)
    response.headers.set(name, Challenge("vox", nonce, qop=frozenset({"auth"}), stale=stale))
    return response


def carried(request: Request) -> list[str]:
    """Return which credentials a request carries."""
    return [name for name in ("Proxy-Authorization", "Authorization") if name in request.headers]


def refused(request: Request, status: int, **headers: int | str) -> Response:
    response = request.reply(status)
    for name, value in headers.items():
        response.headers.set(name.replace("_", "-"), value)
    return response


def proof_in(request: Request, name: str = "Authorization") -> Proof:
    """Return the credentials that a request carries."""
    (line,) = request.headers.lines(name)
    return Proof.parse(line)


def registered(expires: int = 3600, rules: Rules | None = None) -> tuple[Registration, Request]:
    """Return one that stands since time 0, and the REGISTER that did it."""
    made = registration(rules=rules)
    request = made.begin(CONTACT)
    made.take(granted(request, expires), now=0.0)
    return made, request


def test_sig02_register_goes_out_with_the_configured_host_and_user() -> None:
    request = registration().begin(CONTACT)

    assert (request.method, request.target) == ("REGISTER", "sip:vox.example")
    assert str(request.headers.to) == "<sip:4711@vox.example>"
    assert request.headers.get("Contact") == OURS
    assert request.headers.get("Expires") == "3600"


@pytest.mark.parametrize(
    ("peer", "rules", "asked"),
    [
        pytest.param(PEER, Rules(expire=600), "600", id="the parameter"),
        pytest.param(PEER, Rules(), "3600", id="auto"),
        pytest.param(
            Peer("a", Target("h"), "h", "u", expire=120), Rules(expire=600), "120", id="its own"
        ),
        pytest.param(
            Peer("a", Target("h"), "h", "u", automatic=True), Rules(expire=600), "3600", id="auto"
        ),
    ],
)
def test_sig02_the_expiry_asked_for(peer: Peer, rules: Rules, asked: str) -> None:
    assert registration(peer, rules).begin(CONTACT).headers.get("Expires") == asked


@pytest.mark.parametrize(
    ("expires", "due"),
    [
        pytest.param(120, 108.0, id="nine tenths: between 105 and 115 s"),
        pytest.param(30, 25.0, id="five seconds before the end"),
        pytest.param(10, 15.0, id="kept within 20 s"),
        pytest.param(90_000, 6480.0, id="kept within 7200 s"),
    ],
)
def test_sig02_a_registration_is_refreshed_before_it_ends(expires: int, due: float) -> None:
    made, _ = registered(expires)

    assert made.state is State.REGISTERED
    assert made.deadline == due


def test_sig02_an_expiry_not_in_the_contact_is_that_of_the_header_or_the_one_asked_for() -> None:
    made = registration(rules=Rules(expire=200))
    response = granted(request := made.begin(CONTACT))
    made.take(response, now=0.0)
    assert made.deadline == 180.0

    again = registration(rules=Rules(expire=200))
    response = granted(request := again.begin(CONTACT))
    response.headers.set("Expires", 100)
    again.take(response, now=0.0)
    assert (again.deadline, request.method) == (90.0, "REGISTER")


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(lambda request: granted(request, 0), id="granted nothing"),
        pytest.param(
            lambda request: granted(request, 60, "<sip:4711@10.0.0.9>"), id="of another contact"
        ),
        pytest.param(lambda request: refused(request, 200, Contact="<"), id="malformed"),
    ],
)
def test_sig02_a_200_without_our_contact_is_a_failure(response: object) -> None:
    made = registration()
    made.take(response(made.begin(CONTACT)), now=0.0)  # type: ignore[operator]

    assert made.state is State.FAILED
    assert "without our contact" in made.explanation


@pytest.mark.parametrize("status", [401, 407])
def test_sig02_a_challenge_is_answered_once(status: int) -> None:
    made = registration()
    again = made.take(challenged(made.begin(CONTACT), status), now=0.0)

    assert again is not None
    assert again.headers.cseq.number == 2
    name = "Authorization" if status == 401 else "Proxy-Authorization"
    proof = proof_in(again, name)
    assert proof.verify("REGISTER", compute_ha1(Algorithm.MD5, "4711", "vox", "swordfish"))
    assert made.take(challenged(again, status, "n2"), now=1.0) is None
    assert (made.state, made.deadline) == (State.FAILED, 61.0)


def test_sig02_a_proxy_and_the_vendor_may_both_ask() -> None:
    """RFC 3261 section 22.3: the REGISTER then carries both credentials."""
    made = registration()
    to_proxy = made.take(challenged(made.begin(CONTACT), 407), now=0.0)
    assert to_proxy is not None
    to_both = made.take(challenged(to_proxy, 401), now=0.1)
    assert to_both is not None
    made.take(granted(to_both), now=0.2)

    assert carried(to_proxy) == ["Proxy-Authorization"]
    assert (
        carried(to_both)
        == carried(made.begin(CONTACT))
        == [
            "Proxy-Authorization",
            "Authorization",
        ]
    )
    assert made.is_registered


def test_sig01_a_proxy_and_the_vendor_may_both_ask_who_leaves() -> None:
    made, _ = registered()
    to_proxy = made.take(challenged(made.leave(), 407), now=1.0)
    assert to_proxy is not None
    to_both = made.take(challenged(to_proxy, 401), now=1.1)
    assert to_both is not None
    made.take(refused(to_both, 200), now=1.2)

    assert len(carried(to_both)) == 2
    assert to_both.headers.get("Expires") == "0"
    assert (made.state, made.explanation) == (State.UNREGISTERED, "")


def test_sig02_a_vendor_that_always_finds_the_nonce_stale_is_answered_twice() -> None:
    made = registration()
    again = made.take(challenged(made.begin(CONTACT)), now=0.0)
    assert again is not None
    anew = made.take(challenged(again, nonce="n2", stale=True), now=0.1)
    assert anew is not None

    assert proof_in(anew).nonce == "n2"
    assert made.take(challenged(anew, nonce="n3", stale=True), now=0.2) is None
    assert "refused" in made.explanation


def test_sig02_a_refresh_proves_itself_without_being_asked() -> None:
    made = registration()
    again = made.take(challenged(made.begin(CONTACT)), now=0.0)
    assert again is not None
    made.take(granted(again, 60), now=0.0)

    refresh = made.begin(CONTACT)

    proof = proof_in(refresh)
    assert (proof.nonce, proof.nonce_count) == ("n1", 2)
    assert refresh.headers.call_id == again.headers.call_id
    assert made.is_registered
    anew = made.take(challenged(refresh, nonce="n2"), now=54.0)
    assert anew is not None
    assert proof_in(anew).nonce == "n2"
    assert made.is_registered


@pytest.mark.parametrize(
    ("least", "asked"), [(1800, "1800"), (7201, None), (19, None), ("x", None)]
)
def test_sig02_a_423_is_obeyed_within_the_range(least: int | str, asked: str | None) -> None:
    made = registration(rules=Rules(expire=60))
    again = made.take(refused(made.begin(CONTACT), 423, Min_Expires=least), now=0.0)

    assert (again.headers.get("Expires") if again else None) == asked
    assert made.state is (State.TRYING if asked else State.FAILED)


@pytest.mark.parametrize(
    ("headers", "due"),
    [
        pytest.param({}, 60.0, id="after the retry delay"),
        pytest.param({"Retry_After": 300}, 300.0, id="a longer Retry-After wins"),
        pytest.param({"Retry_After": 5}, 60.0, id="a shorter one does not"),
        pytest.param({"Retry_After": "abc"}, 60.0, id="nonsense is ignored"),
    ],
)
def test_sig02_a_503_is_tried_again(headers: dict[str, int | str], due: float) -> None:
    made = registration()
    made.take(refused(made.begin(CONTACT), 503, **headers), now=0.0)

    assert (made.state, made.deadline) == (State.FAILED, due)
    assert made.begin(CONTACT).headers.cseq.number == 2
    assert made.state is State.TRYING


def test_sig02_a_refresh_nobody_answers_ends_the_registration() -> None:
    made, _ = registered()
    made.begin(CONTACT)
    assert made.is_registered

    made.take(None, now=3272.0)

    assert not made.is_registered
    assert made.explanation == "no answer"


def test_sig02_a_vendor_without_an_address_is_a_failure() -> None:
    made = registration()
    made.fail("vox has no address", now=0.0)

    assert (made.state, made.deadline) == (State.FAILED, 60.0)


def test_sig01_leaving_is_the_same_registration_with_expiry_zero() -> None:
    made, first = registered()

    last = made.leave()

    assert last.target == first.target
    assert last.headers.call_id == first.headers.call_id
    assert last.from_tag == first.from_tag
    assert last.headers.cseq.number == first.headers.cseq.number + 1
    assert last.headers.get("Contact") == f"{OURS};expires=0"
    assert last.headers.get("Expires") == "0"
    made.take(refused(last, 200), now=1.0)
    assert made.state is State.UNREGISTERED


def test_sig01_a_challenge_to_leaving_is_answered_once() -> None:
    made, _ = registered()
    again = made.take(challenged(made.leave()), now=1.0)

    assert again is not None
    assert (again.headers.get("Expires"), "Authorization" in again.headers) == ("0", True)
    assert made.take(challenged(again), now=1.0) is None
    assert made.state is State.UNREGISTERED
    assert "refused" in made.explanation


def test_sig01_a_423_to_leaving_registers_nothing_again() -> None:
    made, _ = registered()

    assert made.take(refused(made.leave(), 423, Min_Expires=60), now=1.0) is None
    assert made.state is State.UNREGISTERED


def test_sig01_what_is_not_registered_has_nothing_to_leave() -> None:
    leaving = [state for state, moves in TRANSITIONS.items() if Trigger.LEAVE in moves]

    assert leaving == [State.REGISTERED, State.REFRESHING]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("SS_SIP_USER_AGENT_EXPIRE", "10", id="SIG-02 acceptance c"),
        pytest.param("SS_SIP_USER_AGENT_EXPIRE", "7201", id="SIG-02 too long"),
        pytest.param("SS_SIP_USER_AGENT_RETRY_DELAY", "29", id="SIG-02 acceptance d"),
        pytest.param("SS_SIP_OPTIONS_CHECK_PERIOD", "3601", id="SIG-16"),
        pytest.param("SS_SIP_PUBLISH_EXPIRE", "29", id="SIG-14"),
    ],
)
def test_sig02_a_value_out_of_range_is_refused(name: str, value: str) -> None:
    with pytest.raises(InvalidArgument):
        Parameters(PARAMETERS).replace({name: value})


@pytest.mark.parametrize(("value", "expire"), [("auto", None), ("600", 600)])
def test_sig02_the_parameters_are_the_rules(value: str, expire: int | None) -> None:
    values = Parameters(PARAMETERS)
    values.replace({"SS_SIP_USER_AGENT_EXPIRE": value, "SS_SIP_USER_AGENT_RETRY_DELAY": "30"})

    assert registration_rules(values) == Rules(expire, 30)
