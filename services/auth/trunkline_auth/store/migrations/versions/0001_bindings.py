"""Registrations."""

import sqlalchemy as sa
from alembic import op
from trunkline_kernel.database import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bindings",
        sa.Column("kind", sa.String(32), primary_key=True),
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("contact", sa.Text, nullable=False),
        sa.Column("received_ip", sa.String(45), nullable=False),
        sa.Column("received_port", sa.Integer, nullable=False),
        sa.Column("transport", sa.String(8), nullable=False),
        sa.Column("local_ip", sa.String(45), nullable=False),
        sa.Column("local_port", sa.Integer, nullable=False),
        sa.Column("registered_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False, index=True),
        sa.Column("call_id", sa.Text, nullable=False),
        sa.Column("cseq", sa.BigInteger, nullable=False),
        sa.Column("user_agent", sa.Text, nullable=False),
        sa.Column("instance_id", sa.Text, nullable=False),
        sa.Column("signaling_instance", sa.Text, nullable=False),
        sa.Column("behind_nat", sa.Boolean, nullable=False),
        sa.Column("reachable", sa.Boolean, nullable=False),
        sa.Column("misses", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("bindings")
