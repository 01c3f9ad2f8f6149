"""Whatever a call holds, routing answers or refuses it; it never fails by its own mistake."""

from __future__ import annotations

from datetime import UTC
from itertools import count

from hypothesis import given
from hypothesis import strategies as st
from support.routing import CUSTOMER, NOON, Bench
from trunkline.common.v1 import common_pb2 as common
from trunkline.routing.v1 import routing_pb2 as pb
from trunkline_routing.calls.call import Call
from trunkline_routing.errors import BadCall
from trunkline_routing.rpc.decode import call_from_proto
from trunkline_routing.rpc.encode import decision_to_proto, explanation_to_proto

BENCH = Bench(
    mapping={
        CUSTOMER.name: {
            "numbers": {
                "callerSource": "assertedIdentity",
                "calleeDialPlan": r"0:4+4,*1:7;$?;10-19,\#:9",
                "callerDialPlan": "1:+1",
            },
            "checks": {"callerClasses": ["other"], "denySameCityCodes": ["x"]},
            "lrn": {"enabled": True, "rejectOnFailure": False},
        }
    },
    routing={"a": {"numbers": {"calleeDialPlan": "*:00"}, "identity": {"privacy": "id"}}},
    phones={"1001": {}},
)

texts = st.one_of(st.text(max_size=60), st.text("0123456789*#+;@<>:sipteln", max_size=60))
identities = st.builds(
    pb.Identity,
    **{field.name: texts for field in pb.Identity.DESCRIPTOR.fields},
)


SERIAL = count()


def read(request: pb.RouteRequest) -> Call | None:
    try:
        return call_from_proto(request, NOON)
    except BadCall:
        return None


@given(
    identity=identities,
    kind=st.integers(0, 4),
    name=st.one_of(st.just(CUSTOMER.name), st.just("1001"), texts),
    seconds=st.one_of(st.integers(0, 2**32), st.integers(-(2**62), 2**62)),
    source=texts,
)
async def test_any_call_is_answered_or_refused(
    identity: pb.Identity, kind: int, name: str, seconds: int, source: str
) -> None:
    request = pb.RouteRequest(
        call_id=f"call-{next(SERIAL)}",
        signaling_instance="signaling-1",
        endpoint=common.Endpoint(kind=kind, name=name),  # type: ignore[arg-type]
        source=common.SocketAddress(ip=source),
        identity=identity,
    )
    request.setup_time.seconds = seconds
    call = read(request)
    if call is not None:
        decision = await BENCH.router.route(call, NOON)
        await BENCH.router.release(call.id, None, NOON)
        explanation = BENCH.explain_call(call)

        assert decision_to_proto(decision).WhichOneof("decision")
        assert explanation_to_proto(explanation, 1).outcome.WhichOneof("decision")
        assert call.time.tzinfo is UTC
