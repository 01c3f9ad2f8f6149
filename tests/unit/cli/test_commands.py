"""Commands against services that answer: what is shown, in both formats, and exit codes."""

import gzip
import json
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from support.command import FakeSwitch, Run
from trunkline.billing.v1 import alarms_pb2, alarms_pb2_grpc, billing_pb2, billing_pb2_grpc
from trunkline.common.v1 import common_pb2, parameters_pb2, parameters_pb2_grpc
from trunkline.routing.v1 import routing_pb2, routing_pb2_grpc
from trunkline.signaling.v1 import signaling_pb2, signaling_pb2_grpc
from trunkline_cli.services import Service

USD = "USD"
PBX = common_pb2.Endpoint(
    kind=common_pb2.EndpointKind.ENDPOINT_KIND_MAPPING_GATEWAY, name="acme-pbx"
)
CARRIER = common_pb2.Endpoint(
    kind=common_pb2.EndpointKind.ENDPOINT_KIND_ROUTING_GATEWAY, name="voxcarrier"
)
ATTEMPT = common_pb2.Attempt(
    number=1, endpoint=CARRIER, sip_status=200, outcome="answered", answered=True
)


class Signaling(signaling_pb2_grpc.SignalingServiceServicer):
    def __init__(self) -> None:
        self.hung_up: list[str] = []
        self.wanted = signaling_pb2.CallFilter()
        self.relayed = False
        self.figures: common_pb2.MediaStatistics | None = None

    def ListCalls(self, request: signaling_pb2.ListCallsRequest, context: Any) -> Any:
        page = int(request.page_token or 0)
        self.wanted = request.filter
        return signaling_pb2.ListCallsResponse(
            calls=[self.call(f"call-{page}", media=request.media)],
            next_page_token=str(page + 1) if page < 2 else "",
        )

    def GetCall(self, request: signaling_pb2.GetCallRequest, context: Any) -> Any:
        if request.call_id != "call-0":
            context.abort(grpc.StatusCode.NOT_FOUND, "no such call")
        return signaling_pb2.GetCallResponse(call=self.call("call-0", media=request.media))

    def HangUp(self, request: signaling_pb2.HangUpRequest, context: Any) -> Any:
        self.hung_up += request.call_ids
        return signaling_pb2.HangUpResponse(call_ids=request.call_ids)

    def ReadTrace(self, request: signaling_pb2.ReadTraceRequest, context: Any) -> Any:
        yield signaling_pb2.ReadTraceResponse(
            event=signaling_pb2.TraceEvent(
                time=Timestamp(seconds=1),
                kind=signaling_pb2.TraceEventKind.TRACE_EVENT_KIND_RECEIVED,
                source="192.0.2.1:5060",
                destination="192.0.2.9:5060",
                summary="INVITE sip:4420@192.0.2.9 SIP/2.0",
                message=b"INVITE sip:4420@192.0.2.9 SIP/2.0\r\n\r\n",
            )
        )

    def call(self, call_id: str, *, media: bool = False) -> signaling_pb2.Call:
        """`self.relayed` is whether there is a relay, `self.figures` what it says."""
        return signaling_pb2.Call(
            media_instance="media-1" if self.relayed else "",
            media=self.figures if media else None,
            call_id=call_id,
            state=signaling_pb2.CallState.CALL_STATE_RINGING,
            caller="14155550123",
            callee="442071838750",
            caller_endpoint=PBX,
            callee_endpoint=CARRIER,
            account="acme",
            attempts=[ATTEMPT],
            leg_a=signaling_pb2.Leg(
                sip_call_id="a@pbx", codec="PCMA", listed_codecs=["PCMA", "G729"]
            ),
        )


