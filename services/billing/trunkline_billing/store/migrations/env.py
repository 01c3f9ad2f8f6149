"""Runs billing's migrations."""

from trunkline_billing.store.tables import METADATA
from trunkline_kernel.migration import run_migrations

run_migrations(METADATA)
