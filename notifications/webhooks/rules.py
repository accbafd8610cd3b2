"""Which addresses may be called, and when to call again: pure rules."""

import socket
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

URL_LENGTH = 1000
# The schedule that the Standard Webhooks specification suggests, its last wait cut so that the whole is 3 days.
RETRY_WAITS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=20, minutes=24, seconds=55),
)
CLAIM = timedelta(minutes=2)
# An endpoint that has answered nothing well for so long is switched off.
DISABLE_AFTER = timedelta(days=5)

NAT64 = ip_network("64:ff9b::/96")
LOCAL_SUFFIXES = (".localhost", ".local", ".internal", ".home.arpa")


def retry_at(now: datetime, *, attempts: int) -> datetime | None:
    """When to call again after that many failed calls (≥ 1); None: give up."""
    return now + RETRY_WAITS[attempts - 1] if attempts <= len(RETRY_WAITS) else None


def address_is_public(text: str) -> bool:
    """Whether an IP address belongs to the public internet, also where it wraps an IPv4 address in itself."""
    address: IPv4Address | IPv6Address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo and address.teredo[1])
        if inner is None and address in NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner:
            return address_is_public(str(inner))
        if address.is_site_local:
            return False
    return address.is_global and not address.is_multicast


def split_url(url: str) -> SplitResult | None:
    """The parts of an http(s) address with a host and no credentials; None for anything else."""
    if len(url) > URL_LENGTH or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return None
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        return None
    return parts if usable and "@" not in parts.netloc else None


def host_is_plainly_private(host: str) -> bool:
    """Whether a host can be refused without asking the DNS: local names, private addresses in any notation.

    A name that resolves to a private address passes here; it is refused whenever it is called.
    """
    host = host.rstrip(".").lower()
    if host == "localhost" or host.endswith(LOCAL_SUFFIXES):
        return True
    try:
        found = socket.getaddrinfo(host, None, flags=socket.AI_NUMERICHOST, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return not all(address_is_public(str(entry[4][0])) for entry in found)