class Billing(billing_pb2_grpc.BillingServiceServicer):
    def GetBalance(self, request: billing_pb2.GetBalanceRequest, context: Any) -> Any:
        return billing_pb2.GetBalanceResponse(balance=common_pb2.Money(amount="9.50", currency=USD))

    def Pay(self, request: billing_pb2.PayRequest, context: Any) -> Any:
        return billing_pb2.PayResponse(balance=common_pb2.Money(amount="34.50", currency=USD))

    def GetCdr(self, request: billing_pb2.GetCdrRequest, context: Any) -> Any:
        context.abort(grpc.StatusCode.NOT_FOUND, "call-9 has no CDR")

    def ListCdrs(self, request: billing_pb2.ListCdrsRequest, context: Any) -> Any:
        cdr = billing_pb2.Cdr(
            call_id="call-0",
            caller="14155550123",
            callee="442071838750",
            caller_endpoint=PBX,
            callee_endpoint=CARRIER,
            answer_time=Timestamp(seconds=10),
            end_time=Timestamp(seconds=75),
            call_end_reason=common_pb2.CallEndReason.CALL_END_REASON_CALLER_HANGUP,
            sip_status=200,
            codecs=["PCMA", "G729"],
            codec_lists=["PCMA,G729", "G729"],
            media=common_pb2.MediaStatistics(
                leg_a=common_pb2.StreamStatistics(
                    packets=3000, packets_lost=5, jitter_ms=2.25, round_trip_ms=40.0, mos=4.1
                ),
                leg_b=common_pb2.StreamStatistics(packets=2990, last_packet_time=Timestamp()),
            ),
        )
        return billing_pb2.ListCdrsResponse(
            cdrs=[
                billing_pb2.RatedCdr(
                    cdr=cdr,
                    charge=common_pb2.Money(amount="0.0240", currency=USD),
                    charged_duration=Duration(seconds=120),
                )
            ]
        )


class Alarms(alarms_pb2_grpc.AlarmServiceServicer):
    def ListAlarms(self, request: alarms_pb2.ListAlarmsRequest, context: Any) -> Any:
        return alarms_pb2.ListAlarmsResponse(alarms=[self.alarm()])

    def ConfirmAlarm(self, request: alarms_pb2.ConfirmAlarmRequest, context: Any) -> Any:
        if request.id != 7:
            context.abort(grpc.StatusCode.NOT_FOUND, "no alarm has the number 8")
        return alarms_pb2.ConfirmAlarmResponse(alarm=self.alarm(confirmed_by=request.author))

    def alarm(self, **fields: Any) -> alarms_pb2.Alarm:
        return alarms_pb2.Alarm(
            id=7,
            type="gateway ASR",
            object="voxcarrier",
            level=alarms_pb2.AlarmLevel.ALARM_LEVEL_MAJOR,
            value="12.5",
            lower="30",
            **fields,
        )


class Rates(billing_pb2_grpc.RateServiceServicer):
    def ImportRates(self, request: billing_pb2.ImportRatesRequest, context: Any) -> Any:
        lines = gzip.decompress(request.content).decode().splitlines()
        return billing_pb2.ImportRatesResponse(
            dialect="commas",
            counts=billing_pb2.RateImportCounts(added=1, bad_lines=len(lines) - 1),
            differences=[billing_pb2.RateDifference(prefix="44", action="new", new_price="0.01")],
            errors=[
                billing_pb2.RateLineError(line=n, column="price", message="expected a decimal")
                for n in range(2, len(lines) + 1)
            ],
        )


class Routing(routing_pb2_grpc.RoutingServiceServicer):
    def Explain(self, request: routing_pb2.ExplainRequest, context: Any) -> Any:
        refusal = routing_pb2.Refusal(
            call_end_reason=common_pb2.CallEndReason.CALL_END_REASON_ROUTE_NOT_FOUND,
            sip_status=503,
            explanation="no gateway has a prefix of 999",
        )
        return routing_pb2.ExplainResponse(
            outcome=routing_pb2.RouteResponse(refusal=refusal),
            candidates=[
                routing_pb2.CandidateExplanation(
                    endpoint=CARRIER, excluded_by="PREFIX", explanation="serves 44 and 1"
                )
            ],
        )


