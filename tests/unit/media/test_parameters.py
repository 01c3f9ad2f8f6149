"""Values that operators may write."""

import pytest
from trunkline_kernel.parameters import BadParameterValue
from trunkline_media.parameters import RTP_PORT_RANGE, parse_port_range


def test_a_range_begins_even() -> None:
    assert parse_port_range("10000-39999") == (10_000, 39_999)


@pytest.mark.parametrize(
    "text", ["20000-10000", "10001-20000", "0-99", "10000", "10000-70000", "10000-20000 "]
)
def test_a_range_that_holds_no_pairs_is_refused_with_what_was_expected(text: str) -> None:
    with pytest.raises(BadParameterValue, match="FIRST even and below LAST"):
        RTP_PORT_RANGE.parse(text)
