"""What routing answers over the contract: calls, documents, read models. In process."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from trunkline.billing.v1.rates_pb2 import AccountTerms, RateChunk, RatePrice, RatesEntry
from trunkline.common.v1 import common_pb2 as common
from trunkline.common.v1 import documents_pb2 as docs
from trunkline.common.v1.documents_pb2_grpc import add_DocumentServiceServicer_to_server
from trunkline.common.v1.replication_pb2 import WatchRequest
from trunkline.common.v1.replication_pb2_grpc import add_ReplicationServiceServicer_to_server
from trunkline.routing.v1 import gateways_pb2
from trunkline.routing.v1 import routing_pb2 as pb
from trunkline.routing.v1.routing_pb2_grpc import add_RoutingServiceServicer_to_server
from trunkline_kernel.database import Database, open_database
from trunkline_kernel.documents import Documents, DocumentServicer
from trunkline_kernel.faults import Fault, RemoteError, TrunklineError
from trunkline_kernel.metrics import Metrics
from trunkline_kernel.parameters import Parameters
from trunkline_kernel.replication import WATCH, ReplicationServicer
from trunkline_kernel.rpc import Dispatcher, InProcessChannel, method_of
from trunkline_kernel.tables import DocumentRow
from trunkline_kernel.vault import Vault
from trunkline_routing.composition import Routing
from trunkline_routing.declarations import DECLARED
from trunkline_routing.documents.vault import GatewayVault
from trunkline_routing.publication import DOMAINS, GATEWAYS, REGISTRATIONS
from trunkline_routing.settings import RoutingSettings

ROUTING = pb.DESCRIPTOR.services_by_name["RoutingService"]
DOCUMENTS = docs.DESCRIPTOR.services_by_name["DocumentService"]
NOON = datetime(2026, 1, 14, 12, tzinfo=UTC)
MAPPING = common.ENDPOINT_KIND_MAPPING_GATEWAY
VENDOR = common.ENDPOINT_KIND_ROUTING_GATEWAY

CUSTOMER = {
    "account": "acme",
    "numbers": {"calleeDialPlan": "00:,0:44"},
    "capacity": {"calls": 200, "callsPerSecond": 20},
    "media": {"codec": {"mode": "specified", "codec": "PCMA", "allowConversion": True}},
    "failureCodes": [{"source": 503, "target": 480}],
    "setupTimeout": 90,
}
FIRST = {
    "account": "first",
    "address": "198.51.100.7:5060",
    "prefixes": ["44"],
    "priority": 1,
    "timeouts": {"ringing": 30},
    "credentials": {"username": "u", "password": "swordfish"},
}
SECOND = {"account": "second", "address": "vendor.example", "prefixes": ["44"], "priority": 2}


class Client:
    """Calls routing as another service would; can look at what is stored."""

    def __init__(self, channel: InProcessChannel, routing: Routing, database: Database) -> None:
        self.channel = channel
        self._database = database
        self.routing = routing
        self._calls = 0

    async def call(self, name: str, request: Any) -> Any:
        service = DOCUMENTS if name.endswith(("Documents", "Document", "Kinds")) else ROUTING
        response = getattr(docs if service is DOCUMENTS else pb, f"{name}Response")
        method = method_of(service, name, type(request), response)
        return await self.channel.call(method, request, timeout=5)

    async def rows(self) -> Sequence[DocumentRow]:
        async with self._database.reading() as session:
            return (await session.scalars(select(DocumentRow))).all()

    async def apply(self, *documents: tuple[str, str, dict[str, Any]]) -> None:
        await self.call(
            "ApplyDocuments",
            docs.ApplyDocumentsRequest(documents=[document(*each) for each in documents]),
        )

    async def route(self, call_id: str = "call", callee: str = "02071234567") -> Any:
        return await self.call("Route", request(call_id, callee))


def document(kind: str, name: str, spec: dict[str, Any]) -> docs.Document:
    return docs.Document(kind=kind, name=name, spec_json=json.dumps(spec))


def request(call_id: str = "call", callee: str = "02071234567") -> pb.RouteRequest:
    message = pb.RouteRequest(
        call_id=call_id,
        signaling_instance="signaling-1",
        endpoint=common.Endpoint(kind=MAPPING, name="acme"),
        source=common.SocketAddress(ip="192.0.2.10", port=5060),
        identity=pb.Identity(from_user="15551234", to_user=callee, request_uri_user=callee),
    )
    message.setup_time.FromDatetime(NOON)
    return message


def failed(number: int, gateway: str) -> common.Attempt:
    endpoint = common.Endpoint(kind=VENDOR, name=gateway)
    return common.Attempt(number=number, endpoint=endpoint, sip_status=503)


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    settings = RoutingSettings(database_url=f"sqlite+aiosqlite:///{tmp_path}/routing.db")
    metrics = Metrics("routing")
    async with open_database(settings) as database:
        await database.migrate()
        routing = Routing(
            clock=lambda: NOON,
            rng=random.Random(1),
            metrics=metrics,
            zone=UTC,
            values=Parameters(DECLARED),
            vault=GatewayVault(Vault(bytes(32))),
        )
        documents = Documents(routing.kinds, database, checks=routing.checks)
        documents.subscribe(routing.take_documents)
        await documents.load()
        dispatcher = Dispatcher(metrics)
        dispatcher.add(add_RoutingServiceServicer_to_server, routing.servicer)
        dispatcher.add(add_DocumentServiceServicer_to_server, DocumentServicer(documents))
        dispatcher.add(
            add_ReplicationServiceServicer_to_server,
            ReplicationServicer(routing.publication.topics),
        )
        yield Client(InProcessChannel(dispatcher), routing, database)


@pytest.fixture
async def two_vendors(client: Client) -> Client:
    await client.apply(
        ("MappingGateway", "acme", CUSTOMER),
        ("RoutingGateway", "first", FIRST),
        ("RoutingGateway", "second", SECOND),
    )
    return client


async def test_a_call_is_routed_with_everything_signaling_needs(two_vendors: Client) -> None:
    response = await two_vendors.route()

    assert (response.account, response.payer) == ("acme", MAPPING)
    assert response.numbers.callee_access == "02071234567"
    assert response.numbers.callee == "442071234567"
    assert response.numbers.stages[0].stage == "callee dial plan of mapping gateway acme"
    assert response.numbers.stages[0].rule == "0:44"
    assert list(response.leg_a.codecs) == ["PCMA"]
    first = response.plan.first
    assert (first.attempt, first.endpoint.name, first.prefix) == (1, "first", "44")
    assert (first.targets[0].host, first.targets[0].port) == ("198.51.100.7", 5060)
    assert (first.request_uri_user, first.from_user) == ("442071234567", "15551234")
    assert first.timers.ringing.seconds == 30
    assert not first.timers.HasField("invite")
    assert first.credentials.password == "swordfish"
    assert first.clearing_account == "first"
    assert [each.name for each in response.plan.others] == ["second"]
    assert not response.plan.switch_policy.HasField("limit")
    assert dict(response.plan.failure_codes) == {503: 480}
    assert response.plan.max_setup_duration.seconds == 90


async def test_a_failed_attempt_is_followed_by_the_next_candidate_and_then_by_none(
    two_vendors: Client,
) -> None:
    await two_vendors.route()
    second = await two_vendors.call(
        "NextCandidate", pb.NextCandidateRequest(call_id="call", failed=failed(1, "first"))
    )
    third = await two_vendors.call(
        "NextCandidate", pb.NextCandidateRequest(call_id="call", failed=failed(2, "second"))
    )

    assert (second.candidate.attempt, second.candidate.endpoint.name) == (2, "second")
    assert second.candidate.targets[0].port == 0
    assert third.exhausted.call_end_reason == common.CALL_END_REASON_ROUTE_NOT_FOUND


async def test_an_unknown_call_has_no_next_candidate(client: Client) -> None:
    with pytest.raises(RemoteError) as error:
        await client.call(
            "NextCandidate", pb.NextCandidateRequest(call_id="stranger", failed=failed(1, "first"))
        )

    assert (error.value.fault, error.value.reason) == (Fault.NOT_FOUND, "UNKNOWN_CALL")


async def test_seats_are_taken_listed_and_freed(two_vendors: Client) -> None:
    await two_vendors.route()
    during = await two_vendors.call("ListGateways", pb.ListGatewaysRequest())
    await two_vendors.call("Release", pb.ReleaseRequest(call_id="call", last=failed(1, "first")))
    await two_vendors.call("Release", pb.ReleaseRequest(call_id="call"))
    after = await two_vendors.call("ListGateways", pb.ListGatewaysRequest())

    assert [(each.endpoint.name, each.calls, each.capacity) for each in during.gateways] == [
        ("acme", 1, 200),
        ("first", 1, 0),
        ("second", 0, 0),
    ]
    assert [each.calls for each in after.gateways] == [0, 0, 0]
    assert after.gateways[1].answer_seizure_ratio == -1


async def test_seats_unknown_after_a_restart_are_announced_again(two_vendors: Client) -> None:
    renew = pb.RenewLeasesRequest(signaling_instance="signaling-1", epoch="1")
    seat = pb.Seat(
        call_id="live",
        caller=common.Endpoint(kind=MAPPING, name="acme"),
        callee=common.Endpoint(kind=VENDOR, name="second"),
    )
    passed_on = pb.Seat(call_id="passed-on", callee=seat.callee)
    before = await two_vendors.call("RenewLeases", renew)
    await two_vendors.call(
        "AnnounceSeats",
        pb.AnnounceSeatsRequest(
            signaling_instance="signaling-1", epoch="1", seats=[seat, passed_on]
        ),
    )
    after = await two_vendors.call("RenewLeases", renew)
    listed = await two_vendors.call("ListGateways", pb.ListGatewaysRequest())

    assert (before.known, after.known) == (False, True)
    assert [each.calls for each in listed.gateways] == [1, 0, 2]


async def test_explain_names_every_gateway_with_price_and_margin(two_vendors: Client) -> None:
    rates = two_vendors.routing.rates
    for account, fee in (("acme", "0.05"), ("first", "0.03")):
        terms = RatesEntry(account=AccountTerms(rate_group=account, currency="USD"))
        price = RatePrice(fee=fee, period_seconds=60, divisor=1)
        chunk = RatesEntry(chunk=RateChunk(prefixes="44", price_indexes=[0], prices=[price]))
        rates.put(f"account/{account}", terms.SerializeToString())
        rates.put(f"deck/{account}/44", chunk.SerializeToString())
    await rates.build()
    response = await two_vendors.call(
        "Explain", pb.ExplainRequest(call=request(call_id=""), seed=7)
    )
    first, second = response.candidates

    assert response.seed == 7
    assert response.outcome.plan.first.endpoint.name == "first"
    assert (first.position, first.excluded_by) == (1, "")
    assert first.price_per_minute.amount == "0.05"
    assert first.margin_per_minute == common.Money(amount="0.02", currency="USD")
    assert first.candidate.cost_per_minute.amount == "0.03"
    assert not first.candidate.HasField("credentials")
    assert second.position == 2
    assert not second.HasField("margin_per_minute")


async def test_a_refused_call_says_why(two_vendors: Client) -> None:
    response = await two_vendors.route(callee="0015551234")

    assert response.refusal.call_end_reason == common.CALL_END_REASON_ROUTE_NOT_FOUND
    assert response.refusal.sip_status == 503
    assert "15551234" in response.refusal.explanation
    assert dict(response.refusal.failure_codes) == {503: 480}


async def test_a_call_without_its_id_is_refused_naming_the_field(client: Client) -> None:
    with pytest.raises(RemoteError) as error:
        await client.route(call_id="")

    assert error.value.fault is Fault.INVALID_ARGUMENT
    assert [each.field for each in error.value.violations] == ["call_id"]


async def test_bad_documents_change_nothing_and_every_error_is_told(client: Client) -> None:
    with pytest.raises(RemoteError) as error:
        await client.apply(
            ("MappingGateway", "acme", {"account": "acme", "colour": "red"}),
            ("RoutingGateway", "first", {**FIRST, "prefixes": ["44x"], "priority": -1}),
            ("RoutingGateway", "second", {**SECOND, "groups": ["gold"]}),
        )
    stored = await client.call("ListDocuments", docs.ListDocumentsRequest(kind="MappingGateway"))

    fields = {each.field for each in error.value.violations}
    assert {
        "MappingGateway/acme: spec.colour",
        "RoutingGateway/first: spec.prefixes[0]",
        "RoutingGateway/first: spec.priority",
    } <= fields
    assert not stored.documents


async def test_a_group_that_does_not_exist_is_a_missing_reference(client: Client) -> None:
    with pytest.raises(RemoteError, match="gold"):
        await client.apply(("RoutingGateway", "second", {**SECOND, "groups": ["gold"]}))


async def test_a_dial_plan_is_refused_with_its_rule(client: Client) -> None:
    numbers = {"calleeDialPlan": "0:1,1x:2"}
    with pytest.raises(RemoteError, match="rule 2"):
        await client.apply(("MappingGateway", "acme", {**CUSTOMER, "numbers": numbers}))


async def test_the_same_transform_in_two_documents_is_refused(client: Client) -> None:
    rows = {"rows": [{"original": "1", "target": "2", "party": "caller"}]}
    with pytest.raises(RemoteError, match="is that of a"):
        await client.apply(("NumberTransform", "a", rows), ("NumberTransform", "b", rows))


async def test_a_password_is_never_read_back(two_vendors: Client) -> None:
    response = await two_vendors.call(
        "GetDocument", docs.GetDocumentRequest(kind="RoutingGateway", name="first")
    )

    assert "swordfish" not in response.document.spec_json
    assert json.loads(response.document.spec_json)["addresses"] == ["198.51.100.7:5060"]


async def test_a_password_is_stored_sealed_and_used_as_written(two_vendors: Client) -> None:
    stored = json.dumps([row.spec for row in await two_vendors.rows()])
    again = await two_vendors.call(
        "ApplyDocuments",
        docs.ApplyDocumentsRequest(documents=[document("RoutingGateway", "first", FIRST)]),
    )
    masked = {**FIRST, "priority": 3, "credentials": {"username": "u", "password": "***"}}
    await two_vendors.apply(("RoutingGateway", "first", masked))

    assert "sealed:" in stored
    assert "swordfish" not in stored
    assert again.changes[0].action == docs.CHANGE_ACTION_UNCHANGED
    response = await two_vendors.route()
    candidates = {response.plan.first.endpoint.name: response.plan.first}
    following = await two_vendors.call(
        "NextCandidate",
        pb.NextCandidateRequest(call_id="call", failed=failed(1, next(iter(candidates)))),
    )
    candidates[following.candidate.endpoint.name] = following.candidate
    assert candidates["first"].credentials.password == "swordfish"


async def test_accounts_are_references_for_whoever_keeps_them(client: Client) -> None:
    plan = await client.call(
        "PlanDocuments",
        docs.PlanDocumentsRequest(documents=[document("RoutingGateway", "first", FIRST)]),
    )

    assert [(each.field, each.target_kind) for each in plan.references] == [
        ("spec.account", "Account")
    ]


async def test_calls_keep_their_way_while_configuration_changes(two_vendors: Client) -> None:
    await two_vendors.route()
    await two_vendors.apply(("RoutingGateway", "second", {**SECOND, "locked": True}))
    following = await two_vendors.call(
        "NextCandidate", pb.NextCandidateRequest(call_id="call", failed=failed(1, "first"))
    )
    fresh = await two_vendors.route("fresh")

    assert following.candidate.endpoint.name == "second"
    assert list(fresh.plan.others) == []


async def test_gateways_addresses_are_published(two_vendors: Client) -> None:
    stream = two_vendors.channel.stream(WATCH, WatchRequest(topic=GATEWAYS))
    steps = [await anext(aiter(stream)) for _ in range(2)]
    entries = {each.key: each.value for each in steps[1].entries.entries}
    first = gateways_pb2.RoutingGatewayAddresses.FromString(entries["first"])

    assert set(entries) == {"first", "second"}
    assert first.targets[0].host == "198.51.100.7"


async def test_mgt16_an_ims_edge_is_published_as_a_gateway_that_registers_here(
    client: Client,
) -> None:
    await client.apply(
        ("RoutingGateway", "edge", {"registration": "ims"}),
        ("RoutingGateway", "dynamic", {"registration": "dynamic"}),
    )
    stored = await client.call(
        "GetDocument", docs.GetDocumentRequest(kind="RoutingGateway", name="edge")
    )

    entries = {each.key: each.value for each in client.routing.publication.gateways.snapshot()}
    assert entries["edge"] == entries["dynamic"]
    assert gateways_pb2.RoutingGatewayAddresses.FromString(entries["edge"]).registers
    assert json.loads(stored.document.spec_json) == {"registration": "ims"}


async def test_sig02_where_we_register_is_published_for_signaling_until_it_is_locked(
    two_vendors: Client,
) -> None:
    peer = {
        **FIRST,
        "registration": "peer",
        "registerAs": {"user": "4711", "host": "vox.example", "period": 600},
    }
    await two_vendors.apply(("RoutingGateway", "first", peer))
    stream = aiter(two_vendors.channel.stream(WATCH, WatchRequest(topic=REGISTRATIONS)))
    steps = [await anext(stream) for _ in range(2)]
    (entry,) = steps[1].entries.entries
    published = gateways_pb2.PeerRegistration.FromString(entry.value)

    assert (entry.key, published.user, published.host) == ("first", "4711", "vox.example")
    assert published.proxy.host == "198.51.100.7"
    assert published.credentials.password == "swordfish"
    assert published.requested_duration.seconds == 600
    report = pb.GatewayReport(name="first", reachability=pb.REACHABILITY_REACHABLE)
    await two_vendors.call(
        "ReportGateways",
        pb.ReportGatewaysRequest(signaling_instance="signaling-1", gateways=[report]),
    )
    assert (await two_vendors.route()).plan.first.domain == "vox.example"

    await two_vendors.apply(("RoutingGateway", "first", {**peer, "locked": True}))
    assert two_vendors.routing.publication.registrations.snapshot() == []


async def test_mgt10_a_gateway_shows_the_calls_of_all_instances_and_what_keeps_it_out(
    two_vendors: Client,
) -> None:
    for number in range(6):
        asked = request(f"call-{number}")
        asked.signaling_instance = f"signaling-{number % 2}"
        await two_vendors.call("Route", asked)
    refusal = failed(1, "first")
    refusal.retry_after.FromSeconds(20)
    report = pb.GatewayReport(name="first", published_calls=10)
    await two_vendors.call(
        "ReportGateways",
        pb.ReportGatewaysRequest(signaling_instance="signaling-1", gateways=[report]),
    )
    before = (await two_vendors.call("ListGateways", pb.ListGatewaysRequest())).gateways[1]
    following = pb.NextCandidateRequest(call_id="call-0", failed=refusal)
    await two_vendors.call("NextCandidate", following)
    after = (await two_vendors.call("ListGateways", pb.ListGatewaysRequest())).gateways[1]

    assert (before.calls, before.published_calls) == (6, 10)
    assert before.targets[0].host == "198.51.100.7"
    assert not before.HasField("disabled_until_time")
    assert after.calls == 5
    left = after.disabled_until_time.ToDatetime(UTC) - NOON
    assert left == timedelta(seconds=20)


async def test_a_gateway_that_is_reported_unreachable_is_listed_so_and_skipped(
    two_vendors: Client,
) -> None:
    report = pb.GatewayReport(name="first", reachability=pb.REACHABILITY_UNREACHABLE)
    await two_vendors.call(
        "ReportGateways",
        pb.ReportGatewaysRequest(signaling_instance="signaling-1", gateways=[report]),
    )
    listed = await two_vendors.call("ListGateways", pb.ListGatewaysRequest())

    assert [each.reachable for each in listed.gateways] == [True, False, True]
    assert (await two_vendors.route()).plan.first.endpoint.name == "second"


async def test_an_attempt_is_booked_with_its_talk_time(two_vendors: Client) -> None:
    gateway = {**FIRST, "quality": "on"}
    await two_vendors.apply(("RoutingGateway", "first", gateway))
    await two_vendors.route()
    last = failed(1, "first")
    last.answered = True
    release = pb.ReleaseRequest(call_id="call", last=last)
    release.talk_duration.FromTimedelta(timedelta(seconds=90))
    await two_vendors.call("Release", release)
    listed = await two_vendors.call("ListGateways", pb.ListGatewaysRequest())

    assert listed.gateways[1].answer_seizure_ratio == 100
    assert listed.gateways[1].average_call_duration.seconds == 90


async def test_a_change_that_would_break_a_route_test_is_refused_with_the_call(
    two_vendors: Client,
) -> None:
    call = {"mappingGateway": "acme", "caller": "1", "callee": "02071234567"}
    test = {"call": call, "expect": {"first": "first", "billedCallee": "442071234567"}}
    await two_vendors.apply(("RouteTest", "london", test))
    with pytest.raises(RemoteError) as error:
        await two_vendors.apply(("RoutingGateway", "first", {**FIRST, "locked": True}))

    [violation] = error.value.violations
    assert violation.field == "RouteTest/london: spec.expect.first"
    assert "expected first, it would be second" in violation.description
    assert (await two_vendors.route()).plan.first.endpoint.name == "first"


async def test_bil_04_a_bound_caller_is_told_as_the_payer(two_vendors: Client) -> None:
    await two_vendors.apply(
        ("MappingGateway", "acme", {**CUSTOMER, "boundNumbersPay": True}),
        ("BoundNumber", "15551234", {"account": "callback"}),
    )

    answer = await two_vendors.route()

    assert (answer.account, answer.payer) == ("callback", common.ENDPOINT_KIND_BOUND_NUMBER)


@pytest.mark.parametrize("kind", ["Phone", "BoundNumber"])
async def test_bil_04_who_pays_by_number_is_named_by_it(two_vendors: Client, kind: str) -> None:
    with pytest.raises(RemoteError) as error:
        await two_vendors.apply((kind, "reception", {"account": "acme"}))

    [violation] = error.value.violations
    assert violation.field == f"{kind}/reception: name"
    assert "expected its number, 1-32 digits" in violation.description


DOMAIN = {"refresh": 120}


async def test_mgt06_a_domain_is_published_with_its_refresh(two_vendors: Client) -> None:
    await two_vendors.apply(("Domain", "vendor.example", DOMAIN), ("Domain", "idle.example", {}))

    stream = two_vendors.channel.stream(WATCH, WatchRequest(topic=DOMAINS))
    steps = [await anext(aiter(stream)) for _ in range(2)]
    entries = {each.key: each.value for each in steps[1].entries.entries}

    first = gateways_pb2.Domain.FromString(entries["vendor.example"])
    assert first.refresh_duration.seconds == 120
    assert not gateways_pb2.Domain.FromString(entries["idle.example"]).HasField("refresh_duration")


async def test_mgt06_a_domain_in_use_is_not_removed(two_vendors: Client) -> None:
    await two_vendors.apply(("Domain", "vendor.example", {}), ("Domain", "idle.example", {}))
    delete = docs.DeleteDocumentRequest

    with pytest.raises(TrunklineError, match="RoutingGateway/second"):
        await two_vendors.call("DeleteDocument", delete(kind="Domain", name="vendor.example"))

    await two_vendors.call("DeleteDocument", delete(kind="Domain", name="idle.example"))


@pytest.mark.parametrize("name", ["Vendor.Example", "vendor", "198.51.100.7", "-a.example"])
async def test_mgt06_a_domain_is_a_host_name(two_vendors: Client, name: str) -> None:
    with pytest.raises(TrunklineError) as refused:
        await two_vendors.apply(("Domain", name, {}))

    assert "host name" in str(refused.value.violations)
