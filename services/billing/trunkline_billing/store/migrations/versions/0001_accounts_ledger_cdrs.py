"""Accounts, rates, the ledger, reservations and CDRs.

In PostgreSQL the CDRs are partitioned by the day they ended; what no partition takes goes to
`cdrs_default`.
"""

import sqlalchemy as sa
from alembic import op
from trunkline_billing.store.types import Seconds, Serial
from trunkline_kernel.database import ExactDecimal, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "purses",
        sa.Column("account", sa.String(64), primary_key=True),
        sa.Column("balance", ExactDecimal, nullable=False),
        sa.Column("reserved", ExactDecimal, nullable=False),
        sa.Column("calls", sa.Integer, nullable=False),
    )
    op.create_table(
        "transactions",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("kind", sa.SmallInteger, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("time", UtcDateTime, nullable=False),
        sa.Column("cdr_time", UtcDateTime),
        sa.Column("content", sa.Text),
        sa.Column("memo", sa.Text, nullable=False),
    )
    op.create_table(
        "entries",
        sa.Column("id", Serial, primary_key=True, autoincrement=True),
        sa.Column("transaction_id", sa.Text, sa.ForeignKey("transactions.id"), nullable=False),
        sa.Column("book", sa.Text, nullable=False),
        sa.Column("amount", ExactDecimal, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("balance", ExactDecimal),
        sa.Column("kind", sa.SmallInteger, nullable=False),
        sa.Column("time", UtcDateTime, nullable=False),
    )
    op.create_index("entries_by_book", "entries", ["book", "id"])
    op.create_index("entries_by_transaction", "entries", ["transaction_id"])
    op.create_table(
        "reservations",
        sa.Column("call_id", sa.Text, primary_key=True),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("lease_until", UtcDateTime, nullable=False, index=True),
        sa.Column("terms", sa.Text, nullable=False),
        sa.Column("progress", sa.Text, nullable=False),
    )
    _create_cdrs()
    op.create_table(
        "accounts",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("spec", sa.Text, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "rate_groups",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("spec", sa.Text, nullable=False),
        sa.Column("imported", sa.Boolean, nullable=False),
    )
    op.create_table(
        "rates",
        sa.Column("id", Serial, primary_key=True, autoincrement=True),
        sa.Column("rate_group", sa.String(64), nullable=False),
        sa.Column("prefix", sa.String(32), nullable=False),
        sa.Column("valid_from", UtcDateTime),
        sa.Column("fee", ExactDecimal, nullable=False),
        sa.Column("period", Seconds, nullable=False),
        sa.Column("divisor", sa.Integer, nullable=False),
        sa.Column("sections", sa.Text, nullable=False),
        sa.Column("level", sa.SmallInteger, nullable=False),
        sa.Column("locked", sa.Boolean, nullable=False),
        sa.Column("area", sa.Text, nullable=False),
        sa.UniqueConstraint("rate_group", "prefix", "valid_from", name="rates_once"),
    )


def downgrade() -> None:
    for table in (
        "rates",
        "rate_groups",
        "accounts",
        "cdrs",
        "reservations",
        "entries",
        "transactions",
        "purses",
    ):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP SEQUENCE cdrs_flow_no")


def _create_cdrs() -> None:
    partitioned = op.get_bind().dialect.name == "postgresql"
    if partitioned:
        op.execute("CREATE SEQUENCE cdrs_flow_no")
    op.create_table(
        "cdrs",
        _flow_no(partitioned),
        sa.Column("call_id", sa.Text, nullable=False),
        sa.Column("setup_time", UtcDateTime, nullable=False),
        sa.Column("answer_time", UtcDateTime),
        sa.Column("end_time", UtcDateTime, nullable=False),
        sa.Column("settled_at", UtcDateTime, nullable=False),
        sa.Column("hold_time", Seconds, nullable=False),
        sa.Column("end_direction", sa.Integer, nullable=False),
        sa.Column("end_reason", sa.Integer, nullable=False),
        sa.Column("sip_status", sa.Integer, nullable=False),
        sa.Column("caller", sa.Text, nullable=False),
        sa.Column("caller_access", sa.Text, nullable=False),
        sa.Column("caller_to_gateway", sa.Text, nullable=False),
        sa.Column("caller_kind", sa.Integer, nullable=False),
        sa.Column("caller_name", sa.Text, nullable=False),
        sa.Column("caller_ip", sa.Text, nullable=False),
        sa.Column("caller_port", sa.Integer, nullable=False),
        sa.Column("callee", sa.Text, nullable=False),
        sa.Column("callee_access", sa.Text, nullable=False),
        sa.Column("callee_to_gateway", sa.Text, nullable=False),
        sa.Column("callee_kind", sa.Integer, nullable=False),
        sa.Column("callee_name", sa.Text, nullable=False),
        sa.Column("callee_ip", sa.Text, nullable=False),
        sa.Column("callee_port", sa.Integer, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("billing_mode", sa.Integer),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("fee", ExactDecimal),
        sa.Column("fee_time", Seconds, nullable=False),
        sa.Column("gift_time", Seconds, nullable=False),
        sa.Column("rate_group", sa.Text, nullable=False),
        sa.Column("prefix", sa.Text, nullable=False),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("agents", sa.Text, nullable=False),
        sa.Column("clearing_account", sa.Text, nullable=False),
        sa.Column("clearing_callee", sa.Text, nullable=False),
        sa.Column("cost_currency", sa.Text, nullable=False),
        sa.Column("cost", ExactDecimal),
        sa.Column("cost_time", Seconds, nullable=False),
        sa.Column("cost_rate_group", sa.Text, nullable=False),
        sa.Column("cost_prefix", sa.Text, nullable=False),
        sa.Column("signaling_instance", sa.Text, nullable=False),
        sa.Column("sip_call_id", sa.Text, nullable=False),
        sa.Column("explanation_id", sa.Text, nullable=False),
        sa.Column("recovered_by", sa.Text, nullable=False),
        sa.Column("codecs", sa.Text, nullable=False),
        sa.Column("extension", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint(*(("flow_no", "end_time") if partitioned else ("flow_no",))),
        postgresql_partition_by="RANGE (end_time)",
    )
    op.create_index("cdrs_by_end", "cdrs", ["end_time", "flow_no"])
    op.create_index("cdrs_by_call", "cdrs", ["call_id"])
    op.create_index("cdrs_by_account", "cdrs", ["account", "end_time", "flow_no"])
    op.create_index("cdrs_by_caller", "cdrs", ["caller", "end_time", "flow_no"])
    op.create_index("cdrs_by_callee", "cdrs", ["callee", "end_time", "flow_no"])
    op.create_index("cdrs_by_caller_name", "cdrs", ["caller_name", "end_time", "flow_no"])
    op.create_index("cdrs_by_callee_name", "cdrs", ["callee_name", "end_time", "flow_no"])
    if partitioned:
        op.execute("CREATE TABLE cdrs_default PARTITION OF cdrs DEFAULT")


def _flow_no(partitioned: bool) -> sa.Column[int]:
    if not partitioned:
        return sa.Column("flow_no", Serial, autoincrement=True)
    default = sa.text("nextval('cdrs_flow_no')")
    return sa.Column("flow_no", sa.BigInteger, server_default=default, nullable=False)
