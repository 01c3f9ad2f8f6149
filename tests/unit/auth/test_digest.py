"""AUT-02: the arithmetic and the grammar of digest, against the RFCs' own examples."""

import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.auth_doors import NOON, SECRET
from trunkline_auth.digest import Algorithm, Challenge, Credentials, Nonces, NonceState, Secret
from trunkline_auth.errors import MalformedCredentials

TEN_SECONDS = timedelta(seconds=10)

RFC7616 = (
    'Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", '
    'algorithm={algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001, '
    'cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth, response="{response}", '
    'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
PLAIN = (
    'Digest username="a", realm="r", nonce="n", uri="sip:b", '
    'response="0123456789abcdef0123456789abcdef"'
)


def parse(value: str) -> Credentials:
    credentials = Credentials.parse(value)
    assert credentials is not None
    return credentials


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_rfc7616_section_3_9_1(algorithm: str, response: str) -> None:
    secret = Secret.of_password("Mufasa", "http-auth@example.org", "Circle of Life")
    credentials = parse(RFC7616.format(algorithm=algorithm, response=response))

    assert secret.proves(credentials, "GET")
    assert not secret.proves(credentials, "POST")


def test_rfc2617_section_3_5() -> None:
    secret = Secret.of_password("Mufasa", "testrealm@host.com", "Circle Of Life")
    credentials = parse(
        'Digest username="Mufasa",realm="testrealm@host.com",\r\n\t'
        'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", uri="/dir/index.html", qop=auth, '
        'nc=00000001, cnonce="0a4f113b", response="6629fae49393a05397450978507c4ef1", '
        'opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )

    assert secret.proves(credentials, "GET")


def test_a_client_without_qop_answers_as_rfc2069_had_it() -> None:
    secret = Secret.of_password("Mufasa", "testrealm@host.com", "CircleOfLife")
    credentials = parse(
        'Digest username="Mufasa", realm="testrealm@host.com", uri="/dir/index.html", '
        'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", response="1949323746fe6a43ef61f9606e7febea"'
    )

    assert secret.proves(credentials, "GET")
    assert credentials.nonce_count == 1


def test_quoted_pairs_are_unquoted() -> None:
    assert parse(PLAIN.replace('"a"', r'"a \"b\" \\c"')).username == r'a "b" \c'


def test_another_scheme_is_not_ours_to_judge() -> None:
    assert Credentials.parse("Basic dXNlcjpwYXNz") is None


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("", id="empty"),
        pytest.param("Digest", id="no parameters"),
        pytest.param('Digest username="a"', id="only a username"),
        pytest.param(PLAIN.replace('"r"', '"r'), id="an open quote"),
        pytest.param(PLAIN + ", realm=r", id="a parameter twice"),
        pytest.param(PLAIN + "; realm=r", id="a semicolon"),
        pytest.param(PLAIN.replace("0123456789abcdef0", "0123456789abcdefg"), id="no hexadecimal"),
        pytest.param(PLAIN.replace("0123456789abcdef0", ""), id="a short response"),
        pytest.param(PLAIN + ", algorithm=MD5-sess", id="an algorithm not offered"),
        pytest.param(PLAIN + ', algorithm=SHA-256, cnonce="c"', id="a response of another length"),
        pytest.param(PLAIN + ', qop=auth-int, cnonce="c", nc=00000001', id="a qop not offered"),
        pytest.param(PLAIN + ", qop=auth, nc=00000001", id="no cnonce"),
        pytest.param(PLAIN + ', qop=auth, cnonce="c"', id="no nc"),
        pytest.param(PLAIN + ', qop=auth, cnonce="c", nc=1', id="a short nc"),
        pytest.param(PLAIN + ', qop=auth, cnonce="c", nc=00000000', id="nc zero"),
        pytest.param(PLAIN + ', x="' + "y" * 5000 + '"', id="endless"),
    ],
)
def test_credentials_that_break_the_grammar_are_malformed(value: str) -> None:
    with pytest.raises(MalformedCredentials):
        Credentials.parse(value)


@given(st.text(max_size=300).map(lambda text: "Digest " + text) | st.text(max_size=300))
def test_any_text_is_credentials_or_malformed_and_nothing_else(text: str) -> None:
    try:
        Credentials.parse(text)
    except MalformedCredentials as error:
        assert error.message


def test_a_challenge_asks_once_in_each_algorithm() -> None:
    challenge = Challenge(401, 'a "realm"', "n", (Algorithm.MD5, Algorithm.SHA_256), stale=True)

    assert challenge.header_values() == [
        r'Digest realm="a \"realm\"", nonce="n", algorithm=MD5, qop="auth", stale=true',
        r'Digest realm="a \"realm\"", nonce="n", algorithm=SHA-256, qop="auth", stale=true',
    ]


def test_a_nonce_verifies_on_any_replica_that_shares_the_secret() -> None:
    nonce = Nonces(SECRET).issue("session", NOON, random.Random(1))

    assert Nonces(SECRET).check(nonce, "session", NOON, TEN_SECONDS) is NonceState.FRESH
    other = Nonces(b"another switch's secret").check(nonce, "session", NOON, TEN_SECONDS)
    assert other is NonceState.STALE


def test_a_nonce_is_stale_in_another_session() -> None:
    nonce = Nonces(SECRET).issue("session", NOON, random.Random(1))

    assert Nonces(SECRET).check(nonce, "another", NOON, TEN_SECONDS) is NonceState.STALE


@pytest.mark.parametrize(
    ("seconds", "state"),
    [
        (-60, NonceState.STALE),
        (-1, NonceState.FRESH),
        (0, NonceState.FRESH),
        (10, NonceState.FRESH),
        (11, NonceState.STALE),
    ],
)
def test_a_nonce_lives_as_long_as_the_session_may(seconds: int, state: NonceState) -> None:
    nonces = Nonces(SECRET)
    nonce = nonces.issue("session", NOON, random.Random(1))

    assert nonces.check(nonce, "session", NOON + timedelta(seconds=seconds), TEN_SECONDS) is state


@given(st.text(max_size=80))
def test_no_text_of_a_strangers_is_a_fresh_nonce(nonce: str) -> None:
    assert Nonces(SECRET).check(nonce, "session", NOON, TEN_SECONDS) is NonceState.STALE
