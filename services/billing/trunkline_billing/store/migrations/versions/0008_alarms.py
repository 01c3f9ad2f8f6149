"""Alarms, notices to the outside, and what gateways answered by the minute."""

import sqlalchemy as sa
from alembic import op
from trunkline_billing.store.types import Seconds, Serial
from trunkline_kernel.database import ExactDecimal, UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alarms",
        sa.Column("id", Serial, primary_key=True, autoincrement=True),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("level", sa.SmallInteger, nullable=False),
        sa.Column("value", ExactDecimal),
        sa.Column("lower", ExactDecimal),
        sa.Column("upper", ExactDecimal),
        sa.Column("evidence", sa.Text, nullable=False),
        sa.Column("start_at", UtcDateTime, nullable=False),
        sa.Column("stop_at", UtcDateTime, index=True),
        sa.Column("confirmed_by", sa.Text, nullable=False),
        sa.Column("confirmed_at", UtcDateTime),
    )
    op.create_table(
        "notices",
        sa.Column("id", Serial, primary_key=True, autoincrement=True),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("first_at", UtcDateTime, nullable=False),
        sa.Column("due_at", UtcDateTime, nullable=False),
    )
    op.create_index("notices_by_account", "notices", ["account", "id"])
    op.create_table(
        "gateway_minutes",
        sa.Column("minute", UtcDateTime, primary_key=True),
        sa.Column("gateway", sa.Text, primary_key=True),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("answered", sa.Integer, nullable=False),
        sa.Column("talk", Seconds, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("gateway_minutes")
    op.drop_table("notices")
    op.drop_table("alarms")
