"""The money of a call from its first second to its CDR: BIL-03 to BIL-08, BIL-10."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from support.billing import CALLEE, NOW, account, call, deck, seconds, start, till
from trunkline_billing.accounts.account import AccountType
from trunkline_billing.cdrs.fields import cdr_fields
from trunkline_billing.charging.rules import Rules
from trunkline_billing.charging.till import Till
from trunkline_billing.errors import (
    AccountDisabled,
    AccountExpired,
    BalanceInsufficient,
    CalleeBalanceInsufficient,
    RateNotFound,
    UnknownCall,
)
from trunkline_billing.reasons import BillingMode, CallEndReason, EndDirection

RULES = Rules()
AHEAD = Rules(advance=seconds(60))
RETAIL = deck("retail", p44="0.10")


def balance(books: Till, name: str) -> Decimal:
    return books.purse(name).balance


def test_bil_03_calls_are_allowed_down_to_the_overdraft() -> None:
    books = till(account(overdraft=Decimal(5)), decks=[RETAIL])

    held = books.authorize(start(), RULES, NOW)

    assert held.max_talk == seconds(50 * 60)


def test_bil_03_a_locked_account_is_refused() -> None:
    books = till(account(locked=True), decks=[RETAIL], acme="1")

    with pytest.raises(AccountDisabled, match="account acme is locked"):
        books.authorize(start(), RULES, NOW)


def test_bil_03_an_account_past_its_life_is_refused_as_expired() -> None:
    books = till(account(valid_until=NOW), decks=[RETAIL], acme="1")

    with pytest.raises(AccountExpired) as refusal:
        books.authorize(start(), RULES, NOW)
    assert refusal.value.call_end_reason is CallEndReason.ACCOUNT_EXPIRED


def test_bil_03_an_unknown_account_is_refused_as_disabled() -> None:
    with pytest.raises(AccountDisabled, match="'acme'"):
        till().authorize(start(), RULES, NOW)


def test_bil_04_a_call_to_a_phone_is_free_when_the_house_says_so() -> None:
    books = till(account(), decks=[RETAIL], acme="1")
    phone = replace(call(), callee_party=replace(call().callee_party, kind=3))

    settled = books.settle(phone, replace(RULES, no_billing_to_phone=True), NOW)

    assert settled.cdr.payer is not None
    assert settled.cdr.payer.fee == 0
    assert balance(books, "acme") == 1


@pytest.mark.parametrize(
    ("money", "allowed"), [("1.00", 600), ("0.30", 180)], ids=["ten periods", "three"]
)
def test_bil_05_available_time_is_what_the_money_buys(money: str, allowed: int) -> None:
    books = till(account(), decks=[RETAIL], acme=money)

    assert books.authorize(start(), RULES, NOW).max_talk == seconds(allowed)


def test_bil_05_less_than_one_period_is_refused() -> None:
    books = till(account(), decks=[RETAIL], acme=".05")

    with pytest.raises(BalanceInsufficient, match=r"account acme has 0\.05 USD"):
        books.authorize(start(), RULES, NOW)


def test_bil_05_a_free_destination_is_without_limit() -> None:
    books = till(account(), decks=[deck("retail", p44="0")])

    held = books.authorize(start(), AHEAD, NOW)

    assert (held.max_talk, held.granted) == (None, None)


def test_bil_05_the_agent_with_the_least_money_decides() -> None:
    books = till(
        account("child", agent="agent"), account("agent"), decks=[RETAIL], child="1", agent=".30"
    )

    assert books.authorize(start(payer="child"), RULES, NOW).max_talk == seconds(180)


def test_bil_05_an_account_without_a_rate_group_finds_no_rate() -> None:
    with pytest.raises(RateNotFound, match="no rate group"):
        till(account(rate_group=None), acme="1").authorize(start(), RULES, NOW)


def test_bil_05_an_unknown_prefix_finds_no_rate() -> None:
    with pytest.raises(RateNotFound, match="has no rate for 33"):
        till(account(), decks=[RETAIL], acme="1").authorize(start(callee="33"), RULES, NOW)


def test_bil_06_a_second_call_cannot_spend_what_the_first_holds() -> None:
    books = till(account(), decks=[deck("retail", p44="0.60")], acme="1.00")
    books.authorize(start("first"), AHEAD, NOW)

    with pytest.raises(BalanceInsufficient):
        books.authorize(start("second"), AHEAD, NOW)


def test_bil_06_without_advance_time_nothing_is_held() -> None:
    books = till(account(), decks=[deck("retail", p44="0.60")], acme="1.00")

    books.authorize(start("first"), RULES, NOW)
    books.authorize(start("second"), RULES, NOW)

    assert books.purse("acme").reserved == 0
    assert books.purse("acme").calls == 2


def test_bil_06_a_repeated_authorization_holds_once() -> None:
    books = till(account(), decks=[RETAIL], acme="1")

    assert books.authorize(start(), AHEAD, NOW) is books.authorize(start(), AHEAD, NOW)
    assert books.purse("acme").reserved == Decimal("0.10")


def test_bil_06_the_reservation_follows_the_call() -> None:
    books = till(account(), decks=[RETAIL], acme="1")
    books.authorize(start(), AHEAD, NOW)

    extension = books.extend("call-1", seconds(50), AHEAD, NOW + seconds(50))

    assert (extension.granted, extension.end_at) == (seconds(120), None)
    assert books.purse("acme").reserved == Decimal("0.20")


def test_bil_06_a_call_that_cannot_extend_is_told_when_to_end() -> None:
    books = till(account(), decks=[RETAIL], acme=".20")
    books.authorize(start(), AHEAD, NOW)

    extension = books.extend("call-1", seconds(70), AHEAD, NOW + seconds(70))

    assert (extension.granted, extension.end_at) == (seconds(120), seconds(120))


def test_bil_06_what_was_granted_is_not_taken_back() -> None:
    books = till(account(), decks=[RETAIL], acme="1")
    books.authorize(start(), AHEAD, NOW)
    books.purse("acme").balance = Decimal(0)

    extension = books.extend("call-1", seconds(30), AHEAD, NOW + seconds(30))

    assert (extension.granted, extension.end_at) == (seconds(60), seconds(60))


def test_bil_06_money_paid_in_lets_the_call_go_on() -> None:
    books = till(account(), decks=[RETAIL], acme=".10")
    books.authorize(start(), AHEAD, NOW)
    assert books.extend("call-1", seconds(30), AHEAD, NOW).end_at == seconds(60)
    books.purse("acme").balance += 1

    assert books.extend("call-1", seconds(40), AHEAD, NOW).end_at is None


def test_a_call_without_a_reservation_cannot_extend() -> None:
    with pytest.raises(UnknownCall, match="call-1"):
        till().extend("call-1", seconds(1), RULES, NOW)


@pytest.mark.parametrize(
    ("money", "refused"), [("0", True), ("0.01", False)], ids=["empty", "not empty"]
)
def test_bil_07_a_called_phone_needs_money_in_its_account(money: str, refused: bool) -> None:
    books = till(account(), account("phones"), decks=[RETAIL], acme="1", phones=money)

    assert _refused(books, "phones", RULES) == refused


def test_bil_07_the_check_can_be_switched_off() -> None:
    books = till(account(), account("phones"), decks=[RETAIL], acme="1")

    assert not _refused(books, "phones", replace(RULES, verify_callee_money=False))


def test_bil_07_an_overdraft_is_money() -> None:
    books = till(account(), account("phones", overdraft=Decimal(5)), decks=[RETAIL], acme="1")

    assert not _refused(books, "phones", RULES)


def test_bil_07_a_callee_without_money_is_told_from_a_caller_without() -> None:
    books = till(account(), account("phones"), decks=[RETAIL], acme="1")

    with pytest.raises(CalleeBalanceInsufficient, match="callee's account phones"):
        books.authorize(start(callee_account="phones"), RULES, NOW)


@pytest.mark.parametrize("verify", [True, False], ids=["verified", "not verified"])
def test_bil_07_a_callee_who_pays_is_asked_for_a_whole_unit_always(verify: bool) -> None:
    books = till(account("phones"), decks=[RETAIL], phones="0.09")

    with pytest.raises(BalanceInsufficient, match="less than the first unit"):
        books.authorize(
            start(payer="phones", callee_account="phones"),
            replace(RULES, verify_callee_money=verify),
            NOW,
        )


def test_bil_04_a_cdr_says_that_the_callee_paid() -> None:
    books = till(account(), account("phones"), decks=[RETAIL], phones="1")
    books.authorize(start(payer="phones", callee_account="phones"), RULES, NOW)

    settled = books.settle(call(payer="phones", billing_mode=BillingMode.PHONE), RULES, NOW)

    assert cdr_fields(1, settled.cdr)["calleeBilling"] == 1
    assert books.purse("phones").balance == Decimal("0.90")


def test_bil_08_the_agent_pays_its_own_rate() -> None:
    books = till(
        account("child", agent="agent"),
        account("agent", rate_group="wholesale"),
        decks=[RETAIL, deck("wholesale", p44="0.08")],
        child="1",
        agent="1",
    )

    cdr = books.settle(call(payer="child"), RULES, NOW).cdr

    assert balance(books, "child") == Decimal("0.90")
    assert balance(books, "agent") == Decimal("0.92")
    assert [share.fee for share in cdr.agents] == [Decimal("0.08")]


def test_bil_08_a_locked_agent_stops_its_children() -> None:
    books = till(
        account("child", agent="agent"), account("agent", locked=True), decks=[RETAIL], child="1"
    )

    with pytest.raises(AccountDisabled, match="account agent is locked"):
        books.authorize(start(payer="child"), RULES, NOW)


def test_a_settled_call_releases_what_it_held_and_pays() -> None:
    books = till(account(), decks=[RETAIL], acme="1")
    books.authorize(start(), AHEAD, NOW)

    settled = books.settle(call(talk=61), AHEAD, NOW)

    assert (settled.cdr.payer and settled.cdr.payer.fee) == Decimal("0.20")
    assert balance(books, "acme") == Decimal("0.80")
    assert books.purse("acme").reserved == 0
    assert books.purse("acme").calls == 0


def test_a_call_keeps_the_rate_it_started_with() -> None:
    books = till(account(), decks=[deck("retail", p44="0.10")], acme="1")
    books.authorize(start(), RULES, NOW)
    books.decks = {}

    settled = books.settle(call(), RULES, NOW)

    assert (settled.cdr.payer and settled.cdr.payer.fee) == Decimal("0.10")


def test_a_cancelled_call_is_never_charged() -> None:
    books = till(account(), decks=[RETAIL], acme="1")
    books.authorize(start(), AHEAD, NOW)

    settled = books.settle(call(talk=None), AHEAD, NOW)

    assert settled.transaction.entries == ()
    assert balance(books, "acme") == 1
    assert books.purse("acme").reserved == 0


def test_the_vendor_is_booked_at_its_own_rate_and_number() -> None:
    vendor = account("vox", rate_group="vox", type=AccountType.CLEARING, overdraft=None)
    books = till(account(), vendor, decks=[RETAIL, deck("vox", p9944="0.04")], acme="1")

    finished = call(clearing_account="vox", clearing_callee="99" + CALLEE)
    cdr = books.settle(finished, RULES, NOW).cdr

    assert cdr.vendor is not None
    assert (cdr.vendor.fee, cdr.vendor.prefix) == (Decimal("0.04"), "9944")
    assert balance(books, "vox") == Decimal("-0.04")


def test_a_call_cut_for_money_costs_no_more_than_it_was_allowed() -> None:
    books = till(account(), decks=[RETAIL], acme="1")
    books.authorize(start(), RULES, NOW)

    settled = books.settle(
        call(
            talk=600.3,
            end_direction=EndDirection.SERVER,
            end_reason=CallEndReason.BALANCE_INSUFFICIENT,
        ),
        RULES,
        NOW,
    )

    assert (settled.cdr.payer and settled.cdr.payer.fee) == Decimal("1.00")
    assert balance(books, "acme") == 0


def test_a_call_nobody_extends_is_charged_to_its_last_proven_second() -> None:
    books = till(account(), decks=[RETAIL], acme="1")
    books.authorize(start(), RULES, NOW)
    books.extend("call-1", seconds(90), RULES, NOW + seconds(100))

    cdr = books.expire("call-1", RULES, NOW + timedelta(hours=1)).cdr

    assert cdr.payer is not None
    assert cdr.payer.fee == Decimal("0.20")
    assert cdr.hold_time == seconds(90)
    assert cdr.call.end_reason is CallEndReason.INTERNAL_ERROR
    assert cdr.call.end_direction is EndDirection.SERVER
    assert cdr.call.recovered_by


def test_a_call_never_answered_expires_without_a_charge() -> None:
    books = till(account(), decks=[RETAIL], acme="1")
    books.authorize(start(), RULES, NOW)

    cdr = books.expire("call-1", RULES, NOW + timedelta(hours=1)).cdr

    assert cdr.call.answer_time is None
    assert balance(books, "acme") == 1


def test_bil_10_recording_switches_decide_storage_and_never_charging() -> None:
    books = till(account(), decks=[RETAIL], acme="1")
    quiet = replace(RULES, record_zero_hold_time=False)

    assert not books.settle(call("a", talk=None), quiet, NOW).recorded
    assert not books.settle(call("b", talk=0.04), quiet, NOW).recorded
    assert books.settle(call("c", talk=1), quiet, NOW).recorded
    assert balance(books, "acme") == Decimal("0.90")


def test_bil_10_calls_of_strangers_are_not_recorded_by_default() -> None:
    stranger = call(talk=None, payer="", end_reason=CallEndReason.AUTHENTICATION_FAILED)

    assert not till().settle(stranger, RULES, NOW).recorded
    assert till().settle(stranger, replace(RULES, record_illegal_call=True), NOW).recorded


def _refused(books: Till, callee_account: str, rules: Rules) -> bool:
    try:
        books.authorize(start(callee_account=callee_account), rules, NOW)
    except BalanceInsufficient:
        return True
    return False
