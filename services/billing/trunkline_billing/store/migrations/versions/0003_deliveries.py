"""CDRs that outputs still have to deliver."""

import sqlalchemy as sa
from alembic import op
from trunkline_billing.store.types import Serial
from trunkline_kernel.database import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", Serial, primary_key=True, autoincrement=True),
        sa.Column("output", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("call_id", sa.Text, nullable=False),
        sa.Column("end_time", UtcDateTime, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("first_at", UtcDateTime, nullable=False),
        sa.Column("due_at", UtcDateTime, nullable=False),
    )
    op.create_index("deliveries_by_account", "deliveries", ["output", "account", "id"])


def downgrade() -> None:
    op.drop_table("deliveries")
