"""What came of comparisons with peers."""

import sqlalchemy as sa
from alembic import op
from trunkline_billing.store.types import Seconds
from trunkline_kernel.database import ExactDecimal, UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    sides = [
        column
        for side in ("our", "their")
        for column in (
            sa.Column(f"{side}_calls", sa.Integer),
            sa.Column(f"{side}_time", Seconds),
            sa.Column(f"{side}_amount", ExactDecimal),
            sa.Column(f"{side}_currency", sa.Text),
        )
    ]
    op.create_table(
        "reconciliations",
        sa.Column("peer", sa.String(64), primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("checked_at", UtcDateTime, nullable=False),
        sa.Column("explanation", sa.Text, nullable=False),
        *sides,
    )


def downgrade() -> None:
    op.drop_table("reconciliations")
