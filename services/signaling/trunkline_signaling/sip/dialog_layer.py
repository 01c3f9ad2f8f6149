"""Dialogs above transactions (RFC 3261 sections 12 and 13, RFC 3262).

Finds the dialog of a request, and repeats what transactions don't: our 2xx to INVITE until the ACK
comes, reliable provisional responses until the PRACK. A BYE of ours waits for that ACK (section
15). Drive it as the transaction layer below it: call, `drain`, and `on_timer` at `next_deadline`.
"""

from __future__ import annotations

from ._wire import DialogLayer

__all__ = ["DialogLayer"]
