"""What peers are told to send to."""

from trunkline_media.addresses import LocalAddresses
from trunkline_media.domain.session import LocalAddress


def test_what_is_advertised_wins_over_what_is_bound() -> None:
    addresses = LocalAddresses(["10.0.0.5"], ["203.0.113.1"])

    assert addresses.towards("198.51.100.7") == LocalAddress(0, "203.0.113.1")


def test_a_bound_address_is_told_as_it_is() -> None:
    assert LocalAddresses(["127.0.0.3"]).towards(None) == LocalAddress(0, "127.0.0.3")


def test_a_peer_on_this_machine_is_told_the_loopback_address() -> None:
    assert LocalAddresses(["0.0.0.0"]).towards("127.0.0.1") == LocalAddress(0, "127.0.0.1")  # noqa: S104


def test_a_peer_gets_an_address_of_its_ip_version() -> None:
    addresses = LocalAddresses(["127.0.0.1", "::1"])

    assert addresses.towards("2001:db8::7") == LocalAddress(1, "::1")
