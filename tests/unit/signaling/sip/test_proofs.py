"""Credentials for a server and for the proxies before it (RFC 3261 section 22)."""

from __future__ import annotations

from random import Random

import pytest
from trunkline_signaling.sip.digest import Algorithm, Challenge, Credentials, compute_ha1
from trunkline_signaling.sip.headers import Headers
from trunkline_signaling.sip.message import Request, Response
from trunkline_signaling.sip.proofs import MOST, Proofs, challenges_in

AUTH = frozenset({"auth"})
SERVER, PROXY = "WWW-Authenticate", "Proxy-Authenticate"


def request() -> Request:
    headers = Headers(
        (
            ("From", "<sip:us@a>;tag=a"),
            ("To", "<sip:b@b>"),
            ("Call-ID", "call"),
            ("CSeq", "1 BYE"),
            ("Via", "SIP/2.0/UDP a;branch=z9hG4bK1"),
        )
    )
    return Request("BYE", "sip:b@b", headers)


def response(field: str, *challenges: Challenge) -> Response:
    refusal = request().reply(407 if field == PROXY else 401)
    refusal.headers.set(field, *challenges)
    return refusal


def take(
    proofs: Proofs, field: str, realm: str = "vox", nonce: str = "n1", *, stale: bool = False
) -> bool:
    challenge = Challenge(realm, nonce, qop=AUTH, stale=stale)
    return proofs.take(challenges_in(response(field, challenge)))


def written(proofs: Proofs) -> dict[str, list[Credentials]]:
    """Return what a request carries now."""
    signed = request()
    proofs.write(signed, Random(1))
    return {
        name: [Credentials.parse(line) for line in signed.headers.lines(name)]
        for name in ("Authorization", "Proxy-Authorization")
    }


def test_rfc3261_22_3_a_request_carries_the_proxys_credentials_and_the_servers() -> None:
    proofs = Proofs("us", "secret")

    assert take(proofs, PROXY, "transit", "p1")
    assert take(proofs, SERVER, "vox", "s1")

    carried = written(proofs)
    (for_server,), (for_proxy,) = carried["Authorization"], carried["Proxy-Authorization"]
    assert (for_server.realm, for_proxy.realm) == ("vox", "transit")
    assert for_server.verify("BYE", compute_ha1(Algorithm.MD5, "us", "vox", "secret"))
    assert for_proxy.verify("BYE", compute_ha1(Algorithm.MD5, "us", "transit", "secret"))


def test_rfc3261_22_3_each_proxy_of_a_chain_has_its_own_credentials() -> None:
    proofs = Proofs("us", "secret")

    assert take(proofs, PROXY, "first")
    assert take(proofs, PROXY, "second")

    realms = [each.realm for each in written(proofs)["Proxy-Authorization"]]
    assert realms == ["first", "second"]


def test_rfc3261_22_3_a_forking_proxy_may_ask_for_all_at_once() -> None:
    proofs = Proofs("us", "secret")
    asked = response(SERVER, Challenge("a", "1"), Challenge("b", "2"))
    asked.headers.set(PROXY, Challenge("c", "3"))

    assert proofs.take(challenges_in(asked))

    carried = written(proofs)
    assert [each.realm for each in carried["Authorization"]] == ["a", "b"]
    assert [each.realm for each in carried["Proxy-Authorization"]] == ["c"]


def test_a_nonce_that_is_used_again_is_counted() -> None:
    """RFC 7616 section 3.4."""
    proofs = Proofs("us", "secret")
    take(proofs, PROXY)
    written(proofs)
    take(proofs, SERVER)

    carried = written(proofs)

    assert carried["Proxy-Authorization"][0].nonce_count == 2
    assert carried["Authorization"][0].nonce_count == 1


def test_rfc3261_22_3_who_refuses_the_credentials_gets_no_others() -> None:
    proofs = Proofs("us", "wrong")
    take(proofs, SERVER)

    assert not take(proofs, SERVER, nonce="n2")


def test_rfc7616_3_3_a_stale_nonce_is_replaced_once() -> None:
    proofs = Proofs("us", "secret")
    take(proofs, SERVER)

    assert take(proofs, SERVER, nonce="n2", stale=True)
    (credentials,) = written(proofs)["Authorization"]
    assert (credentials.nonce, credentials.nonce_count) == ("n2", 1)
    assert not take(proofs, SERVER, nonce="n3", stale=True)


def test_who_asks_in_ever_new_realms_is_not_answered_for_ever() -> None:
    proofs = Proofs("us", "secret")

    taken = [take(proofs, SERVER, f"realm-{number}") for number in range(MOST + 2)]

    assert taken == [True] * MOST + [False] * 2


def test_another_request_carries_what_holds_and_may_be_challenged_anew() -> None:
    """RFC 3261 section 22.3: credentials are cached for the next request."""
    proofs = Proofs("us", "secret")
    take(proofs, PROXY)
    take(proofs, SERVER)

    proofs.begin()

    assert [len(each) for each in written(proofs).values()] == [1, 1]
    assert take(proofs, SERVER, nonce="n2")


def test_a_realm_that_was_renamed_is_dropped() -> None:
    proofs = Proofs("us", "secret")
    take(proofs, PROXY)
    take(proofs, SERVER, "node-1")
    proofs.begin()

    assert take(proofs, SERVER, "node-2")

    carried = written(proofs)
    assert [each.realm for each in carried["Authorization"]] == ["node-2"]
    assert len(carried["Proxy-Authorization"]) == 1


@pytest.mark.parametrize(
    ("algorithms", "taken"),
    [(["SHA-512-256", "SHA-256", "MD5"], "SHA-256"), (["SHA-512-256"], None)],
)
def test_rfc8760_2_4_the_first_challenge_we_can_answer_is_taken(
    algorithms: list[str], taken: str | None
) -> None:
    asked = response(SERVER, *(Challenge("vox", "n", algorithm) for algorithm in algorithms))

    found = [challenge.algorithm for challenge in challenges_in(asked).values()]

    assert found == ([taken] if taken else [])
