"""Which gateways a call can go to, in which order, and as what (RTE-07 to RTE-22)."""
