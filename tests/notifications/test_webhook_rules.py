"""Which addresses may be called, and when."""

from datetime import UTC, datetime, timedelta

import pytest

from notifications.webhooks import rules

NOW = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fc00::1",
        "fec0::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:0:0:0:0:0:80ff:fffe",
    ],
)
def test_an_address_inside_is_not_public(address):
    assert not rules.address_is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "64:ff9b::101:101"])
def test_an_address_outside_is_public(address):
    assert rules.address_is_public(address)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "a.localhost",
        "LOCALHOST.",
        "x.internal",
        "127.1",
        "2130706433",
        "0x7f.1",
        "::1",
        "fe80::1",
    ],
)
def test_a_local_host_is_known_without_the_dns(host):
    assert rules.host_is_plainly_private(host)


@pytest.mark.parametrize("host", ["example.com", "1.1.1.1", "hooks.example.co.uk"])
def test_a_public_host_passes(host):
    assert not rules.host_is_plainly_private(host)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "ftp://example.com/",
        "http://",
        "http:///path",
        "http://user:pass@example.com/",
        "http://user@example.com/",
        "http://example.com:0/",
        "http://example.com:99999/",
        "http://[::1/",
        "http://exa mple.com/",
        "http://example.com\\@127.0.0.1/",
        "http://exämple.com/",
        "http://example.com/\r\nX-Evil: 1",
        "javascript:alert(1)",
        "http://example.com/" + "a" * 1000,
    ],
)
def test_what_is_no_web_address_is_refused(url):
    assert rules.split_url(url) is None


def test_the_retries_span_three_days_and_end():
    assert sum(rules.RETRY_WAITS, timedelta()) == timedelta(days=3)
    at = NOW
    for attempt in range(1, len(rules.RETRY_WAITS) + 1):
        later = rules.retry_at(at, attempts=attempt)
        assert later > at
        at = later
    assert rules.retry_at(at, attempts=len(rules.RETRY_WAITS) + 1) is None