class Parameters(parameters_pb2_grpc.ParametersServiceServicer):
    def __init__(self, name: str) -> None:
        self.name = name
        self.values = {name: "600"}

    def GetParameter(self, request: parameters_pb2.GetParameterRequest, context: Any) -> Any:
        if request.name != self.name:
            context.abort(grpc.StatusCode.NOT_FOUND, "no such parameter")
        return parameters_pb2.GetParameterResponse(parameter=self.parameter())

    def ListParameters(self, request: parameters_pb2.ListParametersRequest, context: Any) -> Any:
        return parameters_pb2.ListParametersResponse(parameters=[self.parameter()])

    def SetParameters(self, request: parameters_pb2.SetParametersRequest, context: Any) -> Any:
        change = parameters_pb2.ParameterChange(
            name=self.name, old_value=self.values[self.name], new_value=request.values[self.name]
        )
        self.values.update(request.values)
        return parameters_pb2.SetParametersResponse(changes=[change])

    def parameter(self) -> parameters_pb2.Parameter:
        return parameters_pb2.Parameter(
            name=self.name, value=self.values[self.name], default_value="600", range="60-86400"
        )


@pytest.fixture
def signaling() -> Signaling:
    return Signaling()  # type: ignore[abstract]  # gRPC answers the rest


@pytest.fixture
def switch(signaling: Signaling) -> FakeSwitch:
    switch = FakeSwitch()
    switch.documents[Service.ROUTING].store["MappingGateway", "acme-pbx"] = {}
    switch.documents[Service.BILLING].store["Account", "acme"] = {}
    add_parameters = parameters_pb2_grpc.add_ParametersServiceServicer_to_server
    switch.servicers = {
        service: [(add_parameters, Parameters(f"SS_{service.upper()}"))]  # type: ignore[abstract]
        for service in Service
    }
    switch.servicers[Service.SIGNALING].append(
        (signaling_pb2_grpc.add_SignalingServiceServicer_to_server, signaling)
    )
    switch.servicers[Service.BILLING].append(
        (billing_pb2_grpc.add_BillingServiceServicer_to_server, Billing())  # type: ignore[abstract]
    )
    switch.servicers[Service.BILLING].append(
        (billing_pb2_grpc.add_RateServiceServicer_to_server, Rates())  # type: ignore[abstract]
    )
    switch.servicers[Service.BILLING].append(
        (alarms_pb2_grpc.add_AlarmServiceServicer_to_server, Alarms())
    )
    switch.servicers[Service.ROUTING].append(
        (routing_pb2_grpc.add_RoutingServiceServicer_to_server, Routing())  # type: ignore[abstract]
    )
    return switch


def test_calls_of_all_pages_are_listed(run: Run) -> None:
    lines = run("call", "list").out.splitlines()

    assert [line.split()[0] for line in lines] == ["CALL", "call-0", "call-1", "call-2"]
    assert lines[1].split()[1:] == [
        *("ringing", "14155550123", "442071838750", "acme-pbx", "voxcarrier", "acme", "-", "1")
    ]


def test_a_limit_ends_the_list(run: Run) -> None:
    assert len(json.loads(run("call", "list", "--limit", "2", "-o", "json").out)) == 2


def test_json_has_the_names_of_the_protos(run: Run) -> None:
    call = json.loads(run("call", "show", "call-0", "-o", "json").out)

    assert call["callId"] == "call-0"
    assert call["state"] == "CALL_STATE_RINGING"
    assert call["attempts"][0]["sipStatus"] == 200
    assert call["mediaInstance"] == ""


LIVE = common_pb2.MediaStatistics(
    leg_a=common_pb2.StreamStatistics(packets=990, packets_lost=10, jitter_ms=1.25, mos=4.18),
    leg_b=common_pb2.StreamStatistics(),
)


@pytest.mark.parametrize(
    ("relayed", "figures", "shown"),
    [
        (True, LIVE, ["990", "1.00 %", "1.2 ms", "4.18", "0", "-", "0.0 ms", "-"]),
        (True, None, ["unknown", "-", "-", "-", "unknown", "-", "-", "-"]),
        (False, None, ["direct", "-", "-", "-", "direct", "-", "-", "-"]),
    ],
    ids=["known", "media is away", "no relay"],
)
def test_mgt_09_calls_are_listed_with_what_their_legs_have_sent(
    run: Run,
    signaling: Signaling,
    relayed: bool,
    figures: common_pb2.MediaStatistics | None,
    shown: list[str],
) -> None:
    signaling.relayed, signaling.figures = relayed, figures

    lines = run("call", "list", "--media", "--limit", "1").out.splitlines()

    cells = lines[1].replace(" %", "_%").replace(" ms", "_ms").split()
    assert [each.replace("_", " ") for each in cells[4:]] == shown


