"""What other services say of what they watch."""

import sqlalchemy as sa
from alembic import op
from trunkline_kernel.database import UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reported_conditions",
        sa.Column("reporter", sa.Text, primary_key=True),
        sa.Column("type", sa.Text, primary_key=True),
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("holds", sa.Boolean, nullable=False),
        sa.Column("evidence", sa.Text, nullable=False),
        sa.Column("reported_at", UtcDateTime, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("reported_conditions")
