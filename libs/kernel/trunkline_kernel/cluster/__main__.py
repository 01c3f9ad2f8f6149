"""What a pod does before its service starts: `python -m trunkline_kernel.cluster ...`.

`address node NAME FILE...` and `address service NAME FILE...` write the pod's public address into
files of the settings folder; `secret NAME KEY...` creates a secret of random values, once.
"""

import argparse
import json
import secrets
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from .addresses import address_of_node, address_of_service
from .api import ApiError, PodApi

PATIENCE: Final = 120.0
"""Seconds a load balancer gets to give an address."""
INTERVAL: Final = 2.0
CONFLICT: Final = 409


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        api = PodApi.of_this_pod()
        if options.command == "secret":
            create_secret(api, options.name, options.keys)
        else:
            write_address(find_address(api, options.kind, options.name), options.files)
    except (ApiError, LookupError, OSError) as error:
        sys.stderr.write(f"trunkline_kernel.cluster: {error}\n")
        return 1
    return 0


def find_address(api: PodApi, kind: str, name: str) -> str:
    """Return the address of a node, or of a service as soon as it has one. Raises `LookupError`."""
    if kind == "node":
        return address_of_node(api.node(name))
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return address_of_service(api.service(name))
        except LookupError:
            if time.monotonic() > deadline:
                raise
            time.sleep(INTERVAL)


def write_address(address: str, files: Sequence[Path]) -> None:
    """Write settings: as a list where the file's name asks for several addresses."""
    for file in files:
        file.write_text(json.dumps([address]) if file.name.endswith("ADDRESSES") else address)


def create_secret(api: PodApi, name: str, keys: Sequence[str]) -> None:
    """Create a secret of random values; one that exists stays as it is."""
    try:
        api.create_secret(name, {key: secrets.token_urlsafe(32) for key in keys})
    except ApiError as error:
        if error.status != CONFLICT:
            raise


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="trunkline_kernel.cluster")
    commands = parser.add_subparsers(dest="command", required=True)
    address = commands.add_parser("address")
    address.add_argument("kind", choices=["node", "service"])
    address.add_argument("name")
    address.add_argument("files", nargs="+", type=Path)
    secret = commands.add_parser("secret")
    secret.add_argument("name")
    secret.add_argument("keys", nargs="+")
    return parser


if __name__ == "__main__":
    sys.exit(main())
