"""Rates in generations, so that an import is taken over and back at once."""

import sqlalchemy as sa
from alembic import op
from trunkline_billing.store.types import Serial
from trunkline_kernel.database import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("rates") as rates:
        rates.add_column(_generation())
        rates.drop_constraint("rates_once", type_="unique")
        rates.create_unique_constraint(
            "rates_once", ["rate_group", "generation", "prefix", "valid_from"]
        )
    op.add_column("rate_groups", _generation())
    op.create_table(
        "rate_imports",
        sa.Column("id", Serial, primary_key=True, autoincrement=True),
        sa.Column("rate_group", sa.String(64), nullable=False, index=True),
        sa.Column("time", UtcDateTime, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("file_name", sa.Text, nullable=False),
        sa.Column("counts", sa.Text, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("previous", sa.Integer, nullable=False),
        sa.Column("rolled_back", sa.Boolean, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("rate_imports")
    op.execute(
        "DELETE FROM rates WHERE generation <> (SELECT generation FROM rate_groups"
        " WHERE rate_groups.name = rates.rate_group)"
    )
    with op.batch_alter_table("rates") as rates:
        rates.drop_constraint("rates_once", type_="unique")
        rates.drop_column("generation")
        rates.create_unique_constraint("rates_once", ["rate_group", "prefix", "valid_from"])
    op.drop_column("rate_groups", "generation")


def _generation() -> sa.Column[int]:
    return sa.Column("generation", sa.Integer, nullable=False, server_default="1")
