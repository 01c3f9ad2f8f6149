"""What an account's calls cost in the present hour and day."""

import sqlalchemy as sa
from alembic import op
from trunkline_kernel.database import ExactDecimal, UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("purses", sa.Column("spent_since", UtcDateTime))
    for name in ("spent_hour", "spent_day"):
        op.add_column("purses", sa.Column(name, ExactDecimal, nullable=False, server_default="0"))


def downgrade() -> None:
    for name in ("spent_day", "spent_hour", "spent_since"):
        op.drop_column("purses", name)
