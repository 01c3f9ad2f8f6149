"""Whose account was charged, in words, and what package time was worth (BIL-10, BIL-15)."""

import sqlalchemy as sa
from alembic import op
from trunkline_kernel.database import ExactDecimal

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ADDED = {"gift_value": (ExactDecimal, "0"), "account_holder": (sa.Text, "")}


def upgrade() -> None:
    for name, (type, before) in ADDED.items():
        op.add_column("cdrs", sa.Column(name, type, nullable=False, server_default=before))


def downgrade() -> None:
    for name in ADDED:
        op.drop_column("cdrs", name)
