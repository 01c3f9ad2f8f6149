"""Billing's database: tables, their migrations and the repositories over them."""
