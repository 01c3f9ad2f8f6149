"""The header fields of a message: raw values by name, parsed on demand.

A field nobody asks for is never parsed, and is printed as it came. Those that everybody asks for
are properties and remembered.
"""

from __future__ import annotations

from ._wire import Headers

__all__ = ["Headers"]
