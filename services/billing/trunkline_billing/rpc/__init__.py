"""Billing over gRPC: translation only."""
