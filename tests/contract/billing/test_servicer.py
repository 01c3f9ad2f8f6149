"""BillingService against its proto, on both databases: BIL-02 to BIL-06, BIL-09, BIL-10, BIL-13."""

from datetime import UTC, datetime, timedelta

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from support.billing_service import ACME, RETAIL, BillingClient, cdr, running_billing
from trunkline.billing.v1 import billing_pb2 as pb
from trunkline.common.v1 import common_pb2 as common
from trunkline_kernel.faults import Fault, TrunklineError


async def fails(awaitable: object) -> TrunklineError:
    with pytest.raises(TrunklineError) as caught:
        await awaitable  # type: ignore[misc]
    return caught.value


async def test_bil_05_an_authorization_says_how_long_the_money_lasts(
    billing: BillingClient,
) -> None:
    answer = (await billing.authorize()).authorization

    assert answer.max_duration.ToTimedelta() == timedelta(minutes=10)
    assert answer.rate_prefix == "44"
    assert answer.price_per_minute == common.Money(amount="0.100000", currency="USD")
    assert answer.lease_duration.ToTimedelta() == timedelta(minutes=2)
    assert answer.call_level == 5


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"callee": "331234"}, common.CALL_END_REASON_RATE_NOT_FOUND),
        ({"account": "nobody"}, common.CALL_END_REASON_ACCOUNT_DISABLED),
    ],
    ids=["no rate", "no account"],
)
async def test_a_refusal_names_its_call_end_reason(
    billing: BillingClient, fields: dict[str, str], reason: int
) -> None:
    answer = await billing.authorize(**fields)

    assert answer.refusal.call_end_reason == reason
    assert answer.refusal.explanation


async def test_bil_03_locked_and_expired_accounts_are_refused(billing: BillingClient) -> None:
    await billing.apply(
        ("Account", "shut", {**ACME, "locked": True}),
        ("Account", "old", {**ACME, "validUntil": "2020-01-01T00:00:00Z"}),
    )

    shut = await billing.authorize("a", account="shut")
    old = await billing.authorize("b", account="old")

    assert shut.refusal.call_end_reason == common.CALL_END_REASON_ACCOUNT_DISABLED
    assert old.refusal.call_end_reason == common.CALL_END_REASON_ACCOUNT_EXPIRED


async def test_bil_07_a_refusal_says_that_it_is_the_callee_who_has_no_money(
    billing: BillingClient,
) -> None:
    await billing.apply(("Account", "poor", {**ACME, "openingBalance": "0"}))

    of_callee = await billing.authorize("a", callee_account="poor")
    of_payer = await billing.authorize("b", account="poor")

    assert of_callee.refusal.call_end_reason == common.CALL_END_REASON_BALANCE_INSUFFICIENT
    assert of_callee.refusal.of_callee
    assert not of_payer.refusal.of_callee


async def test_bil_06_two_calls_cannot_hold_the_same_money(billing: BillingClient) -> None:
    await billing.set(SERVER_BILLING_PREVENT_OVERDRAFT_ADVANCE_TIME="360")

    first = await billing.authorize("first")
    second = await billing.authorize("second")
    third = await billing.authorize("third")

    assert first.authorization.reserved_duration.ToTimedelta() == timedelta(minutes=6)
    assert second.authorization.reserved_duration.ToTimedelta() == timedelta(minutes=4)
    assert third.refusal.call_end_reason == common.CALL_END_REASON_BALANCE_INSUFFICIENT


async def test_bil_06_extend_follows_the_call_and_says_when_it_ends(
    billing: BillingClient,
) -> None:
    await billing.set(SERVER_BILLING_PREVENT_OVERDRAFT_ADVANCE_TIME="360")
    await billing.authorize()

    answer = await billing.extend("call-1", 300)

    assert answer.reserved_duration.ToTimedelta() == timedelta(minutes=10)
    assert answer.end_duration.ToTimedelta() == timedelta(minutes=10)


async def test_a_call_without_a_reservation_is_not_found(billing: BillingClient) -> None:
    assert (await fails(billing.extend("stranger", 1))).fault is Fault.NOT_FOUND


