"""Composition root of billing: `main` is what the command `trunkline billing` runs."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from datetime import UTC, datetime
from typing import Final

from trunkline.billing.v1.alarms_pb2_grpc import add_AlarmServiceServicer_to_server
from trunkline.billing.v1.billing_pb2_grpc import (
    add_BillingServiceServicer_to_server,
    add_RateServiceServicer_to_server,
)
from trunkline.billing.v1.reconciliation_pb2_grpc import (
    add_PeerReconciliationServiceServicer_to_server,
)
from trunkline.common.v1.documents_pb2_grpc import add_DocumentServiceServicer_to_server
from trunkline.common.v1.parameters_pb2_grpc import add_ParametersServiceServicer_to_server
from trunkline.common.v1.replication_pb2_grpc import add_ReplicationServiceServicer_to_server
from trunkline.common.v1.reports_pb2_grpc import add_ReportServiceServicer_to_server
from trunkline_kernel.background import steadily
from trunkline_kernel.database import Database, open_database
from trunkline_kernel.documents import Documents, DocumentServicer
from trunkline_kernel.parameters import Parameters
from trunkline_kernel.parameters.servicer import ParametersServicer
from trunkline_kernel.parameters.store import StoredParameters
from trunkline_kernel.replication import MemorySource, ReplicationServicer
from trunkline_kernel.service import Service, run_service
from trunkline_kernel.vault import open_vault

from .accounts.account import Accounts
from .alarms.watchman import Watchman
from .cashier.cashier import Cashier
from .cashier.clerk import PAUSE as CLERK_PAUSE
from .cashier.clerk import Clerk
from .charging.till import Till
from .desk import Desk
from .documents.live import PACKAGE_ORDER, LiveModel
from .imports.office import RateOffice
from .observation import Observation
from .outputs.outputs import Outputs
from .parameters import PARAMETERS, LiveRules
from .rating.deck import RateDeck
from .reconciliation.asking import PeerLine
from .reconciliation.door import PeerDoor, tls_of
from .reconciliation.office import PAUSE as OFFICE_PAUSE
from .reconciliation.office import ReconciliationOffice
from .rpc.alarms_servicer import AlarmsServicer
from .rpc.guards import GUARDS
from .rpc.rates_servicer import RatesServicer
from .rpc.rates_topic import TOPIC, RatesTopic
from .rpc.reconciliation_servicer import ReconciliationServicer
from .rpc.reports_servicer import ReportsServicer
from .rpc.servicer import BillingServicer
from .settings import BillingSettings
from .store.alarms import AlarmStore
from .store.cdr_reader import CdrReader
from .store.embedded import EmbeddedJournal
from .store.journal import Journal
from .store.ledger_reader import LedgerReader
from .store.notice_rows import NoticeBook
from .store.partitions import CdrDays
from .store.readings import Readings
from .store.reconciliations import Reconciliations
from .store.reports import ReportedConditions
from .store.shared import SharedJournal
from .store.stated import StatedCalls

DAYS_LOOK: Final = 3600.0
"""Seconds between two looks at the days CDRs are kept by."""

MIGRATIONS: Final = "trunkline_billing:store/migrations"


@asynccontextmanager
async def build(service: Service, settings: BillingSettings) -> AsyncIterator[None]:
    """Wire billing: what comes before the yield happens before anybody can ask."""
    async with open_database(settings) as database:
        await database.migrate(MIGRATIONS)
        parameters = StoredParameters(Parameters(PARAMETERS), database)
        await parameters.load()
        rules = LiveRules(
            parameters.values, settings.reservation_lease, stream=settings.cdr_stream is not None
        )
        decks: dict[str, RateDeck] = {}
        till = Till(Accounts(), decks)
        source = MemorySource()
        async with open_journal(database) as journal:
            model = LiveModel(
                till,
                decks,
                database,
                RatesTopic(source),
                open_vault(settings),
                purses_in_memory=not journal.shared,
            )
            documents = Documents(
                model.kinds(), database, checks=model.checks(), parameters=parameters
            )
            documents.subscribe(model.documents_changed)
            await documents.load()
            await model.load()  # after it: what changes from here on is told
            observation = Observation(service.metrics)
            observation.watch(till)
            cashier = Cashier(till, journal, rules, now, observation, settings.commit_linger)
            await cashier.load()
            desk = Desk(
                cashier,
                CdrReader(database),
                LedgerReader(database),
                parameters.values,
                rules,
                now,
                observation,
            )
            rates = RateOffice(database, model.rate_groups, documents.catch_up)
            service.add(add_BillingServiceServicer_to_server, BillingServicer(desk, now))
            service.add(add_RateServiceServicer_to_server, RatesServicer(rates))
            service.add(
                add_DocumentServiceServicer_to_server, DocumentServicer(documents, service.rights)
            )
            service.add(
                add_ParametersServiceServicer_to_server,
                ParametersServicer(parameters, service.rights),
            )
            service.add(
                add_ReplicationServiceServicer_to_server, ReplicationServicer({TOPIC: source})
            )
            office = add_reconciliation(service, database, model)
            add_alarms(service, settings, database, model, observation, rules, office)
            service.guard(GUARDS)
            service.background(parameters.follow)
            service.background(documents.follow)
            service.background(model.follow)
            service.background(model.publish)
            outputs = Outputs(settings, database, parameters.values, observation)
            days = CdrDays(database, settings.cdr_retention)
            await days.maintain(now())
            service.background(lambda: _maintain_days(days))
            for work in outputs.work():
                service.background(work)
            clerk = Clerk(
                cashier, database, now, lambda name: documents.delete(PACKAGE_ORDER, name)
            )
            service.background(lambda: steadily(clerk.look, CLERK_PAUSE, "packages"))
            service.background(cashier.run)
            service.background(lambda: cashier.expire_leases(settings.expiry_interval))
            async with peer_door(office, settings):
                yield
            await cashier.flush()


@asynccontextmanager
async def open_journal(database: Database) -> AsyncIterator[Journal]:
    """Open the ledger's journal: alone on SQLite, beside other replicas on PostgreSQL."""
    alone = database.is_sqlite
    journal = EmbeddedJournal(database.url) if alone else SharedJournal(database.engine)
    try:
        yield journal
    finally:
        await journal.close()


