"""A rate group is stored as it is read again, however it was written (BIL-01)."""

from trunkline_billing.documents.rate_groups import RateGroupSpec, prepare_rate_group


def test_rates_are_put_in_order_and_prices_lose_their_zeros() -> None:
    written = RateGroupSpec.model_validate(
        {"rates": [{"prefix": "44", "perMinute": "0.0120"}, {"prefix": "1", "perMinute": "0.50"}]}
    )

    prepared = prepare_rate_group("retail", written, None)

    assert prepared.rates is not None
    assert [(rate.prefix, str(rate.per_minute)) for rate in prepared.rates] == [
        ("1", "0.5"),
        ("44", "0.012"),
    ]
    assert prepare_rate_group("retail", prepared, prepared) == prepared
