"""Runs auth's migrations."""

from trunkline_auth.store.models import AuthBase
from trunkline_kernel.migration import run_migrations

run_migrations(AuthBase.metadata)
