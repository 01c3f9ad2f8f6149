"""AUT-02, AUT-03 and AUT-04: sessions, nonces and suspensions, as a source meets them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from support.auth_doors import NOON, House, Knocker, answer, memory_state, phone, status
from trunkline_auth.admission.decisions import Allow, Challenged, Reason, Reject
from trunkline_auth.admission.failures import SuspensionKind
from trunkline_auth.admission.policy import Policy

ALICE = phone("1001", "right")


def knocker(house: House) -> Knocker:
    return Knocker(house, "1001", "right")


async def guess(client: Knocker, count: int) -> list[int]:
    return [status(await client.invite(password="wrong")) for _ in range(count)]


async def test_aut02_code_407_asks_by_proxy_authenticate() -> None:
    house = House(ALICE, policy=Policy(challenge_status=407))
    client = knocker(house)

    assert status(await client.invite()) == 407
    assert status(await client.invite()) == 200


async def test_aut02_credentials_in_the_header_that_was_not_asked_for_are_ignored() -> None:
    house = House(ALICE)
    client = knocker(house)
    await client.invite()
    signed = client.request("INVITE", "4930123456")
    swapped = replace(signed, authorization=(), proxy_authorization=signed.authorization)

    assert status(await house.admit(swapped)) == 401
    assert status(await house.admit(signed)) == 200


async def test_aut02_a_right_answer_on_another_replica_is_accepted() -> None:
    state = memory_state()
    one, other = House(ALICE, state=state, seed=1), House(ALICE, state=state, seed=2)
    client = knocker(one)
    await client.invite()
    client.house = other

    assert status(await client.invite()) == 200


@pytest.mark.parametrize("position", [0, 1], ids=["MD5", "SHA-256"])
async def test_aut02_either_challenge_may_be_answered(position: int) -> None:
    house = House(ALICE)
    client = knocker(house)
    await client.invite()
    assert client.challenge is not None
    challenge = client.challenge.challenge.header_values()[position]
    signed = replace(
        client.request("INVITE"), authorization=(answer(challenge, "1001", "right", "INVITE"),)
    )

    assert status(await house.admit(signed)) == 200


async def test_aut02_credentials_of_another_realm_are_nobodys_failure() -> None:
    house = House(ALICE)
    client = knocker(house)
    await client.invite()
    signed = client.request("INVITE")
    foreign = signed.authorization[0].replace("trunkline.test", "elsewhere.test")

    decision = await house.admit(replace(signed, authorization=(foreign, *signed.authorization)))

    assert status(decision) == 200


async def test_aut02_an_expired_nonce_with_a_right_answer_is_stale_and_costs_nothing() -> None:
    house = House(ALICE, policy=Policy(session_retry=1, max_retry=1))
    client = knocker(house)
    await client.invite()
    signed = client.request("INVITE")
    house.wait(60)

    decision = await house.admit(replace(signed, branch="z9hG4bK-later"))

    assert isinstance(decision, Challenged)
    assert decision.challenge.stale
    client.challenge = decision
    client.nc = 0
    assert status(await client.invite()) == 200


async def test_aut02_a_nonce_of_another_session_with_a_right_answer_is_stale() -> None:
    house = House(ALICE)
    client = knocker(house)
    await client.invite()
    borrowed = client.challenge
    client.new_call()
    client.challenge = borrowed

    decision = await client.invite()

    assert isinstance(decision, Challenged)
    assert decision.challenge.stale


async def test_aut02_a_replayed_nonce_count_fails() -> None:
    house = House(ALICE)
    client = knocker(house)
    await client.invite()
    signed = client.request("INVITE")
    await house.admit(signed)

    replayed = await house.admit(replace(signed, branch="z9hG4bK-thief"))

    assert isinstance(replayed, Challenged)
    assert not replayed.challenge.stale
    assert status(await client.invite()) == 200


async def test_aut02_the_same_request_asked_twice_is_no_replay() -> None:
    house = House(ALICE)
    client = knocker(house)
    await client.invite()
    signed = client.request("INVITE")
    await house.admit(signed)

    assert status(await house.admit(signed)) == 200


@pytest.mark.parametrize("method", ["ACK", "CANCEL", "BYE", "OPTIONS"])
async def test_aut02_some_methods_are_never_challenged(method: str) -> None:
    house = House(ALICE)

    decision = await house.admit(knocker(house).request(method))

    assert isinstance(decision, Allow)
    assert decision.endpoint is None


@pytest.mark.parametrize("method", ["INVITE", "REFER", "SUBSCRIBE"])
async def test_aut02_calls_and_subscriptions_of_terminals_are_challenged(method: str) -> None:
    house = House(ALICE)

    assert status(await house.admit(knocker(house).request(method))) == 401


async def test_aut03_a_six_wrong_guesses_meet_five_challenges_then_403() -> None:
    client = knocker(House(ALICE))
    await client.invite()

    assert await guess(client, 6) == [401, 401, 401, 401, 401, 403]


async def test_aut03_b_one_wrong_then_right_goes_on_and_clears_the_counter() -> None:
    house = House(ALICE)
    client = knocker(house)
    await client.invite()

    assert await guess(client, 1) == [401]
    assert status(await client.invite()) == 200
    client.new_call()
    await client.invite()
    assert await guess(client, 5) == [401, 401, 401, 401, 401]
    assert not house.witness.suspensions


async def test_aut03_c_right_credentials_after_the_time_is_up_meet_403() -> None:
    house = House(ALICE)
    client = knocker(house)
    await client.invite()
    house.wait(11)

    decision = await client.invite()

    assert isinstance(decision, Reject)
    assert (decision.status_code, decision.reason) == (403, Reason.SESSION_OVER)


async def test_aut03_d_a_running_session_keeps_the_limit_it_began_with() -> None:
    house = House(ALICE, policy=Policy(max_retry=0))
    client = knocker(house)
    await client.invite()
    await guess(client, 1)
    house.set(session_retry=2)

    assert await guess(client, 5) == [401, 401, 401, 401, 403]
    client.new_call()
    await client.invite()
    assert await guess(client, 2) == [401, 403]


async def test_aut03_a_closed_session_is_challenged_no_further() -> None:
    house = House(ALICE, policy=Policy(session_retry=1, max_retry=0))
    client = knocker(house)
    await client.invite()
    await guess(client, 1)

    assert status(await client.invite()) == 403
    client.challenge = None
    assert status(await client.invite()) == 403


async def test_aut03_a_request_without_credentials_is_never_counted() -> None:
    house = House(ALICE, policy=Policy(session_retry=1, max_retry=1))
    unsigned = knocker(house).request("INVITE")

    assert [status(await house.admit(unsigned)) for _ in range(9)] == [401] * 9


async def test_aut03_an_unknown_user_fails_exactly_as_a_wrong_password() -> None:
    known, unknown = House(ALICE), House(ALICE)
    owner = Knocker(known, "1001", "right")
    stranger = Knocker(unknown, "9999", "right")
    for client in (owner, stranger):
        await client.register()

    met_by_owner = [status(await owner.register(password="wrong")) for _ in range(7)]
    met_by_stranger = [status(await stranger.register(password="wrong")) for _ in range(7)]

    assert met_by_owner == met_by_stranger == [401] * 5 + [403] * 2


async def test_aut03_malformed_credentials_meet_400_and_count() -> None:
    house = House(ALICE, policy=Policy(max_retry=2))
    client = knocker(house)
    await client.invite()
    broken = replace(client.request("INVITE"), authorization=('Digest username="1001',))

    assert [status(await house.admit(broken)) for _ in range(2)] == [400, 400]
    assert status(await client.invite()) == 403


async def test_aut03_closing_by_retries_suspends_the_terminal() -> None:
    house = House(ALICE, policy=Policy(session_retry=3, suspend=timedelta(seconds=600)))
    client = knocker(house)
    await client.invite()

    assert await guess(client, 3) == [401, 401, 403]
    house.wait(599)
    client.new_call()
    assert status(await client.invite()) == 403
    house.wait(1)
    client.new_call()
    assert status(await client.invite()) == 401


async def one_failure_a_session(client: Knocker, sessions: int) -> None:
    for _ in range(sessions):
        client.new_call()
        await client.invite()
        await client.invite(password="wrong")


async def test_aut04_a_six_failures_in_six_sessions_suspend_for_180_seconds() -> None:
    house = House(ALICE)
    client = knocker(house)
    await one_failure_a_session(client, 6)

    client.new_call()
    assert status(await client.invite()) == 403
    assert [each.until - NOON for each in house.witness.suspensions] == [timedelta(seconds=180)]
    house.wait(180)
    client.new_call()
    assert status(await client.invite()) == 401
    assert status(await client.invite()) == 200


async def test_aut04_b_zero_never_suspends() -> None:
    house = House(ALICE, policy=Policy(max_retry=0))
    client = knocker(house)
    await one_failure_a_session(client, 50)

    client.new_call()
    await client.invite()
    assert status(await client.invite()) == 200


async def test_aut04_d_failures_at_two_replicas_count_together() -> None:
    state = memory_state()
    one, other = House(ALICE, state=state), House(ALICE, state=state)
    client = knocker(one)
    await one_failure_a_session(client, 3)
    client.house = other
    await one_failure_a_session(client, 3)

    client.new_call()
    assert status(await client.invite()) == 403


async def test_aut04_a_suspension_is_not_extended_by_further_tries() -> None:
    house = House(ALICE)
    client = knocker(house)
    await one_failure_a_session(client, 6)
    house.wait(170)
    await one_failure_a_session(client, 3)
    house.wait(10)

    client.new_call()
    assert status(await client.invite()) == 401


async def test_aut04_failures_age_out() -> None:
    house = House(ALICE)
    client = knocker(house)
    await one_failure_a_session(client, 5)
    house.wait(180)
    await one_failure_a_session(client, 1)

    assert not house.witness.suspensions


async def test_aut04_a_stranger_elsewhere_does_not_lock_out_the_owner() -> None:
    house = House(ALICE)
    thief = Knocker(house, "1001", "guess", source="198.51.100.99:5060")
    await one_failure_a_session(thief, 6)
    owner = knocker(house)

    await owner.invite()

    assert status(await owner.invite()) == 200


async def test_aut04_a_suspended_terminal_meets_silence_where_strangers_do() -> None:
    house = House(ALICE)
    client = knocker(house)
    await one_failure_a_session(client, 6)
    house.set(reply_unauthorized=False)
    client.new_call()

    assert status(await client.invite()) == 0


async def test_aut04_an_operator_lifts_a_suspension() -> None:
    house = House(ALICE)
    client = knocker(house)
    await one_failure_a_session(client, 6)
    listed = await house.state.failures.suspensions(house.now)

    lifted = await house.state.failures.lift("1001", "203.0.113.7", house.now)

    assert [each.key.kind for each in listed] == [SuspensionKind.AUTHENTICATION]
    assert lifted == 1
    client.new_call()
    assert status(await client.invite()) == 401
