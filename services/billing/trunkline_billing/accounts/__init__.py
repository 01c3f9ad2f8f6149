"""Who pays (BIL-03, BIL-08): accounts as configured, and the money they hold."""
