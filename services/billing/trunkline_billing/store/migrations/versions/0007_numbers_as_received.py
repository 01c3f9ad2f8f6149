"""CDRs are found by numbers as received, too."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for side in ("caller_access", "callee_access"):
        op.create_index(f"cdrs_by_{side}", "cdrs", [side, "end_time", "flow_no"])


def downgrade() -> None:
    for side in ("caller_access", "callee_access"):
        op.drop_index(f"cdrs_by_{side}", "cdrs")
