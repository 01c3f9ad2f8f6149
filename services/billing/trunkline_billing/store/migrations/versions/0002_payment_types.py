"""How payments were paid."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("transactions", sa.Column("payment_type", sa.SmallInteger))


def downgrade() -> None:
    op.drop_column("transactions", "payment_type")
