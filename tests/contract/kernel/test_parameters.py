"""Parameters kept, followed and served (MGT-01)."""

import asyncio
from typing import Any

import pytest
from support.waiting import until
from trunkline.common.v1 import parameters_pb2 as pb
from trunkline.common.v1.parameters_pb2_grpc import add_ParametersServiceServicer_to_server
from trunkline_kernel.database import Database
from trunkline_kernel.faults import Fault, TrunklineError
from trunkline_kernel.metrics import Metrics
from trunkline_kernel.parameters import IntParameter, Parameters, StringParameter
from trunkline_kernel.parameters.servicer import ParametersServicer
from trunkline_kernel.parameters.store import StoredParameters
from trunkline_kernel.rpc import Dispatcher, InProcessChannel, method_of

SESSION_TTL = IntParameter(
    "SS_SIP_SESSION_TTL",
    default=600,
    minimum=60,
    maximum=86400,
    unit="s",
    scope="sip",
    meaning="Session-Expires offered.",
)
KEY = StringParameter(
    "SS_RTPENCRYPTIONKEY", default="", secret=True, scope="media", meaning="Shared secret."
)


async def opened(database: Database) -> StoredParameters:
    stored = StoredParameters(Parameters([SESSION_TTL, KEY]), database)
    await stored.load()
    return stored


async def test_a_value_out_of_range_is_refused_with_its_range(database: Database) -> None:
    stored = await opened(database)

    with pytest.raises(TrunklineError, match="60-86400") as failure:
        await call(
            stored, "SetParameters", pb.SetParametersRequest(values={"SS_SIP_SESSION_TTL": "59"})
        )

    assert failure.value.fault is Fault.INVALID_ARGUMENT
    assert stored.values[SESSION_TTL] == 600


async def test_a_change_is_in_force_on_every_replica(database: Database, replica: Database) -> None:
    here, there = await opened(database), await opened(replica)

    await here.set({"SS_SIP_SESSION_TTL": "900"})
    await there.load()

    assert (here.values[SESSION_TTL], there.values[SESSION_TTL]) == (900, 900)


async def test_mgt01_another_node_sees_a_change_within_five_seconds(
    database: Database, replica: Database
) -> None:
    here, there = await opened(database), await opened(replica)
    following = asyncio.create_task(there.follow())

    await here.set({"SS_SIP_SESSION_TTL": "900"})
    try:
        async with asyncio.timeout(5):
            await until(lambda: there.values[SESSION_TTL] == 900)
    finally:
        following.cancel()


async def test_the_history_tells_who_changed_what_and_hides_secrets(database: Database) -> None:
    stored = await opened(database)
    await stored.set({"SS_SIP_SESSION_TTL": "900"}, "alice")
    await stored.set({"SS_RTPENCRYPTIONKEY": "hunter2"}, "bob")

    past = await stored.history()

    assert [(each.name, each.old, each.new, each.author) for each in past] == [
        ("SS_RTPENCRYPTIONKEY", "", "***", "bob"),
        ("SS_SIP_SESSION_TTL", "600", "900", "alice"),
    ]


async def test_an_unchanged_value_writes_no_history(database: Database) -> None:
    stored = await opened(database)

    await stored.set({"SS_SIP_SESSION_TTL": "600"})

    assert await stored.history() == []


async def test_a_reset_puts_the_default_back(database: Database) -> None:
    stored = await opened(database)
    await stored.set({"SS_SIP_SESSION_TTL": "900"})

    await stored.reset(["SS_SIP_SESSION_TTL"])

    assert stored.values[SESSION_TTL] == 600
    assert not stored.values.is_set(SESSION_TTL)


async def test_a_secret_reads_as_stars(database: Database) -> None:
    stored = await opened(database)
    await stored.set({"SS_RTPENCRYPTIONKEY": "hunter2"})

    response = await call(
        stored, "GetParameter", pb.GetParameterRequest(name="SS_RTPENCRYPTIONKEY")
    )

    assert response.parameter.value == "***"


async def test_a_list_by_scope_describes_what_it_lists(database: Database) -> None:
    response = await call(
        await opened(database), "ListParameters", pb.ListParametersRequest(scope="sip")
    )

    (parameter,) = response.parameters
    assert (parameter.name, parameter.value, parameter.range, parameter.unit) == (
        "SS_SIP_SESSION_TTL",
        "600",
        "60-86400",
        "s",
    )
    assert parameter.type == pb.PARAMETER_TYPE_INTEGER


async def test_a_watcher_sees_present_and_changed_values(database: Database) -> None:
    stored = await opened(database)
    watch = method_of(
        pb.DESCRIPTOR.services_by_name["ParametersService"],
        "WatchParameters",
        pb.WatchParametersRequest,
        pb.WatchParametersResponse,
    )
    seen: list[str] = []

    async with asyncio.timeout(10):
        async for response in channel(stored).stream(
            watch, pb.WatchParametersRequest(names=["SS_SIP_SESSION_TTL"])
        ):
            seen += [parameter.value for parameter in response.parameters]
            if len(seen) == 2:
                break
            await stored.set({"SS_RTPENCRYPTIONKEY": "x", "SS_SIP_SESSION_TTL": "900"})

    assert seen == ["600", "900"]


def channel(stored: StoredParameters) -> InProcessChannel:
    dispatcher = Dispatcher(Metrics("test"))
    dispatcher.add(add_ParametersServiceServicer_to_server, ParametersServicer(stored))
    return InProcessChannel(dispatcher)


async def call(stored: StoredParameters, method: str, request: Any) -> Any:
    service = pb.DESCRIPTOR.services_by_name["ParametersService"]
    response = getattr(pb, f"{method}Response")
    described = method_of(service, method, type(request), response)
    return await channel(stored).call(described, request, timeout=10)
