"""Runs the kernel's migrations."""

from trunkline_kernel.database import run_migrations

run_migrations()
