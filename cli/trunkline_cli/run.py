"""`trunkline <service>`: one installed service in this process, found by its entry point.

`python -m trunkline_cli.run <service>` runs it as somebody's child: it imports nothing else of the
command line, and ends when its standard input closes.
"""

import os
import signal
import sys
import threading
from importlib.metadata import entry_points
from typing import Final

GROUP: Final = "trunkline.services"


def installed_services() -> list[str]:
    """Return the names of the services in this environment."""
    return sorted(entry_points(group=GROUP).names)


def run_service(name: str) -> None:
    """Run a service until it ends."""
    (entry,) = entry_points(group=GROUP, name=name)
    entry.load()()


def stop_with_standard_input() -> None:
    """Send ourselves SIGTERM when standard input closes, as it does when who started us is gone."""
    threading.Thread(target=_wait_for_end, daemon=True).start()


def _wait_for_end() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass  # what is written there means nothing
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    stop_with_standard_input()
    run_service(sys.argv[1])
