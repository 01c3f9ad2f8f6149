"""Our switch as a peer among peers: five processes, one customer, one vendor on loopback."""

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import asyncpg
from processes import cpu_seconds
from sip.peers import Peer
from support.local_switch import LocalSwitch
from support.postgres import postgres_server
from support.redis import redis_server
from trunkline_cli.errors import Refused
from trunkline_cli.processes import ServiceProcess, stop_all
from trunkline_cli.replicas import plan
from trunkline_cli.services import Service

DOCUMENTS = """
kind: Account
name: customer
spec: {{currency: USD, openingBalance: "1000000", rateGroup: retail}}
---
kind: Account
name: vendor
spec: {{type: clearing, currency: USD, rateGroup: wholesale}}
---
kind: RateGroup
name: retail
spec:
  currency: USD
  rates: [{{prefix: "44", perMinute: "0.0120", firstInterval: 60, interval: 1}}]
---
kind: RateGroup
name: wholesale
spec:
  currency: USD
  rates: [{{prefix: "44", perMinute: "0.0060", firstInterval: 1, interval: 1}}]
---
kind: MappingGateway
name: customer
spec:
  account: customer
  access: {{mode: ip, addresses: [127.0.0.1]}}
  media: {{proxy: {proxy}}}
---
kind: RoutingGateway
name: vendor
spec:
  account: vendor
  address: 127.0.0.2:{callee_port}
  prefixes: ["44"]
  media: {{proxy: {proxy}}}
"""

SHARING_STATE = ("AUTH", "ROUTING", "SIGNALING")
"""Services that share state through Redis where there are replicas."""


class Trunkline(Peer):
    """The whole switch, media direct."""

    proxy = "off"

    def launch(self, callee_port: int) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        documents = self.folder / "documents.yaml"
        documents.write_text(DOCUMENTS.format(proxy=self.proxy, callee_port=callee_port))
        try:
            self._switch = self._do(self._start(documents))
        except BaseException:
            self._end_loop()
            raise
        self.port = self._switch.sip[1]

    async def _start(self, documents: Path) -> LocalSwitch:
        switch = LocalSwitch(self.folder)
        await self._run(switch, documents)
        return switch

    async def _run(self, switch: LocalSwitch, documents: Path) -> None:
        await switch.__aenter__()
        try:
            await switch.apply(documents)
        except Refused as error:
            await switch.stop()
            raise RuntimeError("\n".join([error.message, *error.details])) from error

    def cpu(self) -> dict[str, float]:
        """Return CPU seconds of each service."""
        return {
            str(service): cpu_seconds(process.pid)
            for service, process in self._switch.processes.items()
        }

    def stop(self) -> None:
        """Drain and stop every service."""
        self._do(self._switch.stop())
        self._end_loop()
        super().stop()

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()


class TrunklineStores(Trunkline):
    """The whole switch on PostgreSQL and Redis, as in production, media direct."""

    def launch(self, callee_port: int) -> None:
        with ExitStack() as stack:
            server = stack.enter_context(postgres_server(fsync=True))
            self._redis_url = stack.enter_context(redis_server()).url
            self._databases = asyncio.run(_databases(server.url))
            super().launch(callee_port)
            self._stores = stack.pop_all()

    async def _start(self, documents: Path) -> LocalSwitch:
        settings = {
            **{f"TRUNKLINE_{name}_REDIS_URL": self._redis_url for name in SHARING_STATE},
            **{f"TRUNKLINE_{name}_DATABASE_URL": url for name, url in self._databases.items()},
        }
        switch = LocalSwitch(self.folder, settings=settings)
        await self._run(switch, documents)
        return switch

    def stop(self) -> None:
        """Drain and stop every service, then the stores."""
        super().stop()
        self._stores.close()


class TrunklineRelay(Trunkline):
    """The whole switch, every call relayed."""

    proxy = "mustOn"


class TrunklineRelayBy2(TrunklineRelay):
    """The whole switch, every call relayed by one of two media instances."""

    instances = 2

    async def _start(self, documents: Path) -> LocalSwitch:
        roomy = LocalSwitch(self.folder)
        roomy.make_room(self.instances)
        planned = plan(self.instances, roomy.environment(Service.MEDIA))
        signaling = dict(planned)[Service.SIGNALING]
        first, *others = [settings for service, settings in planned if service is Service.MEDIA]
        port = int(first["TRUNKLINE_MEDIA_GRPC_PORT"])
        switch = LocalSwitch(self.folder, settings=signaling | first)
        switch.ports[Service.MEDIA] = port
        self._others = [
            await ServiceProcess.start(
                Service.MEDIA, switch.environment(Service.MEDIA) | settings, _quiet, self.folder
            )
            for settings in others
        ]
        await self._run(switch, documents)
        for process in self._others:
            await process.wait_ready(60)
        return switch

    def cpu(self) -> dict[str, float]:
        """Return CPU seconds of each service; that of all media instances as one."""
        spent = super().cpu()
        spent["media"] += sum(cpu_seconds(process.pid) for process in self._others)
        return spent

    def stop(self) -> None:
        """Drain and stop every process."""
        self._do(stop_all(self._others, 10))
        super().stop()


class TrunklineRelayBy4(TrunklineRelayBy2):
    """The whole switch, every call relayed by one of four media instances."""

    instances = 4


async def _databases(url: str) -> dict[str, str]:
    """Make a database for each service; return their URLs by the service's name."""
    server = url.rpartition("/")[0]
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        for service in Service:
            await connection.execute(f"CREATE DATABASE {service}")
    finally:
        await connection.close()
    return {service.upper(): f"{server}/{service}" for service in Service}


def _quiet(service: Service, line: str) -> None:
    """Let a service log in vain."""
