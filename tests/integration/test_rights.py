"""MGT-12 on a whole switch: the first admin closes it, a login opens it, and the audit tells."""

from pathlib import Path

import pytest
from support.local_switch import LocalSwitch

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

ADMIN = """
kind: Operator
name: ada
spec: {type: admin, password: abcd1234}
"""

ACCOUNT = """
kind: Account
name: acme
spec: {currency: USD, openingBalance: "100.00"}
"""


async def test_mgt12_the_first_admin_closes_the_switch_for_those_who_do_not_log_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("TRUNKLINE_PASSWORD", "abcd1234")
    (tmp_path / "admin.yaml").write_text(ADMIN)
    (tmp_path / "acme.yaml").write_text(ACCOUNT)
    async with LocalSwitch(tmp_path) as switch:
        await switch.apply(tmp_path / "admin.yaml")
        closed = [
            await switch.command("apply", "-f", str(tmp_path / "acme.yaml")),
            await switch.command("parameters", "set", "SS_SIP_AUTHENTICATION_RETRY=5"),
            await switch.command("parameters", "set", "SS_MEDIA_PROXY_SAME_NAT=Off"),
        ]
        login = await switch.command("login", "ada")
        opened = await switch.command("apply", "-f", str(tmp_path / "acme.yaml"))
        paid = await switch.command("account", "pay", "acme", "5")
        records = (await switch.command("audit", "list", "--output", "json")).json

    assert all("log in first" in each.err and each.status == 1 for each in closed), closed
    assert login.status == 0, login.err
    assert opened.status == 0, opened.err
    assert paid.status == 0, paid.err
    assert [(each["object"], each["operator"] == "ada") for each in reversed(records)] == [
        ("Operator/ada", False),
        ("Account/acme", True),
        ("Account/acme", True),
    ]
