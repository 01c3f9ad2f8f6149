"""Which certificate proves which domain (RFC 5922 section 7)."""

import pytest
from trunkline_signaling.transport.domains import proves


def certificate(*names: tuple[str, str]) -> dict[str, object]:
    return {"subject": ((("commonName", "sip.example.com"),),), "subjectAltName": names}


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        (("URI", "sip:example.com"), "example.com"),
        (("DNS", "sip.example.com"), "sip.example.com"),
        (("DNS", "SIP.Example.COM"), "sip.example.com"),
        (("DNS", "example.com"), "example.com."),
        (("IP Address", "192.0.2.7"), "192.0.2.7"),
        (("IP Address", "2001:DB8:0:0:0:0:0:1"), "2001:db8::1"),
    ],
    ids=["URI", "DNS", "in any case", "root's dot", "IPv4", "IPv6"],
)
def test_rfc5922_a_name_proves_its_domain(name: tuple[str, str], domain: str) -> None:
    assert proves(certificate(name), domain)


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        (("DNS", "*.example.com"), "sip.example.com"),
        (("DNS", "example.com"), "sip.example.com"),
        (("URI", "sip:alice@example.com"), "example.com"),
        (("URI", "sips:example.com"), "example.com"),
        (("URI", "https://example.com"), "example.com"),
        (("URI", "sip:<<"), "example.com"),
        (("email", "example.com"), "example.com"),
        (("DNS", "example.org"), "sip.example.com"),
    ],
    ids=["wildcard", "parent", "a user's", "sips", "web", "broken", "mail", "only the common name"],
)
def test_rfc5922_no_other_name_does(name: tuple[str, str], domain: str) -> None:
    assert not proves(certificate(name), domain)
