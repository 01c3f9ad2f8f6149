"""The tables. `migrations/` is what makes them; a test compares the two."""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Sequence,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from .types import Amount, Moment, Seconds, Serial

METADATA = MetaData()

NAME = String(64)
NUMBER = String(64)

PURSES = Table(
    "purses",
    METADATA,
    Column("account", NAME, primary_key=True),
    Column("balance", Amount, nullable=False),
    Column("reserved", Amount, nullable=False),
    Column("calls", Integer, nullable=False),
    comment="What every account holds: kept beside the entries it is the sum of.",
)

TRANSACTIONS = Table(
    "transactions",
    METADATA,
    Column("id", String(300), primary_key=True),
    Column("kind", SmallInteger, nullable=False),
    Column("reference", String(256), nullable=False),
    Column("time", Moment, nullable=False),
    Column("cdr_time", Moment, comment="End of the call, which finds its CDR's partition."),
    Column("content", Text, comment="What was asked for, to tell a repeat from a reuse."),
    Column("memo", Text, nullable=False),
    comment="What was booked. The id is made of the cause: nothing is booked twice.",
)

ENTRIES = Table(
    "entries",
    METADATA,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("transaction_id", String(300), ForeignKey(TRANSACTIONS.c.id), nullable=False),
    Column("book", String(80), nullable=False),
    Column("amount", Amount, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("balance", Amount, comment="Of the account after this entry."),
    Column("kind", SmallInteger, nullable=False),
    Column("time", Moment, nullable=False),
    Index("entries_by_book", "book", "id"),
    Index("entries_by_transaction", "transaction_id"),
    comment="The ledger. Rows are only ever added; each transaction's sum to zero.",
)

RESERVATIONS = Table(
    "reservations",
    METADATA,
    Column("call_id", String(256), primary_key=True),
    Column("account", NAME, nullable=False),
    Column("lease_until", Moment, nullable=False, index=True),
    Column("terms", Text, nullable=False, comment="JSON: the call, who pays, at which rates."),
    Column("progress", Text, nullable=False, comment="JSON: what is held, granted, proven."),
    comment="Calls in progress.",
)

FLOW_NUMBERS = Sequence("cdr_flow_no", metadata=METADATA)

CDRS = Table(
    "cdrs",
    METADATA,
    Column("flow_no", Serial, FLOW_NUMBERS, primary_key=True),
    Column("call_id", String(256), nullable=False),
    Column("setup_time", Moment, nullable=False),
    Column("answer_time", Moment),
    Column("end_time", Moment, nullable=False),
    Column("settled_at", Moment, nullable=False),
    Column("hold_time", Seconds, nullable=False),
    Column("end_direction", SmallInteger, nullable=False),
    Column("end_reason", SmallInteger, nullable=False),
    Column("sip_status", SmallInteger, nullable=False),
    Column("caller", NUMBER, nullable=False),
    Column("caller_access", NUMBER, nullable=False),
    Column("caller_to_gateway", NUMBER, nullable=False),
    Column("caller_kind", SmallInteger, nullable=False),
    Column("caller_name", NAME, nullable=False),
    Column("caller_ip", String(45), nullable=False),
    Column("caller_port", Integer, nullable=False),
    Column("callee", NUMBER, nullable=False),
    Column("callee_access", NUMBER, nullable=False),
    Column("callee_to_gateway", NUMBER, nullable=False),
    Column("callee_kind", SmallInteger, nullable=False),
    Column("callee_name", NAME, nullable=False),
    Column("callee_ip", String(45), nullable=False),
    Column("callee_port", Integer, nullable=False),
    Column("account", NAME, nullable=False),
    Column("billing_mode", SmallInteger),
    Column("currency", String(3), nullable=False),
    Column("fee", Amount),
    Column("fee_time", Seconds, nullable=False),
    Column("gift_time", Seconds, nullable=False),
    Column("rate_group", NAME, nullable=False),
    Column("prefix", String(32), nullable=False),
    Column("level", SmallInteger, nullable=False),
    Column("agents", Text, nullable=False, comment="JSON: shares of the agents, nearest first."),
    Column("clearing_account", NAME, nullable=False),
    Column("clearing_callee", NUMBER, nullable=False),
    Column("cost_currency", String(3), nullable=False),
    Column("cost", Amount),
    Column("cost_time", Seconds, nullable=False),
    Column("cost_rate_group", NAME, nullable=False),
    Column("cost_prefix", String(32), nullable=False),
    Column("signaling_instance", NAME, nullable=False),
    Column("sip_call_id", Text, nullable=False),
    Column("explanation_id", Text, nullable=False),
    Column("recovered_by", Text, nullable=False),
    Column("codecs", String(64), nullable=False),
    Column("extension", Text, nullable=False, comment="JSON: attempts and media statistics."),
    Index("cdrs_by_end", "end_time", "flow_no"),
    Index("cdrs_by_call", "call_id"),
    Index("cdrs_by_account", "account", "end_time", "flow_no"),
    Index("cdrs_by_caller", "caller", "end_time", "flow_no"),
    Index("cdrs_by_callee", "callee", "end_time", "flow_no"),
    Index("cdrs_by_caller_name", "caller_name", "end_time", "flow_no"),
    Index("cdrs_by_callee_name", "callee_name", "end_time", "flow_no"),
    comment="One row per finished call (BIL-10).",
)

RATES = Table(
    "rates",
    METADATA,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("rate_group", NAME, nullable=False),
    Column("prefix", String(32), nullable=False),
    Column("valid_from", Moment, comment="Null: always was."),
    Column("fee", Amount, nullable=False),
    Column("period", Seconds, nullable=False),
    Column("divisor", Integer, nullable=False),
    Column("sections", Text, nullable=False, comment="JSON: [[fee, seconds], ...]."),
    Column("level", SmallInteger, nullable=False),
    Column("locked", Boolean, nullable=False),
    Column("area", Text, nullable=False),
    UniqueConstraint("rate_group", "prefix", "valid_from", name="rates_once"),
    comment="Rates of all rate groups (BIL-01).",
)
