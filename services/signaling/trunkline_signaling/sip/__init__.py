"""The sans-IO SIP core: messages, transactions, dialogs, session descriptions and digest.

Nothing here imports asyncio, socket or time: bytes, values and `now` go in, values and deadlines
come out. Messages, transactions and dialogs are Rust's (`_wire`); the modules here show them by
subject.
"""
