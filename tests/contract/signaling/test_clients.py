"""What signaling asks the other services, and what it makes of their answers."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from trunkline.auth.v1 import auth_pb2, lists_pb2
from trunkline.auth.v1.auth_pb2_grpc import add_AuthServiceServicer_to_server
from trunkline.auth.v1.lists_pb2_grpc import add_ListServiceServicer_to_server
from trunkline.billing.v1 import billing_pb2
from trunkline.billing.v1.billing_pb2_grpc import (
    add_BillingServiceServicer_to_server,
)
from trunkline.common.v1 import common_pb2
from trunkline.media.v1 import media_pb2
from trunkline.media.v1.media_pb2_grpc import (
    add_MediaServiceServicer_to_server,
)
from trunkline.routing.v1 import routing_pb2
from trunkline.routing.v1.routing_pb2_grpc import (
    add_RoutingServiceServicer_to_server,
)
from trunkline_kernel.faults import Fault, TrunklineError
from trunkline_kernel.logs import CALL_ID
from trunkline_kernel.metrics import Metrics
from trunkline_kernel.rpc import Dispatcher, InProcessChannel
from trunkline_signaling.calls.cdr import Attempt, Cdr, MediaStatistics, StreamStatistics
from trunkline_signaling.calls.formats import PayloadFormat
from trunkline_signaling.calls.media_policy import (
    Annex,
    DtmfPolicy,
    DtmfSend,
    G729Policy,
    RingTone,
    Spelling,
)
from trunkline_signaling.calls.parties import Endpoint, EndpointKind, Identity, Target
from trunkline_signaling.calls.policy import (
    AddressMethod,
    AttemptTimers,
    Credentials,
    MediaCheck,
    MediaProxy,
    RemoteRingSignal,
    StopRules,
    SwitchPolicy,
)
from trunkline_signaling.calls.reasons import CallEndReason, EndDirection
from trunkline_signaling.calls.services import (
    Admit,
    Allowed,
    Authorize,
    Authorized,
    Blacklisted,
    CloseMedia,
    ConnectMedia,
    Exhausted,
    LegMedia,
    Locate,
    NextCandidate,
    OpenMedia,
    Rejected,
    ReportEnd,
    Route,
    Routed,
    Screen,
    Screened,
    ServiceError,
    Unpayable,
    Unroutable,
)
from trunkline_signaling.rpc.clients.auth import AuthClient
from trunkline_signaling.rpc.clients.billing import BillingClient
from trunkline_signaling.rpc.clients.cdrs import complete_cdr, encode_cdr
from trunkline_signaling.rpc.clients.media import MediaClient
from trunkline_signaling.rpc.clients.routing import RoutingClient
from trunkline_signaling.sip.flow import Transport
from trunkline_signaling.sip.sdp import Direction

GATEWAY = Endpoint(EndpointKind.MAPPING_GATEWAY, "acme-pbx")
VENDOR = Endpoint(EndpointKind.ROUTING_GATEWAY, "voxcarrier")
LOCATE = Locate("call-1", Endpoint(EndpointKind.PHONE, "1001"))
VENDOR_PROTO = common_pb2.Endpoint(kind=common_pb2.ENDPOINT_KIND_ROUTING_GATEWAY, name="voxcarrier")
PHONE_PROTO = common_pb2.Endpoint(kind=common_pb2.ENDPOINT_KIND_PHONE, name="1001")


class Unhappy(TrunklineError):
    """The service is full."""

    fault = Fault.RESOURCE_EXHAUSTED
    reason = "FULL"


class Told:
    """Answers every method with what it was told, and remembers the question."""

    def __init__(self) -> None:
        self.answer: Any = None
        self.asked: Any = None
        self.call_id = ""
        """The call it was asked for."""

    def __getattr__(self, method: str) -> Any:
        return self._tell

    async def _tell(self, request: Any, context: object) -> Any:
        self.asked, self.call_id = request, CALL_ID.get()
        if isinstance(self.answer, TrunklineError):
            raise self.answer
        return self.answer


def channel_to(add: Any, servicer: Any, answer: Any) -> InProcessChannel:
    """Return a channel to a servicer that gives `answer`."""
    servicer.answer = answer
    dispatcher = Dispatcher(Metrics("told"))
    dispatcher.add(add, servicer)
    return InProcessChannel(dispatcher)


def admit() -> Admit:
    """Return a question to auth."""
    return Admit(
        method="INVITE",
        source=("192.0.2.1", 5060),
        transport=Transport.TCP,
        local_address=("192.0.2.9", 5060),
        request_uri="sip:4420@192.0.2.9",
        from_user="1001",
        from_host="a",
        to_user="4420",
        to_host="b",
        sip_call_id="x",
        authorization=("Digest x",),
        branch="z9hG4bK-1",
        call_id="call-1",
    )


async def test_admit_carries_what_is_known_of_the_request() -> None:
    servicer = Told()
    allow = auth_pb2.Allow(endpoint=PHONE_PROTO)
    channel = channel_to(
        add_AuthServiceServicer_to_server, servicer, auth_pb2.AdmitResponse(allow=allow)
    )

    decision = await AuthClient(channel).admit(admit())

    assert decision == Allowed(Endpoint(EndpointKind.PHONE, "1001"))
    assert servicer.asked.source.ip == "192.0.2.1"
    assert servicer.asked.transport == common_pb2.TRANSPORT_TCP
    assert list(servicer.asked.authorization) == ["Digest x"]
    assert servicer.asked.branch == "z9hG4bK-1"


async def test_a_source_known_by_name_alone_is_nobody() -> None:
    allow = auth_pb2.Allow(admitted_by=auth_pb2.ADMITTED_BY_NAME)
    answer = auth_pb2.AdmitResponse(allow=allow)
    channel = channel_to(add_AuthServiceServicer_to_server, Told(), answer)

    assert await AuthClient(channel).admit(admit()) == Allowed(None)


async def test_a_rejection_keeps_its_reason() -> None:
    reject = auth_pb2.Reject(
        status_code=403,
        call_end_reason=common_pb2.CALL_END_REASON_BLACKLISTED,
        explanation="because",
        unknown_source=True,
    )
    channel = channel_to(
        add_AuthServiceServicer_to_server, Told(), auth_pb2.AdmitResponse(reject=reject)
    )

    decision = await AuthClient(channel).admit(admit())

    assert decision == Rejected(403, CallEndReason.BLACKLISTED, "because", unknown_source=True)


async def test_an_answer_without_a_decision_counts_as_none() -> None:
    channel = channel_to(add_AuthServiceServicer_to_server, Told(), auth_pb2.AdmitResponse())

    with pytest.raises(ServiceError, match="no decision"):
        await AuthClient(channel).admit(admit())


async def test_a_binding_tells_where_to_send() -> None:
    binding = auth_pb2.Binding(
        contact="sip:1001@192.168.1.5",
        received_address=common_pb2.SocketAddress(ip="192.0.2.7", port=40000),
        transport=common_pb2.TRANSPORT_UDP,
        behind_nat=True,
    )
    channel = channel_to(
        add_AuthServiceServicer_to_server, Told(), auth_pb2.LocateResponse(bindings=[binding])
    )

    located = await AuthClient(channel).locate(LOCATE)

    assert located.bindings[0].received_address == ("192.0.2.7", 40000)
    assert located.bindings[0].behind_nat


def route() -> Route:
    """Return a question to routing."""
    return Route(
        "call-1", "signaling-1", GATEWAY, ("192.0.2.1", 5060), Identity(from_user="1001"), 1.25
    )


async def test_a_plan_keeps_every_decision_about_the_candidate() -> None:
    servicer = Told()
    candidate = routing_pb2.Candidate(
        attempt=1,
        endpoint=VENDOR_PROTO,
        targets=[
            routing_pb2.Target(host="192.0.2.3", port=5070, transport=common_pb2.TRANSPORT_TCP)
        ],
        request_uri_user="4420",
        from_user="1001",
        anonymous=True,
        leg_b=routing_pb2.LegPolicy(
            media_proxy=routing_pb2.MEDIA_PROXY_MUST_ON,
            media_check=routing_pb2.MEDIA_CHECK_RECEIVED,
            codecs=["G729"],
            codec_conversion=True,
            g729=routing_pb2.G729Policy(
                spelling=routing_pb2.G729_SPELLING_BOTH, annex_b=routing_pb2.ANNEX_NO
            ),
            dtmf=routing_pb2.DtmfPolicy(send=routing_pb2.DTMF_SEND_INFO, payload_type=96),
            srtp=True,
            session_timer=True,
            reliable_provisionals=True,
            remote_ring_signal=routing_pb2.REMOTE_RING_SIGNAL_183_WITH_SDP,
            request_address=routing_pb2.ADDRESS_METHOD_HEADER,
            ring_tone=routing_pb2.RingTone(audio="ringback", delay=Duration(seconds=3)),
        ),
        timers=routing_pb2.AttemptTimers(ringing=Duration(seconds=30)),
        stop_rules=routing_pb2.StopRules(after_busy=True, stop_codes=[404], continue_codes=[603]),
        credentials=routing_pb2.Credentials(username="us", password="secret"),
        max_duration=Duration(seconds=60),
    )
    response = routing_pb2.RouteResponse(
        numbers=routing_pb2.Numbers(
            caller="1001",
            callee="4420",
            stages=[routing_pb2.NumberStage(stage="s", before="004420", after="4420", rule="00:")],
        ),
        account="acme",
        payer=common_pb2.ENDPOINT_KIND_MAPPING_GATEWAY,
        plan=routing_pb2.Plan(
            first=candidate,
            switch_policy=routing_pb2.SwitchPolicy(limit=2, until_connect=True),
            failure_codes={503: 480},
        ),
        explanation_id="e",
    )
    channel = channel_to(add_RoutingServiceServicer_to_server, servicer, response)

    plan = await RoutingClient(channel).route(route())

    assert isinstance(plan, Routed)
    first = plan.first
    assert first.endpoint == VENDOR
    assert first.targets == (Target("192.0.2.3", 5070, Transport.TCP),)
    assert first.leg_b.media_proxy is MediaProxy.MUST_ON
    assert first.leg_b.media_check is MediaCheck.RECEIVED
    assert first.leg_b.session_timer and first.leg_b.reliable_provisionals
    assert first.leg_b.remote_ring_signal is RemoteRingSignal.SESSION_PROGRESS
    assert first.leg_b.request_address is AddressMethod.HEADER
    assert first.leg_b.response_address is AddressMethod.SOCKET
    assert (first.leg_b.codecs, first.leg_b.codec_conversion) == (("G729",), True)
    assert first.leg_b.g729 == G729Policy(Spelling.BOTH, annex_b=Annex.NO)
    assert first.leg_b.dtmf == DtmfPolicy(send=DtmfSend.INFO, payload_type=96)
    assert first.leg_b.srtp
    assert first.leg_b.ring_tone == RingTone("ringback", timedelta(seconds=3))
    assert first.timers == AttemptTimers(ringing=timedelta(seconds=30))
    assert first.stop_rules == StopRules(
        after_ringing=False,
        after_sdp=False,
        after_rtp=False,
        after_busy=True,
        stop_codes=frozenset({404}),
        continue_codes=frozenset({603}),
    )
    assert first.credentials == Credentials("us", "secret")
    assert first.max_duration == timedelta(seconds=60)
    assert plan.switch_policy == SwitchPolicy(2, until_connect=True)
    assert plan.failure_codes == {503: 480}
    assert plan.max_duration is None
    assert plan.numbers.stages == ("s: 004420 -> 4420 00:",)
    assert servicer.asked.setup_time == Timestamp(seconds=1, nanos=250_000_000)
    assert servicer.asked.identity.from_user == "1001"


async def test_a_refusal_of_routing_keeps_its_numbers() -> None:
    response = routing_pb2.RouteResponse(
        numbers=routing_pb2.Numbers(callee="4420"),
        refusal=routing_pb2.Refusal(
            call_end_reason=common_pb2.CALL_END_REASON_NUMBER_RESTRICTED,
            sip_status=403,
            explanation="too short",
        ),
    )
    channel = channel_to(add_RoutingServiceServicer_to_server, Told(), response)

    refusal = await RoutingClient(channel).route(route())

    assert isinstance(refusal, Unroutable)
    assert (refusal.reason, refusal.status) == (CallEndReason.NUMBER_RESTRICTED, 403)
    assert refusal.numbers.callee == "4420"


async def test_a_failed_attempt_is_told_with_all_its_facts() -> None:
    servicer = Told()
    response = routing_pb2.NextCandidateResponse(
        exhausted=routing_pb2.Refusal(
            call_end_reason=common_pb2.CALL_END_REASON_ROUTE_NOT_FOUND, sip_status=503
        )
    )
    channel = channel_to(add_RoutingServiceServicer_to_server, servicer, response)
    attempt = Attempt(
        1,
        VENDOR,
        ("192.0.2.3", 5070),
        "1001",
        "4420",
        2.0,
        post_dial_delay=timedelta(milliseconds=1500),
        sip_status=503,
        outcome="service unavailable",
        retry_after=timedelta(seconds=20),
    )

    answer = await RoutingClient(channel).next_candidate(NextCandidate("call-1", attempt))

    assert isinstance(answer, Exhausted)
    failed = servicer.asked.failed
    assert failed.post_dial_delay == Duration(seconds=1, nanos=500_000_000)
    assert failed.retry_after.seconds == 20
    assert (failed.sip_status, failed.outcome) == (503, "service unavailable")


def authorize() -> Authorize:
    """Return a question to billing."""
    return Authorize(
        "call-1",
        "signaling-1",
        "acme",
        EndpointKind.MAPPING_GATEWAY,
        "1001",
        "4420",
        GATEWAY,
        1.0,
    )


async def test_an_authorization_without_limits_has_none() -> None:
    servicer = Told()
    response = billing_pb2.AuthorizeResponse(authorization=billing_pb2.Authorization())
    channel = channel_to(add_BillingServiceServicer_to_server, servicer, response)

    answer = await BillingClient(channel).authorize(authorize())

    assert isinstance(answer, Authorized)
    assert (answer.max_duration, answer.reserved, answer.lease) == (None, None, None)
    assert servicer.asked.billing_mode == billing_pb2.BILLING_MODE_MAPPING_GATEWAY


@pytest.mark.parametrize(
    ("payer", "mode"),
    [
        (EndpointKind.PHONE, billing_pb2.BILLING_MODE_PHONE),
        (EndpointKind.BOUND_NUMBER, billing_pb2.BILLING_MODE_BOUND_NUMBER),
    ],
)
async def test_bil_04_billing_hears_whose_account_pays(
    payer: EndpointKind, mode: billing_pb2.BillingMode.ValueType
) -> None:
    servicer = Told()
    response = billing_pb2.AuthorizeResponse(authorization=billing_pb2.Authorization())
    channel = channel_to(add_BillingServiceServicer_to_server, servicer, response)

    await BillingClient(channel).authorize(replace(authorize(), payer=payer))

    assert servicer.asked.billing_mode == mode


async def test_billings_refusal_keeps_its_reason() -> None:
    refusal = billing_pb2.Refusal(
        call_end_reason=common_pb2.CALL_END_REASON_BALANCE_INSUFFICIENT,
        explanation="empty",
        of_callee=True,
    )
    channel = channel_to(
        add_BillingServiceServicer_to_server,
        Told(),
        billing_pb2.AuthorizeResponse(refusal=refusal),
    )

    answer = await BillingClient(channel).authorize(authorize())

    assert answer == Unpayable(CallEndReason.BALANCE_INSUFFICIENT, "empty", of_callee=True)


async def test_med13_a_full_media_instance_is_told_from_a_dead_one() -> None:
    channel = channel_to(add_MediaServiceServicer_to_server, Told(), Unhappy("no port"))

    with pytest.raises(ServiceError) as caught:
        await MediaClient(channel).open(
            OpenMedia("call-1", "signaling-1", LegMedia(), LegMedia()), "epoch"
        )

    assert caught.value.exhausted


async def test_med03_an_opened_session_says_between_which_codecs_it_converts() -> None:
    response = media_pb2.OpenResponse(media_instance="m", convertible_codecs=["PCMA", "opus"])
    channel = channel_to(add_MediaServiceServicer_to_server, Told(), response)

    opened = await MediaClient(channel).open(
        OpenMedia("call-1", "signaling-1", LegMedia(), LegMedia()), "epoch"
    )

    assert opened.convertible == ("PCMA", "OPUS")


async def test_a_change_of_one_leg_leaves_the_other_alone() -> None:
    servicer = Told()
    channel = channel_to(add_MediaServiceServicer_to_server, servicer, media_pb2.ConnectResponse())
    leg = LegMedia(
        remote=("192.0.2.3", 4000),
        latch=True,
        direction=Direction.SENDONLY,
        check=MediaCheck.RECEIVED,
        formats=(PayloadFormat(8, "PCMA", 8000),),
    )

    await MediaClient(channel).connect(ConnectMedia("call-1", "m", leg_b=leg, answered=True))

    asked = servicer.asked
    assert not asked.HasField("leg_a")
    assert asked.answered
    assert asked.leg_b.remote.port == 4000
    assert asked.leg_b.learning == media_pb2.SOURCE_LEARNING_LATCH
    assert asked.leg_b.direction == media_pb2.DIRECTION_SENDONLY
    assert asked.leg_b.check == media_pb2.MEDIA_CHECK_RECEIVED
    assert asked.leg_b.formats[0].encoding == "PCMA"


async def test_formats_that_differ_by_their_packet_time_only_are_told_apart() -> None:
    servicer = Told()
    channel = channel_to(add_MediaServiceServicer_to_server, servicer, media_pb2.ConnectResponse())
    told = []
    for packet_time in (20, 30, 20):
        leg = LegMedia(formats=(PayloadFormat(8, "PCMA", 8000, packet_time=packet_time),))
        await MediaClient(channel).connect(ConnectMedia("call-1", "m", leg_b=leg, answered=True))
        told.append(servicer.asked.leg_b.formats[0].packet_time_ms)

    assert told == [20, 30, 20]


async def test_the_statistics_of_a_closed_session_come_back() -> None:
    statistics = common_pb2.MediaStatistics(
        leg_a=common_pb2.StreamStatistics(packets=50, packets_lost=1, mos=4.4)
    )
    channel = channel_to(
        add_MediaServiceServicer_to_server,
        Told(),
        media_pb2.CloseResponse(statistics=statistics),
    )

    closed = await MediaClient(channel).close(CloseMedia("call-1", "m"))

    assert closed.statistics is not None
    assert closed.statistics.leg_a == StreamStatistics(packets=50, packets_lost=1, mos=4.4)


def finished() -> Cdr:
    """Return the CDR of an answered call."""
    return Cdr(
        "call-1",
        "signaling-1",
        "sip-call-id",
        ("192.0.2.1", 5060),
        100.0,
        caller_endpoint=GATEWAY,
        callee_endpoint=VENDOR,
        answer_time=101.5,
        end_time=131.5,
        end_direction=EndDirection.CALLEE,
        reason=CallEndReason.CALLEE_HANGUP,
        sip_status=200,
        account="acme",
        payer=EndpointKind.MAPPING_GATEWAY,
        codecs=("PCMA", "PCMA"),
        codec_lists=(("PCMA", "G729"), ("PCMA",)),
        media=MediaStatistics(StreamStatistics(50), StreamStatistics(40, last_packet_time=131.25)),
    )


def test_a_cdr_is_what_billing_reads() -> None:
    cdr = billing_pb2.Cdr.FromString(encode_cdr(finished()))

    assert cdr.answer_time == Timestamp(seconds=101, nanos=500_000_000)
    assert cdr.end_direction == common_pb2.END_DIRECTION_CALLEE
    assert cdr.call_end_reason == common_pb2.CALL_END_REASON_CALLEE_HANGUP
    assert cdr.caller_endpoint.name == "acme-pbx"
    assert cdr.media.leg_b.packets == 40
    assert cdr.media.leg_b.last_packet_time == Timestamp(seconds=131, nanos=250_000_000)
    assert not cdr.media.leg_a.HasField("last_packet_time")
    assert list(cdr.codec_lists) == ["PCMA,G729", "PCMA"]


@pytest.mark.parametrize(
    ("alive", "end"), [(120.0, 120), (90.0, 101.5)], ids=["then", "but not before its answer"]
)
def test_a_recovered_call_ends_when_its_owner_was_last_alive(alive: float, end: float) -> None:
    cdr = billing_pb2.Cdr.FromString(complete_cdr(encode_cdr(finished()), alive, "restarted"))

    assert cdr.end_time.ToNanoseconds() == int(end * 1e9)
    assert cdr.call_end_reason == common_pb2.CALL_END_REASON_INTERNAL_ERROR
    assert cdr.end_direction == common_pb2.END_DIRECTION_SERVER
    assert cdr.recovered_by == "restarted"


def test_reasons_are_those_of_the_wire() -> None:
    spelled = {f"CALL_END_REASON_{reason.name}": reason.value for reason in CallEndReason}

    assert {"CALL_END_REASON_UNSPECIFIED": 0, **spelled} == dict(common_pb2.CallEndReason.items())


SCREEN = Screen("call-1", "100", "777", Endpoint(EndpointKind.PHONE, "1001"))
ENDED = ReportEnd(SCREEN, True, True, False, None)


@pytest.mark.parametrize(
    ("ask", "add", "answer"),
    [
        (
            lambda auth: auth.admit(admit()),
            add_AuthServiceServicer_to_server,
            auth_pb2.AdmitResponse(allow=auth_pb2.Allow()),
        ),
        (
            lambda auth: auth.locate(LOCATE),
            add_AuthServiceServicer_to_server,
            auth_pb2.LocateResponse(),
        ),
        (
            lambda auth: auth.screen(SCREEN),
            add_ListServiceServicer_to_server,
            lists_pb2.ScreenResponse(),
        ),
        (
            lambda auth: auth.report_end(ENDED),
            add_ListServiceServicer_to_server,
            lists_pb2.ReportEndsResponse(),
        ),
    ],
    ids=["admit", "locate", "screen", "report_end"],
)
async def test_what_auth_does_for_a_call_is_in_its_logs_and_its_trace(
    ask: Callable[[AuthClient], Awaitable[object]], add: Any, answer: Message
) -> None:
    servicer = Told()

    await ask(AuthClient(channel_to(add, servicer, answer)))

    assert servicer.call_id == "call-1"


async def test_a_black_list_entry_stops_a_call() -> None:
    entry = lists_pb2.BlackEntry(number="777", reason=lists_pb2.LISTED_FOR_NO_ANSWER)
    servicer = Told()
    answer = lists_pb2.ScreenResponse(stopped_by=entry)
    channel = channel_to(add_ListServiceServicer_to_server, servicer, answer)

    verdict = await AuthClient(channel).screen(SCREEN)

    assert verdict == Blacklisted("777 is on the dynamic black list: no_answer")
    asked = servicer.asked
    assert (asked.call_id, asked.caller, asked.callee) == ("call-1", "100", "777")
    assert asked.endpoint == PHONE_PROTO


async def test_no_entry_lets_a_call_pass() -> None:
    answer = lists_pb2.ScreenResponse()
    channel = channel_to(add_ListServiceServicer_to_server, Told(), answer)

    assert await AuthClient(channel).screen(SCREEN) == Screened()


async def test_an_end_says_when_the_caller_gave_up_and_nothing_where_it_did_not() -> None:
    servicer = Told()
    answer = lists_pb2.ReportEndsResponse()
    client = AuthClient(channel_to(add_ListServiceServicer_to_server, servicer, answer))
    gave_up = ReportEnd(SCREEN, False, True, False, timedelta(seconds=3))

    await client.report_end(gave_up)
    assert servicer.asked.ends[0].cancel_duration.seconds == 3
    await client.report_end(ReportEnd(SCREEN, True, True, False, None))
    assert not servicer.asked.ends[0].HasField("cancel_duration")
