"""Entry point of the `trunkline` command: runs it and turns failures into exit codes."""

import sys
from collections.abc import Sequence

from rich.text import Text

from .app import app
from .errors import CommandError
from .output import error_console


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line. Ends the process with 0, 1, 2 or 3; see `errors`."""
    try:
        app(args=arguments)
    except CommandError as error:
        show_error(error)
        sys.exit(error.exit_code)


def show_error(error: CommandError) -> None:
    """Write an error and its details for people."""
    out = error_console()
    out.print(Text.assemble(("error: ", "bold red"), error.message))
    for detail in error.details:
        out.print(Text(f"  {detail}"))


if __name__ == "__main__":
    main()
