"""Leave a switch up for a softphone, with vendors that answer every call and play it back.

`make run` runs this. The services use their standard ports and keep their data in ./var, so that
`trunkline` in another terminal finds them. Ctrl-C stops everything.
"""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

from rich.console import Console
from rich.panel import Panel

EXAMPLES = Path(__file__).parent
sys.path.insert(0, str(EXAMPLES.parent / "tests"))

from support.behaviours import answering  # noqa: E402
from support.endpoint import Endpoint  # noqa: E402
from support.local_switch import LocalSwitch, usual_sip_port  # noqa: E402
from trunkline_cli.errors import CommandError  # noqa: E402
from trunkline_cli.replicas import plan  # noqa: E402
from trunkline_cli.services import PORTS  # noqa: E402
from trunkline_cli.up import check_ports  # noqa: E402

BUDGET, VOX = "127.0.0.21", "127.0.0.22"
VENDOR_PORT = 5070

HINT = """\
Point a softphone here:

  server    [bold]{server}[/]  (UDP or TCP)
  user      [bold]1001[/]
  password  [bold]example-1001[/]

and call [bold]442071838750[/], or any number that begins with 44 or 1:
a vendor answers and plays back what you say.

Look at it from another terminal:

  trunkline trace                 the SIP messages of your call
  trunkline call list
  trunkline cdr list
  trunkline account show alice

Ctrl-C stops the switch. Its data stays in ./var."""

out = Console(highlight=False)


async def main() -> None:
    """Run until Ctrl-C or SIGTERM."""
    check_ports(plan(1, os.environ))
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with out.status("starting five services"):
        switch = await LocalSwitch(
            Path.cwd(), ports=dict(PORTS), host=own_address(), sip_port=usual_sip_port()
        ).__aenter__()
    try:
        await switch.apply(*sorted(EXAMPLES.glob("*.yaml")))
        async with (
            echoing_vendor("budgetcarrier", BUDGET),
            echoing_vendor("voxcarrier", VOX),
        ):
            server = "{}:{}".format(*switch.sip)
            out.print(Panel(HINT.format(server=server), title="Trunkline is up", expand=False))
            await stop.wait()
    finally:
        with out.status("draining and stopping"):
            await switch.__aexit__()


def echoing_vendor(name: str, host: str) -> Endpoint:
    """Return a vendor that rings for a second, answers, and plays back what it hears."""
    return Endpoint(name, behaviour=answering(ring=1.0), echo=True, host=host, port=VENDOR_PORT)


def own_address() -> str:
    """Return the address under which this machine is reached on its network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing: asks which address would be used
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except CommandError as error:
        out.print(f"[red]✗[/] {error.message}")
        for detail in error.details:
            out.print(f"  {detail}", markup=False)
        sys.exit(error.exit_code)
