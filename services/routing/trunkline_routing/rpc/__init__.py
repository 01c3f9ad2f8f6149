"""Routing over gRPC: translation between the contract and the domain, and nothing else."""
