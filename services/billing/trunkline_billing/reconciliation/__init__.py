"""Platform to platform: two switches compare their books of the traffic between them (BIL-14)."""
