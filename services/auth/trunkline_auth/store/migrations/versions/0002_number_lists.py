"""Number lists in packed parts."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "number_lists",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("memo", sa.Text, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
    )
    op.create_table(
        "number_list_parts",
        sa.Column("list", sa.String(64), primary_key=True),
        sa.Column("part", sa.String(2), primary_key=True),
        sa.Column("codes", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("number_list_parts")
    op.drop_table("number_lists")
