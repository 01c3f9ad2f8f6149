"""Packages (BIL-15): rent by the period for seconds that are used before money."""
