"""RateService over gRPC: rate files taken over and back."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import asdict
from typing import Final

from trunkline.billing.v1 import billing_pb2 as pb
from trunkline.billing.v1.billing_pb2_grpc import RateServiceServicer
from trunkline_kernel.progress import Progress
from trunkline_kernel.rpc import Context
from trunkline_kernel.rpc.progress import progress_message

from ..errors import BadInput
from ..imports.comparison import Difference, Mode
from ..imports.office import ImportResult, RateFile, RateOffice
from ..imports.reader import LineError
from ..rating.deck import Rate
from ..store.rates import RateImport
from . import decode
from .encode import timestamp

MODES: Final[dict[int, Mode]] = {
    pb.IMPORT_MODE_MERGE: Mode.MERGE,
    pb.IMPORT_MODE_REPLACE: Mode.REPLACE,
}


class RatesServicer(RateServiceServicer):
    """Answers for the rates of one billing service."""

    def __init__(self, office: RateOffice) -> None:
        self._rates = office

    async def ImportRates(
        self, request: pb.ImportRatesRequest, context: Context
    ) -> pb.ImportRatesResponse:
        async with aclosing(self._rates.take_over(_rate_file(request))) as steps:
            *_, result = [step async for step in steps]
        assert isinstance(result, ImportResult)
        return _import_result(result)

    async def StreamRateImport(
        self, request: pb.StreamRateImportRequest, context: Context
    ) -> AsyncIterator[pb.StreamRateImportResponse]:
        async with aclosing(self._rates.take_over(_rate_file(request.request))) as steps:
            async for step in steps:
                if isinstance(step, Progress):
                    yield pb.StreamRateImportResponse(progress=progress_message(step))
                else:
                    yield pb.StreamRateImportResponse(result=_import_result(step))

    async def ListRateImports(
        self, request: pb.ListRateImportsRequest, context: Context
    ) -> pb.ListRateImportsResponse:
        done = await self._rates.imports(decode.required(request.rate_group, "rate_group"))
        return pb.ListRateImportsResponse(imports=[_rate_import(one) for one in done])

    async def RollBackRateImport(
        self, request: pb.RollBackRateImportRequest, context: Context
    ) -> pb.RollBackRateImportResponse:
        rates = await self._rates.take_back(request.import_id, decode.clean(request.author))
        return pb.RollBackRateImportResponse(rates=rates)


def _rate_file(request: pb.ImportRatesRequest) -> RateFile:
    return RateFile(
        rate_group=decode.required(request.rate_group, "rate_group"),
        content=request.content,
        packed=request.gzip,
        mode=_mode(request.mode),
        dry_run=request.dry_run,
        strict=request.strict,
        author=decode.clean(request.author),
        name=decode.clean(request.file_name),
    )


def _mode(value: int) -> Mode:
    """Return what happens to prefixes the file does not name."""
    try:
        return MODES[value]
    except KeyError:
        raise BadInput("mode: expected merge or replace") from None


def _import_result(result: ImportResult) -> pb.ImportRatesResponse:
    """Return what an import changed."""
    report = result.report
    return pb.ImportRatesResponse(
        import_id=result.id,
        dialect=str(report.dialect),
        counts=pb.RateImportCounts(**asdict(report.counts)),
        differences=map(_difference, report.differences),
        errors=map(_error, report.errors),
    )


def _rate_import(done: RateImport) -> pb.RateImport:
    """Return an import that was made."""
    return pb.RateImport(
        import_id=done.id,
        time=timestamp(done.time),
        author=done.author,
        file_name=done.file_name,
        counts=pb.RateImportCounts(**asdict(done.counts)),
        rolled_back=done.rolled_back,
    )


def _difference(one: Difference) -> pb.RateDifference:
    return pb.RateDifference(
        prefix=one.prefix,
        action=one.action,
        old_price=_price(one.before),
        new_price=_price(one.after),
    )


def _error(one: LineError) -> pb.RateLineError:
    return pb.RateLineError(line=one.line, column=one.column, message=one.message)


def _price(rate: Rate | None) -> str:
    return "" if rate is None else format(rate.tariff.price_per_minute, "f")
