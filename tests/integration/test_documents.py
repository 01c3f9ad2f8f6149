"""Documents against the five real services: idempotent, all or nothing, every error at once."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import yaml
from support.local_switch import LocalSwitch

EXAMPLES = Path(__file__).parents[2] / "examples"

BAD = """\
kind: Account
name: bad
spec: {currency: USD, openingBalance: "10.00", rateGroup: nowhere}
---
kind: RateGroup
name: bad
spec:
  currency: USD
  rates:
    - {prefix: "4x4", perMinute: "0.01"}
    - {prefix: "44", perMinute: "-0.01"}
---
kind: MappingGateway
name: bad
spec:
  account: good
  access: {mode: ip, addresses: [192.0.2.300]}
  capasity: {calls: 3}
---
kind: RoutingGateway
name: bad
spec: {address: "192.0.2.1:99999", prefixes: ["44"]}
---
kind: Parameters
spec: {SERVER_BILLING_FEE_PRECISION: 9}
---
kind: Account
name: good
spec: {currency: USD}
---
kind: Phone
name: "1099"
spec: {account: nobody}
"""

pytestmark = [
    pytest.mark.integration,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(120),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def switch(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LocalSwitch]:
    """A switch with the example documents."""
    async with LocalSwitch(tmp_path_factory.mktemp("switch")) as running:
        await running.apply(*sorted(EXAMPLES.glob("*.yaml")))
        yield running


async def test_applying_the_examples_again_changes_nothing(switch: LocalSwitch) -> None:
    ended = await switch.command("apply", "-f", str(EXAMPLES), "-o", "json")

    assert {change["action"] for change in ended.json} == {"CHANGE_ACTION_UNCHANGED"}


async def test_bad_documents_change_nothing_and_every_error_is_listed_with_its_line(
    switch: LocalSwitch, tmp_path: Path
) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(BAD)
    ended = await switch.command("apply", "-f", str(file))

    places = [line.strip().split(": ")[:3] for line in ended.err.splitlines()[1:]]
    assert [place[0].rpartition(":")[2] + " " + place[2] for place in places] == [
        "3 spec.rateGroup",
        "10 spec.rates[0].prefix",
        "11 spec.rates[1].perMinute",
        "17 spec.access.addresses",
        "18 spec.capasity",
        "22 spec.address[0]",
        "25 spec.SERVER_BILLING_FEE_PRECISION",
        "33 spec.account",
    ]
    assert ended.status == 1
    assert (await switch.command("get", "Account", "good")).status == 1


async def test_a_document_that_others_need_is_not_deleted(switch: LocalSwitch) -> None:
    ended = await switch.command("delete", "Account", "acme")

    assert ended.status == 1
    assert "MappingGateway/acme-pbx: spec.account" in ended.err


async def test_what_is_read_can_be_applied_again(switch: LocalSwitch, tmp_path: Path) -> None:
    file = tmp_path / "gateways.yaml"
    listed = await switch.command("get", "RoutingGateway", "-o", "yaml")
    file.write_text(listed.out)
    ended = await switch.command("apply", "-f", str(file), "-o", "json")

    assert [change["action"] for change in ended.json] == ["CHANGE_ACTION_UNCHANGED"] * 2


async def test_passwords_are_never_shown(switch: LocalSwitch) -> None:
    shown = await switch.command("get", "Phone", "1001", "-o", "json")

    assert shown.json["spec"]["access"]["password"] == "***"
    assert "example-1001" not in shown.out


async def test_every_service_serves(switch: LocalSwitch) -> None:
    ended = await switch.command("status", "-o", "json")

    assert ended.status == 0
    assert [one["state"] for one in ended.json] == ["serving"] * 5


LIMITS = """\
kind: MappingGateway
name: edge
spec:
  account: acme
  access: {mode: ims}
  h323: {fastStart: true, timeouts: {alerting: 30}}
---
kind: RoutingGateway
name: ims
spec: {registration: ims, prefixes: ["999"]}
---
kind: RoutingGateway
name: old
spec: {addresses: ["192.0.2.1:1720"], protocol: h323, h323: {h245Tunnelling: true}}
---
kind: Phone
name: "1088"
spec: {account: acme, voiceMail: {expireDay: 3, maxNumber: 5}}
"""


async def test_mgt16_fields_without_effect_are_stored_and_returned_as_written(
    switch: LocalSwitch, tmp_path: Path
) -> None:
    file = tmp_path / "limits.yaml"
    file.write_text(LIMITS)
    await switch.apply(file)

    for document in yaml.safe_load_all(LIMITS):
        kind, name, written = document["kind"], document["name"], document["spec"]
        read = (await switch.command("get", kind, name, "-o", "json")).json["spec"]
        read.get("access", {}).pop("password", None)  # it was made up
        await switch.command("delete", kind, name)
        assert read == written


async def test_mgt16_a_parameter_without_effect_is_returned_as_written(switch: LocalSwitch) -> None:
    set_ = await switch.command(
        *("parameters", "set", "IVR_VOICEMAIL_MAX_TIME=90", "SS_H323_TIMEOUT_SETUP=11")
    )
    listed = (await switch.command("parameters", "list", "--set", "-o", "json")).json

    assert set_.status == 0
    values = {one["name"]: one["value"] for one in listed}
    assert values["IVR_VOICEMAIL_MAX_TIME"] == "90"
    assert values["SS_H323_TIMEOUT_SETUP"] == "11"