async def test_bil_10_a_call_delivered_twice_is_charged_once(billing: BillingClient) -> None:
    await billing.authorize()
    finished = cdr(talk=61)

    first = await billing.settle(finished)
    second = await billing.settle(finished)

    assert first.outcome == pb.SETTLE_OUTCOME_SETTLED
    assert second.outcome == pb.SETTLE_OUTCOME_DUPLICATE
    assert first.charge == second.charge == common.Money(amount="0.20", currency="USD")
    assert await billing.balance() == "0.80"


async def test_bil_10_a_call_delivered_twice_at_once_is_charged_once(
    billing: BillingClient,
) -> None:
    import asyncio

    finished = cdr(talk=61)

    answers = await asyncio.gather(*(billing.settle(finished) for _ in range(8)))

    assert sum(answer.outcome == pb.SETTLE_OUTCOME_SETTLED for answer in answers) == 1
    assert await billing.balance() == "0.80"


async def test_bil_10_a_cdr_comes_back_as_it_went_in(billing: BillingClient) -> None:
    stream = common.StreamStatistics(packets=9, mos=4.1, last_packet_time=Timestamp(seconds=5))
    finished = cdr(
        talk=61,
        media=common.MediaStatistics(leg_a=stream),
        codecs=["PCMA", "G729"],
        codec_lists=["PCMA,G729", "G729"],
    )
    await billing.settle(finished)

    stored = await billing.cdr("call-1")

    assert stored.cdr == finished
    assert stored.charge == common.Money(amount="0.20", currency="USD")
    assert stored.hold_duration.ToTimedelta() == timedelta(seconds=61)
    assert stored.charged_duration.ToTimedelta() == timedelta(seconds=120)
    assert (stored.rate_prefix, stored.rate_group) == ("44", "retail")


async def test_bil_10_switches_decide_what_is_stored(billing: BillingClient) -> None:
    await billing.set(SERVER_BILLING_RECORD_ZERO_HOLD_TIME="Off")

    answer = await billing.settle(cdr(talk=None))

    assert answer.outcome == pb.SETTLE_OUTCOME_NOT_RECORDED
    assert (await fails(billing.cdr("call-1"))).fault is Fault.NOT_FOUND


async def test_the_vendor_is_booked_beside_the_payer(billing: BillingClient) -> None:
    await billing.apply(
        ("RateGroup", "vox", {"rates": [{"prefix": "44", "perMinute": "0.04"}]}),
        ("Account", "vox", {"currency": "USD", "type": "clearing", "rateGroup": "vox"}),
    )

    await billing.settle(cdr(clearing_account="vox"))

    assert await billing.balance("vox") == "-0.04"
    assert (await billing.cdr("call-1")).cost == common.Money(amount="0.04", currency="USD")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"call_id": ""}, "call_id"),
        ({"setup_time": None}, "setup_time"),
        ({"end_direction": 0}, "end_direction"),
        ({"call_end_reason": 0}, "call_end_reason"),
        ({"end_time": datetime(2020, 1, 1, tzinfo=UTC)}, "end_time"),
    ],
    ids=["no id", "no start", "no direction", "no reason", "ends before it starts"],
)
async def test_a_cdr_that_lacks_something_is_refused_by_field(
    billing: BillingClient, fields: dict[str, object], field: str
) -> None:
    error = await fails(billing.settle(cdr(**fields)))  # type: ignore[arg-type]

    assert error.fault is Fault.INVALID_ARGUMENT
    assert field in error.message


async def test_a_cdr_that_the_database_would_choke_on_harms_nobody(
    billing: BillingClient,
) -> None:
    odd = cdr("odd", caller="\x00" + "9" * 5000, sip_status=4_000_000_000)

    await billing.settle(odd)
    await billing.settle(cdr("next"))

    assert (await billing.cdr("odd")).cdr.caller == "9" * 5000
    assert await billing.balance() == "0.80"


async def test_bil_09_a_payment_is_booked_once(billing: BillingClient) -> None:
    first = await billing.pay("pay-1", "10")
    again = await billing.pay("pay-1", "10")

    assert (first.balance.amount, first.repeated) == ("11.00", False)
    assert (again.balance.amount, again.repeated) == ("11.00", True)
    assert await billing.balance() == "11.00"


async def test_bil_09_a_request_id_cannot_pay_something_else(billing: BillingClient) -> None:
    await billing.pay("pay-1", "10")

    assert (await fails(billing.pay("pay-1", "20"))).fault is Fault.ALREADY_EXISTS


