"""What signaling tells a collector of a call when it has ended."""

from trunkline_kernel.metrics import Metrics
from trunkline_kernel.tracing import Attributes
from trunkline_signaling.calls.cdr import Cdr
from trunkline_signaling.calls.parties import Endpoint, EndpointKind
from trunkline_signaling.calls.reasons import CallEndReason
from trunkline_signaling.observation import Observation
from trunkline_signaling.trace.ring import Trace


class Told:
    """Remembers the calls it is told of."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, float, float, Attributes]] = []

    def answered(self, call_id: str, method: str, code: int, seconds: float) -> None:
        raise NotImplementedError

    def ended(self, call_id: str, start: float, end: float, attributes: Attributes) -> None:
        self.calls.append((call_id, start, end, attributes))

    def close(self) -> None:
        raise NotImplementedError


def ended(caller: Endpoint) -> Cdr:
    return Cdr(
        call_id="call-1",
        signaling_instance="signaling-0",
        sip_call_id="a@b",
        caller_address=("192.0.2.10", 5060),
        setup_time=1000.0,
        end_time=1012.0,
        answer_time=1002.0,
        caller_endpoint=caller,
        caller="14155550123",
        callee="442071838750",
        reason=CallEndReason.CALLER_HANGUP,
        sip_status=200,
    )


def test_a_call_is_told_from_its_invite_to_its_end_without_numbers() -> None:
    told = Told()
    observation = Observation(Metrics("signaling"), Trace(1000, lambda: 0.0), spans=told)

    observation.call_ended(ended(Endpoint(EndpointKind.MAPPING_GATEWAY, "acme-pbx")), "call-1")

    assert told.calls == [
        (
            "call-1",
            1000.0,
            1012.0,
            {
                "trunkline.reason": "caller_hangup",
                "trunkline.sip_status": 200,
                "trunkline.attempts": 0,
                "trunkline.talk_seconds": 10.0,
                "trunkline.caller": "acme-pbx",
            },
        )
    ]


def test_a_phones_number_is_not_told() -> None:
    told = Told()
    observation = Observation(Metrics("signaling"), Trace(1000, lambda: 0.0), spans=told)

    observation.call_ended(ended(Endpoint(EndpointKind.PHONE, "14155550123")), "call-1")

    (_, _, _, attributes) = told.calls[0]
    assert "14155550123" not in map(str, attributes.values())
