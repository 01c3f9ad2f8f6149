"""The tables. `migrations/` is what makes them; a test compares the two."""

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from trunkline_kernel.database import ExactDecimal, UtcDateTime

from .types import Seconds, Serial

METADATA = MetaData()

NAME = String(64)

PURSES = Table(
    "purses",
    METADATA,
    Column("account", NAME, primary_key=True),
    Column("balance", ExactDecimal, nullable=False),
    Column("reserved", ExactDecimal, nullable=False),
    Column("calls", Integer, nullable=False),
    Column("spent_since", UtcDateTime, comment="Hour that spent_hour is of."),
    Column("spent_hour", ExactDecimal, nullable=False),
    Column("spent_day", ExactDecimal, nullable=False),
    Column("hour_calls", Integer, nullable=False),
    Column("hour_expensive", Integer, nullable=False),
    Column("hour_time", Seconds, nullable=False),
    Column("hour_value", ExactDecimal, nullable=False, comment="Minutes times their prices."),
    Column("usual_price", ExactDecimal, comment="A minute, of the hours before."),
    comment="What every account holds: kept beside the entries it is the sum of.",
)

TRANSACTIONS = Table(
    "transactions",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("kind", SmallInteger, nullable=False),
    Column("reference", Text, nullable=False),
    Column("time", UtcDateTime, nullable=False),
    Column("cdr_time", UtcDateTime, comment="End of the call, which finds its CDR's partition."),
    Column("content", Text, comment="What was asked for, to tell a repeat from a reuse."),
    Column("memo", Text, nullable=False),
    Column("payment_type", SmallInteger, comment="Of payments: 0 cash, 2 voucher, 5 other."),
    comment="What was booked. The id is made of the cause: nothing is booked twice.",
)

ENTRIES = Table(
    "entries",
    METADATA,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("transaction_id", Text, ForeignKey(TRANSACTIONS.c.id), nullable=False),
    Column("book", Text, nullable=False),
    Column("amount", ExactDecimal, nullable=False),
    Column("currency", Text, nullable=False),
    Column("balance", ExactDecimal, comment="Of the account after this entry."),
    Column("kind", SmallInteger, nullable=False),
    Column("time", UtcDateTime, nullable=False),
    Index("entries_by_book", "book", "id"),
    Index("entries_by_transaction", "transaction_id"),
    comment="The ledger. Rows are only ever added; each transaction's sum to zero.",
)

RESERVATIONS = Table(
    "reservations",
    METADATA,
    Column("call_id", Text, primary_key=True),
    Column("account", NAME, nullable=False),
    Column("lease_until", UtcDateTime, nullable=False, index=True),
    Column("terms", Text, nullable=False, comment="JSON: the call, who pays, at which rates."),
    Column("progress", Text, nullable=False, comment="JSON: what is held, granted, proven."),
    comment="Calls in progress.",
)

CDRS = Table(
    "cdrs",
    METADATA,
    Column("flow_no", Serial, primary_key=True, autoincrement=True),
    Column("call_id", Text, nullable=False),
    Column("setup_time", UtcDateTime, nullable=False),
    Column("answer_time", UtcDateTime),
    Column("end_time", UtcDateTime, nullable=False),
    Column("settled_at", UtcDateTime, nullable=False),
    Column("hold_time", Seconds, nullable=False),
    Column("end_direction", Integer, nullable=False),
    Column("end_reason", Integer, nullable=False),
    Column("sip_status", Integer, nullable=False),
    Column("caller", Text, nullable=False),
    Column("caller_access", Text, nullable=False),
    Column("caller_to_gateway", Text, nullable=False),
    Column("caller_kind", Integer, nullable=False),
    Column("caller_name", Text, nullable=False),
    Column("caller_ip", Text, nullable=False),
    Column("caller_port", Integer, nullable=False),
    Column("callee", Text, nullable=False),
    Column("callee_access", Text, nullable=False),
    Column("callee_to_gateway", Text, nullable=False),
    Column("callee_kind", Integer, nullable=False),
    Column("callee_name", Text, nullable=False),
    Column("callee_ip", Text, nullable=False),
    Column("callee_port", Integer, nullable=False),
    Column("account", Text, nullable=False),
    Column("billing_mode", Integer),
    Column("currency", Text, nullable=False),
    Column("fee", ExactDecimal),
    Column("fee_time", Seconds, nullable=False),
    Column("gift_time", Seconds, nullable=False),
    Column("gift_value", ExactDecimal, nullable=False),
    Column("account_holder", Text, nullable=False),
    Column("rate_group", Text, nullable=False),
    Column("prefix", Text, nullable=False),
    Column("level", Integer, nullable=False),
    Column("agents", Text, nullable=False, comment="JSON: shares of the agents, nearest first."),
    Column("clearing_account", Text, nullable=False),
    Column("clearing_callee", Text, nullable=False),
    Column("cost_currency", Text, nullable=False),
    Column("cost", ExactDecimal),
    Column("cost_time", Seconds, nullable=False),
    Column("cost_rate_group", Text, nullable=False),
    Column("cost_prefix", Text, nullable=False),
    Column("signaling_instance", Text, nullable=False),
    Column("sip_call_id", Text, nullable=False),
    Column("explanation_id", Text, nullable=False),
    Column("recovered_by", Text, nullable=False),
    Column("codecs", Text, nullable=False),
    Column("extension", Text, nullable=False, comment="JSON: attempts and media statistics."),
    Index("cdrs_by_end", "end_time", "flow_no"),
    Index("cdrs_by_call", "call_id"),
    Index(
        "cdrs_by_account_and_gateways",
        *("account", "end_time", "flow_no", "caller_name", "callee_name"),
    ),
    Index("cdrs_by_caller", "caller", "end_time", "flow_no"),
    Index("cdrs_by_callee", "callee", "end_time", "flow_no"),
    Index("cdrs_by_caller_access", "caller_access", "end_time", "flow_no"),
    Index("cdrs_by_callee_access", "callee_access", "end_time", "flow_no"),
    Index("cdrs_by_caller_name", "caller_name", "end_time", "flow_no"),
    Index("cdrs_by_callee_name", "callee_name", "end_time", "flow_no"),
    comment="One row per finished call (BIL-10).",
)