async def test_bil_09_no_deduction_goes_past_the_overdraft(billing: BillingClient) -> None:
    error = await fails(billing.pay("pay-1", "-20"))

    assert error.fault is Fault.FAILED_PRECONDITION
    assert await billing.balance() == "1.00"


async def test_bil_09_an_unknown_account_cannot_be_paid(billing: BillingClient) -> None:
    assert (await fails(billing.pay("p", "1", account="nobody"))).fault is Fault.NOT_FOUND


async def test_a_payment_in_another_currency_is_refused(billing: BillingClient) -> None:
    error = await fails(billing.pay("pay-1", "1", currency="EUR"))

    assert error.reason == "CURRENCY_MISMATCH"


async def test_bil_09_the_history_shows_the_balance_after_each(billing: BillingClient) -> None:
    await billing.pay("pay-1", "10")
    await billing.settle(cdr())

    page = await billing.ledger()

    assert [(one.amount.amount, one.balance.amount, one.reference) for one in page.entries] == [
        ("-0.10", "10.90", "call-1"),
        ("10", "11.00", "pay-1"),
        ("1.00", "1.00", "acme"),
    ]


async def test_bil_08_an_agent_pays_into_its_child_from_its_own_balance(
    billing: BillingClient,
) -> None:
    await billing.apply(("Account", "child", {"currency": "USD", "agent": "acme"}))

    await billing.pay("pay-1", "0.75", account="child", agent="acme")

    assert (await billing.balance("child"), await billing.balance()) == ("0.75", "0.25")
    assert (await fails(billing.pay("pay-2", "0.75", account="child", agent="acme"))).reason == (
        "OVERDRAWN"
    )


async def test_bil_08_a_stranger_is_no_agent(billing: BillingClient) -> None:
    await billing.apply(("Account", "child", {"currency": "USD"}))

    error = await fails(billing.pay("pay-1", "0.75", account="child", agent="acme"))

    assert "does not stand above" in error.message


async def test_bil_09_the_history_says_how_it_was_paid(billing: BillingClient) -> None:
    await billing.pay("pay-1", "5", payment_type=pb.PAYMENT_TYPE_VOUCHER)

    assert (await billing.ledger()).entries[0].payment_type == pb.PAYMENT_TYPE_VOUCHER


async def test_the_ledger_is_read_a_page_at_a_time(billing: BillingClient) -> None:
    await billing.pay("pay-1", "10")

    first = await billing.ledger(page_size=1)
    second = await billing.ledger(page_size=1, page_token=first.next_page_token)

    assert [one.reference for one in first.entries] == ["pay-1"]
    assert [one.reference for one in second.entries] == ["acme"]


async def test_a_quote_books_nothing(billing: BillingClient) -> None:
    quote = await billing.quote("+447700900123", 61)

    assert quote.price == common.Money(amount="0.20", currency="USD")
    assert quote.charged_duration.ToTimedelta() == timedelta(minutes=2)
    assert quote.max_duration.ToTimedelta() == timedelta(minutes=10)
    assert await billing.balance() == "1.00"


async def test_bil_13_cdrs_are_listed_newest_first_a_page_at_a_time(
    billing: BillingClient,
) -> None:
    await billing.settle(cdr("a"))
    await billing.settle(cdr("b"))
    await billing.settle(cdr("c"))

    first = await billing.cdrs(page_size=2)
    second = await billing.cdrs(page_size=2, page_token=first.next_page_token)

    assert [one.cdr.call_id for one in first.cdrs] == ["c", "b"]
    assert [one.cdr.call_id for one in second.cdrs] == ["a"]
    assert second.next_page_token == ""


@pytest.mark.parametrize(
    "wanted",
    [
        {"account": "acme"},
        {"caller": "15550199"},
        {"callee": "00448"},
        {"gateway": "other-pbx"},
        {"gateway": "other-vendor"},
        {"answered_only": True},
    ],
    ids=["account", "caller", "callee as dialled", "caller's gateway", "vendor", "answered"],
)
async def test_bil_13_cdrs_are_found_by_every_filter(
    billing: BillingClient, wanted: dict[str, object]
) -> None:
    gateway = common.ENDPOINT_KIND_MAPPING_GATEWAY
    await billing.settle(cdr("other", talk=None, account=""))
    await billing.settle(
        cdr(
            "wanted",
            caller="15550199",
            callee_access="00448",
            caller_endpoint=common.Endpoint(kind=gateway, name="other-pbx"),
            callee_endpoint=common.Endpoint(kind=gateway, name="other-vendor"),
        )
    )

    found = await billing.cdrs(**wanted)

    assert [one.cdr.call_id for one in found.cdrs] == ["wanted"]


