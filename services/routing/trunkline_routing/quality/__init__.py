"""How gateways did lately (RTE-13)."""
