"""A rate group is stored as it is read again, however it was written (BIL-01)."""

import pytest
from pydantic import ValidationError
from trunkline_billing.documents.rate_groups import RateGroupSpec


def test_rates_are_put_in_order_and_prices_lose_their_zeros() -> None:
    spec = RateGroupSpec.model_validate(
        {"rates": [{"prefix": "44", "perMinute": "0.0120"}, {"prefix": "1", "perMinute": "0.50"}]}
    )

    assert [(rate.prefix, str(rate.per_minute)) for rate in spec.rates or ()] == [
        ("1", "0.5"),
        ("44", "0.012"),
    ]


def test_versions_of_a_prefix_are_put_in_the_order_of_their_starts() -> None:
    later = {"prefix": "44", "perMinute": "1", "validFrom": "2026-02-01T00:00:00Z"}
    spec = RateGroupSpec.model_validate({"rates": [later, {"prefix": "44", "perMinute": "2"}]})

    assert [str(rate.per_minute) for rate in spec.rates or ()] == ["2", "1"]


def test_one_version_of_a_prefix_is_given_once() -> None:
    rate = {"prefix": "44", "perMinute": "1"}

    with pytest.raises(ValidationError, match="prefixes given twice: 44"):
        RateGroupSpec.model_validate({"rates": [rate, rate]})
