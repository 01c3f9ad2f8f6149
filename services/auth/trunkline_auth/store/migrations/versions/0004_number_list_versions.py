"""What number lists were before their last change."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "number_list_part_versions",
        sa.Column("list", sa.String(64), primary_key=True),
        sa.Column("part", sa.String(2), primary_key=True),
        sa.Column("codes", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("number_list_part_versions")