async def test_bil_04_a_bound_numbers_account_pays_and_the_cdr_says_why(
    billing: BillingClient,
) -> None:
    await billing.apply(("Account", "callback", ACME))
    bound = pb.BILLING_MODE_BOUND_NUMBER
    await billing.authorize(account="callback", billing_mode=bound)
    await billing.settle(cdr(account="callback", billing_mode=bound, talk=60))

    (found,) = (await billing.cdrs()).cdrs
    assert (found.cdr.billing_mode, found.charge.amount) == (bound, "0.10")
    assert (await billing.balance("callback"), await billing.balance("acme")) == ("0.90", "1.00")


async def test_bil_10_a_cdr_names_the_holders_and_what_agents_paid(billing: BillingClient) -> None:
    contact = {"contact": {"name": "Ann", "company": "Resale Ltd"}}
    child = {**ACME, "agent": "reseller", "contact": {"name": "Bob"}}
    await billing.apply(("Account", "reseller", {**ACME, **contact}), ("Account", "child", child))
    await billing.settle(cdr(account="child", talk=61, caller_product="PBX", callee_product="Vox"))

    stored = await billing.cdr("call-1")

    assert (stored.account_holder, stored.charge.amount) == ("Bob", "0.20")
    assert (stored.cdr.caller_product, stored.cdr.callee_product) == ("PBX", "Vox")
    (agent,) = stored.agents
    assert (agent.account, agent.holder, agent.charge.amount) == ("reseller", "Resale Ltd", "0.20")
    assert (agent.charged_duration.seconds, agent.rate_prefix) == (120, "44")


async def test_bil_13_a_range_over_the_limit_is_rejected(billing: BillingClient) -> None:
    now = datetime.now(UTC)

    error = await fails(billing.cdrs(begin_time=now - timedelta(days=32), end_time=now))

    assert error.fault is Fault.INVALID_ARGUMENT
    assert "at most 31" in error.message


async def test_bil_13_queries_are_denied_in_closed_hours(billing: BillingClient) -> None:
    await billing.set(SERVER_QUERY_CDR_DENY_TIME="00:00-23:59,23:59-00:00")

    error = await fails(billing.cdrs())

    assert error.fault is Fault.PERMISSION_DENIED
    assert "denied in this period" in error.message


async def test_a_foreign_page_token_is_refused(billing: BillingClient) -> None:
    assert (await fails(billing.cdrs(page_token="abc"))).reason == "BAD_QUERY"
    assert (await fails(billing.ledger(page_token="abc"))).reason == "BAD_QUERY"


async def test_money_and_calls_in_progress_outlive_a_restart(url: str) -> None:
    async with running_billing(url) as before:
        await before.apply(("RateGroup", "retail", RETAIL), ("Account", "acme", ACME))
        await before.set(SERVER_BILLING_PREVENT_OVERDRAFT_ADVANCE_TIME="60")
        await before.authorize()
        await before.settle(cdr("done"))

    async with running_billing(url) as after:
        assert await after.balance() == "0.90"
        assert (await after.extend("call-1", 30)).reserved_duration.ToTimedelta() == timedelta(
            minutes=2
        )
        assert (await after.settle(cdr("done"))).outcome == pb.SETTLE_OUTCOME_DUPLICATE
        await after.settle(cdr("call-1"))
        assert await after.balance() == "0.80"


async def test_bil_13_hours_that_are_none_are_rejected_when_written(billing: BillingClient) -> None:
    with pytest.raises(TrunklineError) as refused:
        await billing.set(SERVER_QUERY_CDR_DENY_TIME="25:00-26:00")

    assert refused.value.fault is Fault.INVALID_ARGUMENT


async def test_bil_07_a_callee_without_money_is_told_from_a_caller_without(
    billing: BillingClient,
) -> None:
    await billing.apply(("Account", "phones", {"currency": "USD", "rateGroup": "retail"}))

    answer = await billing.authorize(callee_account="phones")

    assert answer.refusal.of_callee
