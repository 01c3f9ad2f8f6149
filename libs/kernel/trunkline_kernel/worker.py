"""The other end of `beside`: does one piece of work, for whoever started this process."""

import os
import sys
from typing import Final

from .beside import End, read_pieces, write_piece

KINDNESS: Final = 10
"""How much lower than the calls' its priority is."""


def main() -> None:
    """Read what to do and with what, write what comes of it."""
    pieces = read_pieces(sys.stdin.buffer)
    made, sys.stdout = sys.stdout.buffer, sys.stderr  # what is printed must not mix with pieces
    os.nice(KINDNESS)
    work = next(pieces)
    try:
        for piece in work(pieces):
            write_piece(made, piece)
        write_piece(made, End())
    except BrokenPipeError:
        os._exit(1)  # nobody waits for it any more
    except Exception as error:
        write_piece(made, error)


if __name__ == "__main__":
    main()
