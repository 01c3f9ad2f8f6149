"""Runs the kernel's migrations."""

from trunkline_kernel.migration import run_migrations

run_migrations()
