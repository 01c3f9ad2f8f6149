"""The asyncio shell around the calls: sockets and timers come in, effects go out. It knows no rule.

What it needs of the outside are the Protocols in `ports`, so that a simulation can run it on a
virtual clock over a network of its own.
"""
