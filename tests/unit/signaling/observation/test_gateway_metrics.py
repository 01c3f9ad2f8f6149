"""What ASR, ACD, PDD, MOS and loss of customers and vendors are computed from."""

from datetime import timedelta

from trunkline_kernel.metrics import Metrics
from trunkline_signaling.calls.cdr import Attempt, Cdr, MediaStatistics, StreamStatistics
from trunkline_signaling.calls.parties import Endpoint, EndpointKind
from trunkline_signaling.gateway_metrics import GatewayMetrics

ACME = Endpoint(EndpointKind.MAPPING_GATEWAY, "acme")
BUDGET = Endpoint(EndpointKind.ROUTING_GATEWAY, "budget")
VOX = Endpoint(EndpointKind.ROUTING_GATEWAY, "vox")


def attempt(number: int, endpoint: Endpoint, *, answered: bool) -> Attempt:
    delay = timedelta(seconds=2)
    return Attempt(number, endpoint, None, "1", "2", 0.0, delay, answered=answered)


def failed_over_call(caller: Endpoint = ACME) -> Cdr:
    return Cdr(
        call_id="c1",
        signaling_instance="s1",
        sip_call_id="x",
        caller_address=("192.0.2.1", 5060),
        setup_time=0.0,
        caller_endpoint=caller,
        callee_endpoint=VOX,
        answer_time=10.0,
        end_time=70.0,
        attempts=[attempt(1, BUDGET, answered=False), attempt(2, VOX, answered=True)],
        media=MediaStatistics(
            StreamStatistics(packets=90, packets_lost=10, mos=4.1), StreamStatistics()
        ),
    )


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"trunkline_signaling_gateway_{name}", labels)


def test_a_failed_over_call_counts_once_for_the_customer_and_once_for_each_vendor() -> None:
    metrics = Metrics("signaling")

    GatewayMetrics(metrics).call_ended(failed_over_call())

    def calls(side: str, gateway: str, outcome: str) -> float | None:
        return value(metrics, "calls_total", side=side, gateway=gateway, outcome=outcome)

    assert calls("customer", "acme", "answered") == 1
    assert calls("vendor", "budget", "failed") == 1
    assert calls("vendor", "vox", "answered") == 1
    assert value(metrics, "talk_seconds_total", side="vendor", gateway="vox") == 60
    assert value(metrics, "talk_seconds_total", side="vendor", gateway="budget") is None


def test_a_side_that_sent_nothing_has_no_score() -> None:
    metrics = Metrics("signaling")

    GatewayMetrics(metrics).call_ended(failed_over_call())

    assert value(metrics, "mos_count", side="customer", gateway="acme") == 1
    assert value(metrics, "mos_count", side="vendor", gateway="vox") is None
    assert value(metrics, "lost_packets_total", side="customer", gateway="acme") == 10


def test_all_phones_share_one_label() -> None:
    metrics = Metrics("signaling")

    phone = Endpoint(EndpointKind.PHONE, "1001")
    GatewayMetrics(metrics).call_ended(failed_over_call(phone))

    assert value(metrics, "talk_seconds_total", side="customer", gateway="phones") == 60
