"""The audit of operators' writes."""

import sqlalchemy as sa
from alembic import op
from trunkline_kernel.database import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("request_id", sa.String(64), nullable=False, unique=True),
        sa.Column("operator", sa.String(64), nullable=False, index=True),
        sa.Column("ip", sa.String(45), nullable=False),
        sa.Column("object", sa.String(160), nullable=False, index=True),
        sa.Column("before_json", sa.Text, nullable=False),
        sa.Column("after_json", sa.Text, nullable=False),
        sa.Column("recorded_at", UtcDateTime, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("audit")