PACKAGE_PERIODS = Table(
    "package_periods",
    METADATA,
    Column("order_name", NAME, primary_key=True),
    Column("account", NAME, nullable=False, index=True),
    Column("begin_at", UtcDateTime, nullable=False),
    Column("end_at", UtcDateTime, nullable=False),
    Column("left_seconds", Text, nullable=False, comment="JSON: of each gift."),
    Column("consumed", ExactDecimal, nullable=False),
    Column("current", Boolean, nullable=False, comment="Whether its rent was paid."),
    comment="The present periods of packages (BIL-15).",
)

DELIVERIES = Table(
    "deliveries",
    METADATA,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("output", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("call_id", Text, nullable=False),
    Column("end_time", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("first_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Index("deliveries_by_account", "output", "account", "id"),
    comment="CDRs that outputs still have to deliver (BIL-11, BIL-12).",
)

NOTICES = Table(
    "notices",
    METADATA,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("account", Text, nullable=False, comment="Whose order is kept: account or alarm."),
    Column("path", Text, nullable=False),
    Column("body", Text, nullable=False, comment="JSON."),
    Column("attempts", Integer, nullable=False),
    Column("first_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Index("notices_by_account", "account", "id"),
    comment="What is still to be told to OUT_POST_URL (MGT-14).",
)

ALARMS = Table(
    "alarms",
    METADATA,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("type", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("level", SmallInteger, nullable=False),
    Column("value", ExactDecimal),
    Column("lower", ExactDecimal),
    Column("upper", ExactDecimal),
    Column("evidence", Text, nullable=False),
    Column("start_at", UtcDateTime, nullable=False),
    Column("stop_at", UtcDateTime, index=True, comment="Null: it holds."),
    Column("confirmed_by", Text, nullable=False),
    Column("confirmed_at", UtcDateTime),
    comment="What was wrong, and is (MGT-13).",
)

REPORTED_CONDITIONS = Table(
    "reported_conditions",
    METADATA,
    Column("reporter", Text, primary_key=True, comment="Service and instance."),
    Column("type", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("holds", Boolean, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("reported_at", UtcDateTime, nullable=False),
    comment="What other services said last of what they watch (MGT-13).",
)

GATEWAY_MINUTES = Table(
    "gateway_minutes",
    METADATA,
    Column("minute", UtcDateTime, primary_key=True),
    Column("gateway", Text, primary_key=True),
    Column("attempts", Integer, nullable=False),
    Column("answered", Integer, nullable=False),
    Column("talk", Seconds, nullable=False),
    comment="What gateways answered, for alarms: of one day.",
)

RECONCILIATIONS = Table(
    "reconciliations",
    METADATA,
    Column("peer", NAME, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("status", Text, nullable=False),
    Column("checked_at", UtcDateTime, nullable=False),
    Column("explanation", Text, nullable=False),
    Column("our_calls", Integer),
    Column("our_time", Seconds),
    Column("our_amount", ExactDecimal),
    Column("our_currency", Text),
    Column("their_calls", Integer),
    Column("their_time", Seconds),
    Column("their_amount", ExactDecimal),
    Column("their_currency", Text),
    comment="What came of comparing books with peers (BIL-14).",
)

ACCOUNTS = Table(
    "accounts",
    METADATA,
    Column("name", NAME, primary_key=True),
    Column("spec", Text, nullable=False, comment="JSON: the document's spec."),
    Column("created_at", UtcDateTime, nullable=False),
    comment="Accounts as they are configured (BIL-03).",
)

RATE_GROUPS = Table(
    "rate_groups",
    METADATA,
    Column("name", NAME, primary_key=True),
    Column("spec", Text, nullable=False, comment="JSON: the document's spec without its rates."),
    Column("imported", Boolean, nullable=False, comment="Whether the rates came by import."),
    Column("generation", Integer, nullable=False, comment="Which of its rates are in force."),
    comment="Rate groups as they are configured (BIL-01).",
)

RATES = Table(
    "rates",
    METADATA,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("rate_group", NAME, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("prefix", String(32), nullable=False),
    Column("valid_from", UtcDateTime, comment="Null: always was."),
    Column("fee", ExactDecimal, nullable=False),
    Column("period", Seconds, nullable=False),
    Column("divisor", Integer, nullable=False),
    Column("sections", Text, nullable=False, comment="JSON: [[fee, seconds], ...]."),
    Column("level", SmallInteger, nullable=False),
    Column("locked", Boolean, nullable=False),
    Column("area", Text, nullable=False),
    UniqueConstraint("rate_group", "generation", "prefix", "valid_from", name="rates_once"),
    comment="Rates of all rate groups (BIL-01): whole decks, one a generation.",
)

RATE_IMPORTS = Table(
    "rate_imports",
    METADATA,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("rate_group", NAME, nullable=False, index=True),
    Column("time", UtcDateTime, nullable=False),
    Column("author", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("counts", Text, nullable=False, comment="JSON: what it did, in numbers."),
    Column("generation", Integer, nullable=False, comment="Of the rates it made."),
    Column("previous", Integer, nullable=False, comment="Generation before it."),
    Column("rolled_back", Boolean, nullable=False),
    comment="Rate files that were taken over.",
)