def test_mgt_09_one_call_says_what_its_legs_have_sent(run: Run, signaling: Signaling) -> None:
    signaling.relayed, signaling.figures = True, LIVE

    shown = run("call", "show", "call-0").out
    told = json.loads(run("call", "show", "call-0", "-o", "json").out)

    assert "990 packets, 10 lost (1.00 %), jitter 1.2 ms, MOS 4.18" in shown
    assert told["media"]["legA"]["packets"] == "990"


def test_hanging_up_an_unknown_call_ends_none(run: Run, signaling: Signaling) -> None:
    ended = run("call", "hangup", "call-0", "call-7")

    assert ended.status == 1
    assert "there is no call call-7 in progress" in ended.err
    assert not signaling.hung_up


def test_hanging_up_ends_the_calls_named(run: Run, signaling: Signaling) -> None:
    assert run("call", "hangup", "call-0").status == 0
    assert signaling.hung_up == ["call-0"]


def test_mgt09_what_is_being_ended_can_be_read_by_programs(run: Run) -> None:
    assert json.loads(run("call", "hangup", "call-0", "-o", "json").out) == ["call-0"]


def test_mgt09_calls_are_chosen_by_state_and_time(run: Run, signaling: Signaling) -> None:
    run("call", "list", "--state", "ringing", "--state", "connected", "--since", "5m")

    assert list(signaling.wanted.states) == [
        signaling_pb2.CallState.CALL_STATE_RINGING,
        signaling_pb2.CallState.CALL_STATE_CONNECTED,
    ]
    assert signaling.wanted.HasField("setup_from_time")
    assert not signaling.wanted.HasField("setup_until_time")


def test_mgt09_a_state_that_is_none_is_wrong_usage(run: Run) -> None:
    ended = run("call", "list", "--state", "talking")

    assert ended.status == 2
    assert "'connected'" in ended.err


def test_med03_a_call_shows_its_codec_and_what_was_listed(run: Run) -> None:
    shown = " ".join(run("call", "show", "call-0").out.split())

    assert "PCMA, listed PCMA G729, Call-ID a@pbx" in shown


def test_cdrs_show_talk_charge_and_reason(run: Run) -> None:
    line = run("cdr", "list").out.splitlines()[1]

    assert line.split()[2:] == [
        *("call-0", "14155550123", "442071838750", "acme-pbx", "voxcarrier"),
        *("1:05", "2:00", "0.0240", "USD", "-", "200", "caller", "hangup"),
    ]


def test_bil_10_a_cdr_shows_codecs_and_the_quality_of_both_streams(run: Run) -> None:
    shown = " ".join(run("cdr", "show", "call-0").out.split())

    assert "Codecs PCMA, G729" in shown
    assert "Out of PCMA,G729 | G729" in shown
    assert "Media from A 3000 packets, 5 lost" in shown
    assert "jitter 2.2 ms, round trip 40 ms, MOS 4.1, last never" in shown
    assert "round trip unknown" in shown


def test_a_cdr_that_is_not_there_is_refused(run: Run) -> None:
    ended = run("cdr", "show", "call-9")

    assert (ended.status, ended.err) == (1, "error: there is no CDR call-9\n")


def test_the_beginning_of_an_id_is_enough_where_it_is_the_only_one(run: Run) -> None:
    assert json.loads(run("cdr", "show", "call", "-o", "json").out)["cdr"]["callId"] == "call-0"
    assert run("call", "show", "call-2").status == 0
    assert "there are 3 beginning like call call" in run("call", "show", "call").err


def test_a_wrong_time_is_wrong_usage(run: Run) -> None:
    assert run("cdr", "list", "--since", "yesterday").status == 2


def test_accounts_are_listed_with_their_money(run: Run) -> None:
    assert json.loads(run("account", "list", "-o", "json").out) == [
        {
            "account": "acme",
            "balance": {"amount": "9.50", "currency": "USD"},
            "calls": 0,
        }
    ]


def test_a_payment_says_what_was_booked(run: Run) -> None:
    assert run("account", "pay", "acme", "25.00").out == "25.00 USD booked; balance 34.50 USD\n"


