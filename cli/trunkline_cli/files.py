"""Files that commands hand on to services."""

import gzip
from pathlib import Path

from .errors import BadUsage


def read_file(file: Path) -> bytes:
    """Return what a file holds. Raises `BadUsage`."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise BadUsage(f"{file} cannot be read: {error.strerror}") from None


def packed(file: Path) -> bytes:
    """Return a file packed by gzip, as it may be already. Raises `BadUsage`."""
    content = read_file(file)
    return content if file.suffix == ".gz" else gzip.compress(content)
