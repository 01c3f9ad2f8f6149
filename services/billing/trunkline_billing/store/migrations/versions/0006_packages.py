"""Periods of packages."""

import sqlalchemy as sa
from alembic import op
from trunkline_kernel.database import ExactDecimal, UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "package_periods",
        sa.Column("order_name", sa.String(64), primary_key=True),
        sa.Column("account", sa.String(64), nullable=False, index=True),
        sa.Column("begin_at", UtcDateTime, nullable=False),
        sa.Column("end_at", UtcDateTime, nullable=False),
        sa.Column("left_seconds", sa.Text, nullable=False),
        sa.Column("consumed", ExactDecimal, nullable=False),
        sa.Column("current", sa.Boolean, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("package_periods")
