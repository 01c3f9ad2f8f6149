"""Cutting what is ready into messages: nothing is lost or moved, and no message is too large."""

from hypothesis import given
from hypothesis import strategies as st
from trunkline_kernel.rpc.batch import MAX_BATCH_BYTES, MAX_BATCH_FRAMES, batches


@given(st.lists(st.integers(0, MAX_BATCH_BYTES * 2), max_size=40))
def test_items_stay_in_order_and_only_a_lone_one_is_larger_than_a_message(sizes: list[int]) -> None:
    cut = list(batches(sizes, lambda size: size))

    assert [size for batch in cut for size in batch] == sizes
    assert all(len(batch) == 1 or sum(batch) <= MAX_BATCH_BYTES for batch in cut)


def test_a_message_holds_so_many_frames_and_no_more() -> None:
    cut = list(batches([1] * (2 * MAX_BATCH_FRAMES + 1), lambda size: size))

    assert list(map(len, cut)) == [MAX_BATCH_FRAMES, MAX_BATCH_FRAMES, 1]
