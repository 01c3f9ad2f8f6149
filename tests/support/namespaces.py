"""Network namespaces that go with their test, and cables between them. As root."""

import ctypes
import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final, TypeVar

T = TypeVar("T")

_NEW_NETWORK: Final = 0x40000000
"""CLONE_NEWNET"""
_LIBC: Final = ctypes.CDLL(None, use_errno=True)


class Namespace:
    """A network of its own, with its loopback interface up, for as long as its process lives."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.pid = process.pid
        self.path = f"/proc/{process.pid}/ns/net"
        self._thread = ThreadPoolExecutor(1, initializer=self._enter)
        self.ip("link", "set", "lo", "up")

    def run(self, function: Callable[..., T], *arguments: object) -> T:
        """Return what a function returns in a thread in here; its sockets and threads stay here."""
        return self._thread.submit(function, *arguments).result(30)

    def ip(self, *arguments: str) -> None:
        """Run Debian's `ip` in here."""
        subprocess.run(["nsenter", f"--net={self.path}", "ip", *arguments], check=True)

    def socket(self, address: str, port: int = 0) -> socket.socket:
        """Open a UDP socket in here that gives up after two seconds."""
        return self.run(_udp_socket, address, port)

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown()

    def _enter(self) -> None:
        namespace = os.open(self.path, os.O_RDONLY)
        try:
            if _LIBC.setns(namespace, _NEW_NETWORK):
                raise OSError(ctypes.get_errno(), "can't enter the namespace")
        finally:
            os.close(namespace)


@contextmanager
def namespaces(count: int) -> Iterator[list[Namespace]]:
    """Make namespaces for a block."""
    processes: list[subprocess.Popen[bytes]] = []
    made: list[Namespace] = []
    try:
        for _ in range(count):
            command = ["unshare", "--net", "sh", "-c", "echo; exec cat"]
            pipe = subprocess.PIPE
            processes.append(subprocess.Popen(command, stdin=pipe, stdout=pipe))
            assert processes[-1].stdout is not None
            processes[-1].stdout.readline()
            made.append(Namespace(processes[-1]))
        yield made
    finally:
        for namespace in made:
            namespace.close()
        for process in processes:
            process.communicate()


def connect(a: Namespace, b: Namespace, name: str, addresses: tuple[str, str]) -> None:
    """Lay a cable; its interface is called `name` at both ends, with an address as 10.0.0.1/24."""
    ends = ["type", "veth", "peer", "name", name, "netns", str(b.pid)]
    a.ip("link", "add", name, *ends)
    for namespace, address in zip((a, b), addresses, strict=True):
        namespace.ip("address", "add", address, "dev", name)
        namespace.ip("link", "set", name, "up")


def _udp_socket(address: str, port: int) -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.bind((address, port))
    opened.settimeout(2)
    return opened
