"""Where CDRs are safe: on disk before the BYE is answered, and then until billing has them.

`journal` is the file, `writer` the thread that owns it, `delivery` hands CDRs to billing, and
`outbox` is what the switch sees.
"""
