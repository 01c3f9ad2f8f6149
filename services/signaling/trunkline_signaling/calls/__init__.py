"""Calls in progress: who asks which service when, what each leg hears, and the CDR at the end.

A `Call` is a plain object. Events go in with `now`, effects come out; `..switch` runs the effects.
"""
