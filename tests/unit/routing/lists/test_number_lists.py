"""Number lists as replicated from auth (AUT-13 to AUT-15, RTE-25)."""

from __future__ import annotations

from typing import Any

import pytest
from support.routing import Bench
from trunkline.auth.v1.lists_pb2 import NumberListPart
from trunkline_kernel.digit_sets import DigitSet
from trunkline_routing.calls.refusals import EndReason
from trunkline_routing.candidates.reasons import Excluded
from trunkline_routing.lists.replicated import NumberLists


def put(lists: NumberLists, name: str, *numbers: str) -> None:
    for part, codes in DigitSet(numbers).parts.items():
        lists.put(f"list/{name}/{part}", NumberListPart(codes=codes).SerializeToString())


def bench(checks: dict[str, Any], **numbers: Any) -> Bench:
    routing = Bench(mapping={"acme": {"checks": checks, "numbers": numbers}}, routing={"a": {}})
    put(routing.view.lists, "scammers", "44123", "911")
    return routing


async def test_a_black_list_sees_the_number_after_its_plan() -> None:
    """AUT-14, acceptance (a)."""
    routing = bench({"callerLists": {"lists": ["scammers"]}}, callerDialPlan="00:")

    assert (await routing.refusal(caller="0044123")).reason is EndReason.NUMBER_RESTRICTED
    await routing.plan(caller="441234")


async def test_only_members_of_a_white_list_may_pass() -> None:
    """AUT-14, acceptance (b)."""
    routing = bench({"calleeLists": {"mode": "allow", "lists": ["scammers"]}})

    assert (await routing.refusal("44124")).reason is EndReason.NUMBER_RESTRICTED
    await routing.plan("44123")


async def test_a_gateways_white_list_skips_the_gateway() -> None:
    """AUT-14, acceptance (c)."""
    checks = {"calleeLists": {"mode": "allow", "lists": ["members"]}}
    routing = Bench(routing={"a": {"priority": 1, "checks": checks}, "b": {"priority": 2}})

    assert (await routing.plan("44123")).first.endpoint.name == "b"


@pytest.mark.parametrize("pattern", ["911", "91*"])
async def test_the_system_white_list_passes_black_lists_and_denied_prefixes(pattern: str) -> None:
    """AUT-15."""
    routing = bench(
        {
            "calleeLists": {"lists": ["scammers"]},
            "calleePrefixes": {"mode": "deny", "prefixes": ["9"]},
        }
    )
    await routing.refusal("911")
    routing.view.lists.put(f"white/{pattern}", b"")
    await routing.plan("911")

    routing.view.lists.delete(f"white/{pattern}")
    await routing.refusal("911")


async def test_the_system_white_list_does_not_open_a_white_list() -> None:
    """AUT-15: only denials are passed."""
    routing = bench({"calleeLists": {"mode": "allow", "lists": ["scammers"]}})
    routing.view.lists.put("white/112", b"")

    await routing.refusal("112")


@pytest.mark.parametrize(
    ("key", "excluded"),
    [
        pytest.param("black/callee/44123/RoutingGateway/a", Excluded.BLACKLISTED, id="callee"),
        pytest.param("black/caller/777/RoutingGateway/a", Excluded.BLACKLISTED, id="caller"),
        pytest.param("black/caller/44123/RoutingGateway/a", None, id="the other party"),
        pytest.param("black/callee/44123/RoutingGateway/b", None, id="another gateway"),
        pytest.param("black/callee/44123/platform", None, id="the platform is Screen's business"),
    ],
)
async def test_a_number_blocked_on_a_gateway_is_kept_off_it(
    key: str, excluded: Excluded | None
) -> None:
    """AUT-13, standalone."""
    routing = Bench(routing={"a": {}})
    routing.view.lists.put(key, b"")
    assert routing.verdict("a", "44123", caller="777").excluded is excluded

    routing.view.lists.delete(key)
    assert routing.verdict("a", "44123", caller="777").excluded is None


def test_a_large_list_follows_its_parts() -> None:
    lists, numbers = NumberLists(), [f"44{number:07}" for number in range(5000)]
    put(lists, "many", *numbers)
    assert all(lists.is_listed("many", number) for number in numbers)

    parts = DigitSet(numbers).parts
    for part in parts:
        lists.delete(f"list/many/{part}")
    assert not any(lists.is_listed("many", number) for number in numbers)


@pytest.mark.parametrize("key", ["grey/44", "black/caller/44"])
def test_a_key_that_means_nothing_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="is no"):
        NumberLists().put(key, b"")
