"""What is the same in every call of a gateway is decoded once, and what is a call's own is not."""

from google.protobuf.duration_pb2 import Duration
from trunkline.common.v1 import common_pb2
from trunkline.routing.v1 import routing_pb2 as pb
from trunkline_signaling.calls.policy import NO_EXTRA_HEADERS, Candidate, ExtraHeaders, MediaProxy
from trunkline_signaling.rpc.clients.plans import decode_candidate


def candidate(callee: str, **fields: object) -> Candidate:
    """Return a candidate as it comes with a call."""
    message = pb.Candidate(
        attempt=1,
        endpoint=common_pb2.Endpoint(
            kind=common_pb2.ENDPOINT_KIND_ROUTING_GATEWAY, name="voxcarrier"
        ),
        request_uri_user=callee,
        leg_b=pb.LegPolicy(codecs=["G729"], session_timer=True),
        timers=pb.AttemptTimers(ringing=Duration(seconds=30)),
        stop_rules=pb.StopRules(after_busy=True, stop_codes=[404]),
        credentials=pb.Credentials(username="us", password="secret"),
    )
    message.MergeFrom(pb.Candidate(**fields))  # type: ignore[arg-type]
    return decode_candidate(message)


def test_two_calls_share_what_their_gateway_says() -> None:
    one, other = candidate("4420"), candidate("4930")

    assert (one.request_uri_user, other.request_uri_user) == ("4420", "4930")
    assert one.endpoint is other.endpoint
    assert one.leg_b is other.leg_b
    assert one.timers is other.timers
    assert one.stop_rules is other.stop_rules


def test_what_a_gateway_says_anew_holds_for_its_next_call() -> None:
    before = candidate("4420")
    after = candidate(
        "4420",
        leg_b=pb.LegPolicy(media_proxy=pb.MEDIA_PROXY_ON),
        timers=pb.AttemptTimers(ringing=Duration(seconds=40)),
        stop_rules=pb.StopRules(stop_codes=[486]),
    )

    assert (before.leg_b.media_proxy, after.leg_b.media_proxy) == (None, MediaProxy.ON)
    assert before.timers != after.timers
    assert before.stop_rules.stop_codes == {404}
    assert after.stop_rules.stop_codes == {404, 486}


def test_no_password_outlives_its_call() -> None:
    assert candidate("4420").credentials is not candidate("4420").credentials


def test_header_fields_go_on_only_where_routing_says_so() -> None:
    named = candidate("4420", extra_headers=pb.ExtraHeaders(names=["X-Tag"]))

    assert candidate("4420").extra_headers is NO_EXTRA_HEADERS
    assert named.extra_headers == ExtraHeaders(names=("X-Tag",))
