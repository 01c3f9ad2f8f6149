"""What an IVR would cost stands with a rate."""

import sqlalchemy as sa
from alembic import op
from trunkline_billing.store.types import Seconds
from trunkline_kernel.database import ExactDecimal

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("rates", sa.Column("ivr_fee", ExactDecimal))
    op.add_column("rates", sa.Column("ivr_period", Seconds))


def downgrade() -> None:
    for name in ("ivr_period", "ivr_fee"):
        op.drop_column("rates", name)
