"""At which prices an account's calls are charged in the present hour."""

import sqlalchemy as sa
from alembic import op
from trunkline_billing.store.types import Seconds
from trunkline_kernel.database import ExactDecimal

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

NUMBERS = {"hour_calls": sa.Integer, "hour_expensive": sa.Integer, "hour_time": Seconds}


def upgrade() -> None:
    for name, type in {**NUMBERS, "hour_value": ExactDecimal}.items():
        op.add_column("purses", sa.Column(name, type, nullable=False, server_default="0"))
    op.add_column("purses", sa.Column("usual_price", ExactDecimal))


def downgrade() -> None:
    for name in ("usual_price", "hour_value", *NUMBERS):
        op.drop_column("purses", name)