@pytest.mark.parametrize("amount", ["abc", "0", "NaN", "Infinity"])
def test_a_payment_that_is_no_amount_is_wrong_usage(run: Run, amount: str) -> None:
    assert run("account", "pay", "acme", amount).status == 2


def test_an_explanation_says_why_a_gateway_is_out(run: Run) -> None:
    out = run("route", "explain", "--from", "acme-pbx", "--callee", "999").out

    assert "PREFIX" in out
    assert "refused with SIP 503, route not found: no gateway has a prefix of 999" in out


def test_an_explanation_may_say_what_kind_the_caller_is(run: Run) -> None:
    found = run("route", "explain", "--from", "mapping-gateway/acme-pbx", "--callee", "999")
    missing = run("route", "explain", "--from", "phone/acme-pbx", "--callee", "999")

    assert (found.status, missing.status) == (0, 1)


def test_an_explanation_from_nobody_is_refused(run: Run) -> None:
    ended = run("route", "explain", "--from", "nobody", "--callee", "999")

    assert "there is no mapping gateway and no phone nobody" in ended.err


def test_parameters_of_all_services_are_one_list(run: Run) -> None:
    listed = json.loads(run("parameters", "list", "-o", "json").out)

    assert [one["name"] for one in listed] == sorted(f"SS_{service.upper()}" for service in Service)


def test_a_parameter_is_set_where_it_is_obeyed(run: Run) -> None:
    assert run("parameters", "set", "SS_MEDIA=90").out == "SS_MEDIA: 600 → 90\n"


def test_an_unknown_parameter_is_refused(run: Run) -> None:
    ended = run("parameters", "set", "SS_NONE=1")

    assert (ended.status, ended.err.splitlines()[0]) == (
        1,
        "error: no service has a parameter SS_NONE",
    )


def test_a_trace_that_was_captured_is_drawn(run: Run) -> None:
    out = run("trace", "--no-follow").out

    assert "192.0.2.1:5060" in out
    assert "INVITE 4420" in out


def test_a_trace_as_json_has_its_message_as_text(run: Run) -> None:
    event = json.loads(run("trace", "--no-follow", "-o", "json").out)

    assert event["message"] == "INVITE sip:4420@192.0.2.9 SIP/2.0\r\n\r\n"


def test_a_service_that_is_away_has_its_own_exit_code(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("call", "list")
    monkeypatch.setenv("TRUNKLINE_BILLING_ADDRESS", "127.0.0.1:1")
    ended = run("cdr", "list")

    assert ended.status == 3
    assert "billing does not answer at 127.0.0.1:1" in ended.err
    assert "trunkline up" in ended.err


def test_an_address_without_port_is_wrong_usage(run: Run) -> None:
    ended = run("--billing", "localhost", "cdr", "list")

    assert ended.status == 2
    assert "expected HOST:PORT" in ended.err


def test_a_rate_file_says_what_it_changes(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "rates.csv"
    file.write_text("44,0.01\n")

    ended = run("rates", "import", str(file), "--group", "retail", "--dry-run")

    assert ended.status == 0
    assert ended.out.splitlines() == [
        "PREFIX  CHANGE  BEFORE  AFTER",
        "44      new          -   0.01",
        "read as commas",
        "dry run: 1 new",
    ]


def test_bad_lines_of_a_rate_file_are_listed_with_their_number(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "rates.csv"
    file.write_text("44,0.01\n45,free\n")

    ended = run("rates", "import", str(file), "--group", "retail")

    assert ended.status == 1
    assert ended.err.splitlines() == [
        "error: 1 lines gave no rate",
        f"  {file}:2: price: expected a decimal",
    ]


def test_mgt_13_an_alarm_is_shown_with_its_value_and_limit(run: Run) -> None:
    line = run("alarms", "list").out.splitlines()[1]

    assert line.split()[:8] == ["7", "major", "gateway", "ASR", "voxcarrier", "12.5", "at", "least"]


def test_mgt_13_confirming_names_who_did(run: Run) -> None:
    assert "alarm 7 was seen by " in run("alarms", "confirm", "7").out
    assert run("alarms", "confirm", "8").status == 1
