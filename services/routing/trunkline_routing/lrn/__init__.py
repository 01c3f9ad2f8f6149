"""Number portability: which routing number a dialled number has (RTE-23, RTE-24)."""
