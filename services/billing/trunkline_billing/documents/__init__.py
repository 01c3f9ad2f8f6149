"""Billing's configuration documents: Account and RateGroup, and the model kept current by them."""
