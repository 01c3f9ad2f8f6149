"""Test endpoints call each other: what they say of a switch can be believed."""

import itertools

import pytest
from support.behaviours import answering, refusing, ringing
from support.calls import CallRefused, Stage
from support.endpoint import Endpoint
from trunkline_signaling.sip.flow import Transport
from trunkline_signaling.sip.sdp import Direction


@pytest.mark.parametrize("transport", [Transport.UDP, Transport.TCP])
async def test_two_endpoints_hear_each_other_and_one_hangs_up(transport: Transport) -> None:
    async with Endpoint("alice", frequency=400) as alice, Endpoint("bob", frequency=700) as bob:
        call = await alice.place("4420", bob.address, transport=transport)
        await call.connected()
        taken = await bob.taken_call()

        heard = await call.rtp.hear(30)
        assert heard.hears(700)
        assert heard.lost == 0
        assert (await taken.rtp.hear(1)).hears(400)
        assert (await call.hang_up()).status == 200
        await taken.ended()
        assert taken.ended_by_peer


async def test_a_refused_call_says_so() -> None:
    async with Endpoint("alice") as alice, Endpoint("bob", behaviour=refusing(486)) as bob:
        call = await alice.place("4420", bob.address)

        with pytest.raises(CallRefused, match="486"):
            await call.connected()


async def test_a_cancelled_call_ends_with_487() -> None:
    async with Endpoint("alice") as alice, Endpoint("bob", behaviour=ringing()) as bob:
        call = await alice.place("4420", bob.address)
        await call.reach(Stage.RINGING)
        call.cancel()
        await call.ended()

        assert call.status == 487
        assert bob.taken[0].stage is Stage.ENDED


async def test_a_callee_may_hang_up() -> None:
    async with Endpoint("alice") as alice, Endpoint("bob", behaviour=answering(talk=0.05)) as bob:
        call = await alice.place("4420", bob.address)
        await call.ended()

        assert call.was_answered
        assert call.ended_by_peer


async def test_hold_stops_the_sound_and_resume_brings_it_back() -> None:
    async with Endpoint("alice") as alice, Endpoint("bob", frequency=700) as bob:
        call = await alice.place("4420", bob.address)
        await call.connected()
        taken = await bob.taken_call()
        held = await call.modify(Direction.SENDONLY)

        assert held.status == 200
        assert b"a=recvonly" in held.body
        assert taken.rtp.remote is None
        await call.modify(Direction.SENDRECV)
        assert (await call.rtp.hear(26)).hears(700)


async def test_an_echo_sends_back_what_it_hears() -> None:
    async with Endpoint("alice", frequency=450) as alice, Endpoint("bob", echo=True) as bob:
        call = await alice.place("4420", bob.address)
        await call.connected()

        assert (await call.rtp.hear(30)).hears(450)


async def test_an_endpoint_answers_options() -> None:
    async with Endpoint("alice") as alice, Endpoint("bob") as bob:
        assert (await alice.ping(bob.address)).status == 200


async def test_an_answer_comes_again_when_its_ack_is_lost() -> None:
    async with Endpoint("alice") as alice, Endpoint("bob") as bob:
        acks = itertools.count()
        alice.loses = lambda message: message.startswith(b"ACK") and next(acks) == 0
        call = await alice.place("4420", bob.address)
        await call.connected()
        taken = await bob.taken_call()
        await taken.acknowledged.wait()

        assert next(acks) == 2
