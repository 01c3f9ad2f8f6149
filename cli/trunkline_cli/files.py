"""Files that are sent to services."""

import gzip
from pathlib import Path

from .errors import BadUsage


def packed(file: Path) -> bytes:
    """Return a file's content packed by gzip; raise `BadUsage` when it cannot be read."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise BadUsage(f"{file} cannot be read: {error.strerror}") from None
    return content if file.suffix == ".gz" else gzip.compress(content)
