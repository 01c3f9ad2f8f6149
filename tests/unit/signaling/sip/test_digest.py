"""Digest: RFC 7616 with its own examples, RFC 2617 and 2069 for what is left in the field."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trunkline_signaling.sip.digest import (
    Algorithm,
    Challenge,
    Credentials,
    answer,
    compute_ha1,
    compute_response,
)
from trunkline_signaling.sip.errors import MalformedValue

# RFC 7616 section 3.9.1
REALM = "http-auth@example.org"
NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
OPAQUE = "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


def challenge(algorithm: str = "MD5") -> Challenge:
    return Challenge.parse(
        f'Digest realm="{REALM}", qop="auth, auth-int", algorithm={algorithm},'
        f' nonce="{NONCE}", opaque="{OPAQUE}"'
    )


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_example_of_rfc7616_comes_out(algorithm: str, response: str) -> None:
    credentials = answer(
        challenge(algorithm), "GET", "/dir/index.html", "Mufasa", "Circle of Life", CNONCE
    )

    assert credentials.response == response
    assert credentials.nc == "00000001"
    assert Credentials.parse(str(credentials)) == credentials


def test_a_challenge_without_qop_is_answered_as_in_rfc2069() -> None:
    plain = Challenge.parse('Digest realm="r", nonce="n"')
    credentials = answer(plain, "REGISTER", "sip:r", "bob", "zanzibar", CNONCE)

    ha1 = compute_ha1(Algorithm.MD5, "bob", "r", "zanzibar")
    assert credentials.qop is None
    assert "cnonce" not in str(credentials)
    assert credentials.response == compute_response(Algorithm.MD5, ha1, "REGISTER", "sip:r", "n")
    assert credentials.verify("REGISTER", ha1)


def test_credentials_are_good_for_their_method_and_secret_only() -> None:
    credentials = answer(challenge(), "INVITE", "sip:b", "Mufasa", "Circle of Life", CNONCE, 255)
    right = compute_ha1(Algorithm.MD5, "Mufasa", REALM, "Circle of Life")
    wrong = compute_ha1(Algorithm.MD5, "Mufasa", REALM, "Circle of Death")

    assert credentials.nonce_count == 255
    assert credentials.verify("INVITE", right)
    assert not credentials.verify("BYE", right)
    assert not credentials.verify("INVITE", wrong)


@pytest.mark.parametrize(
    "change",
    [
        {"algorithm": "SHA-512"},
        {"qop": "auth-int"},
        {"cnonce": None},
        {"response": "é"},
    ],
)
def test_credentials_we_cannot_compute_are_not_verified(change: dict[str, str | None]) -> None:
    fields = {
        "username": "u",
        "realm": "r",
        "nonce": "n",
        "uri": "sip:r",
        "response": "0",
        "qop": "auth",
        "cnonce": "c",
        "nc": "00000001",
    }
    credentials = Credentials(**{**fields, **change})  # type: ignore[arg-type]

    assert not credentials.verify("INVITE", "0" * 32)


def test_a_challenge_nobody_can_answer_is_refused() -> None:
    with pytest.raises(MalformedValue, match="a digest we support"):
        answer(challenge("SHA-512-256"), "INVITE", "sip:b", "u", "p", CNONCE)


def test_a_challenge_survives_printing() -> None:
    stale = Challenge('a "realm"', "n\\", "SHA-256", frozenset({"auth"}), "", stale=True)

    assert Challenge.parse(str(stale)) == stale


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Digest",
        'Basic realm="x"',
        'Digest realm="x"',
        'Digest realm="x" nonce="y"',
        'Digest realm="x", nonce="y',
    ],
)
def test_a_broken_challenge_is_refused(text: str) -> None:
    with pytest.raises(MalformedValue):
        Challenge.parse(text)


def test_a_broken_nonce_count_is_refused() -> None:
    text = str(answer(challenge(), "INVITE", "sip:b", "u", "p", CNONCE))

    with pytest.raises(MalformedValue, match="eight hexadecimal digits"):
        Credentials.parse(text.replace("nc=00000001", "nc=1"))


def test_errors_show_no_secrets() -> None:
    with pytest.raises(MalformedValue) as caught:
        Credentials.parse('Digest username="u", response="topsecret')

    assert "topsecret" not in str(caught.value)


@given(st.text(max_size=80))
def test_any_text_is_a_challenge_or_a_typed_error(text: str) -> None:
    try:
        Challenge.parse(f"Digest {text}")
    except MalformedValue:
        return
