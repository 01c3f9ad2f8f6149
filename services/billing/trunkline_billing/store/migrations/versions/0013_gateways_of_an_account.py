"""The account's index tells the gateways of its CDRs apart."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

OLD, NEW = "cdrs_by_account", "cdrs_by_account_and_gateways"
COLUMNS = ["account", "end_time", "flow_no"]


def upgrade() -> None:
    # the new one first: dropping locks readers out
    op.create_index(NEW, "cdrs", [*COLUMNS, "caller_name", "callee_name"])
    op.drop_index(OLD, "cdrs")


def downgrade() -> None:
    op.create_index(OLD, "cdrs", COLUMNS)
    op.drop_index(NEW, "cdrs")