def add_reconciliation(
    service: Service, database: Database, model: LiveModel
) -> ReconciliationOffice:
    """Compare books with peers, by RPC and every day (BIL-14)."""
    records = Reconciliations(database)
    office = ReconciliationOffice(
        model.peers.values, StatedCalls(database), records, PeerLine(now), now
    )
    service.add(
        add_PeerReconciliationServiceServicer_to_server,
        ReconciliationServicer(office, records, now),
    )
    service.background(lambda: steadily(office.look, OFFICE_PAUSE, "reconciliation"))
    return office


def add_alarms(
    service: Service,
    settings: BillingSettings,
    database: Database,
    model: LiveModel,
    observation: Observation,
    rules: LiveRules,
    office: ReconciliationOffice,
) -> None:
    """Watch readings against the alarm rules, and take what other services report (MGT-13)."""
    store, reported = AlarmStore(database), ReportedConditions(database, now)
    watchman = Watchman(
        store,
        Readings(database),
        model.alarm_rules.values,
        model.till.accounts,
        observation,
        now,
        tell=lambda: rules().notify,
        sources=[office, reported],
    )
    pause = settings.alarm_interval.total_seconds()
    service.add(add_AlarmServiceServicer_to_server, AlarmsServicer(store, now))
    reports = ReportsServicer(reported, NoticeBook(database), lambda: rules().notify)
    service.add(add_ReportServiceServicer_to_server, reports)
    service.background(lambda: steadily(watchman.look, pause, "alarms"))


def peer_door(
    office: ReconciliationOffice, settings: BillingSettings
) -> AbstractAsyncContextManager[object]:
    """Answer peers until the block ends, if the settings name a port for it."""
    if settings.peer_port is None:
        return nullcontext()
    door = PeerDoor(office.find, office.answer, now)
    tls = tls_of(settings.peer_tls_cert_file, settings.peer_tls_key_file)
    return door.opened(settings.peer_host, settings.peer_port, tls)


async def _maintain_days(days: CdrDays) -> None:
    async def maintain() -> int:
        await days.maintain(now())
        return 0

    await steadily(maintain, DAYS_LOOK, "CDR days")


def now() -> datetime:
    """Return the present."""
    return datetime.now(UTC)


def main() -> None:
    """Run the billing service as this process."""
    run_service(BillingSettings, build)


if __name__ == "__main__":
    main()
