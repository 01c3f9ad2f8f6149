"""Owners keep their sessions by signs of life."""

from trunkline_media.domain.leases import Leases


def test_an_owner_that_is_heard_of_in_time_keeps_its_lease() -> None:
    leases = Leases()
    leases.hear("signaling-0", "1", now=0)
    leases.hear("signaling-0", "1", now=29)

    assert list(leases.lapsed(now=58)) == []
    assert list(leases.lapsed(now=59)) == ["signaling-0"]


def test_a_lapsed_owner_is_named_once() -> None:
    leases = Leases()
    leases.hear("signaling-0", "1", now=0)
    list(leases.lapsed(now=30))

    assert list(leases.lapsed(now=60)) == []


def test_another_epoch_is_a_new_life() -> None:
    leases = Leases()

    assert not leases.hear("signaling-0", "1", now=0)
    assert not leases.hear("signaling-0", "1", now=1)
    assert leases.hear("signaling-0", "2", now=2)
