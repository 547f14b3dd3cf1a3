"""Which addresses an administrator may enter for a region."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def check_base_url(url: str, *, allow_insecure: bool) -> None:
    """Raise ValueError, saying what to do, unless `url` may be used as a region's base address.

    Regions may live in private networks, so private addresses are allowed; loopback and plain http only with
    `allow_insecure` (the trial on one machine). Link-local addresses are never allowed: cloud metadata
    services with credentials answer there.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("This is not a web address: enter one like https://region.example/agent.") from None
    if url != url.strip() or any(ord(character) < 33 or ord(character) > 126 for character in url):
        raise ValueError("Remove spaces, line breaks and non-ASCII characters (use the punycode host name).")
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ValueError("Enter an address that starts with https:// and names a host.")
    if parts.username is not None or parts.password is not None:
        raise ValueError("Remove the user name and password: the token is entered in its own field.")
    if parts.query or parts.fragment or "?" in url or "#" in url:
        raise ValueError("Remove everything from '?' or '#' on: the portal adds its own paths.")
    if any(segment in (".", "..") for segment in parts.path.split("/")) or "\\" in url or "%" in url:
        raise ValueError("Write the path plainly, without '..', backslashes or percent signs.")
    if port == 0:
        raise ValueError("Port 0 cannot be called: enter the port the region listens on.")
    _check_host(parts.hostname, allow_insecure=allow_insecure)
    if parts.scheme == "http" and not allow_insecure:
        raise ValueError("Use https: over plain http the region's token could be read on the way.")


def _check_host(host: str, *, allow_insecure: bool) -> None:
    name = host.rstrip(".").lower()
    address = _literal(name)
    if address is None:
        if name == "localhost" or name.endswith(".localhost"):
            _refuse_loopback(allow_insecure)
        return
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    if address.is_loopback:
        _refuse_loopback(allow_insecure)
    elif address.is_link_local or address.is_multicast or address.is_unspecified or address.is_reserved:
        raise ValueError(
            "This address cannot belong to a region: enter the region's own host name or address."
        )


def _literal(name: str) -> Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        pass
    # Old forms such as 2130706433, 0x7f.1 or 017700000001 are addresses to the resolver but not to a reader.
    last = name.rsplit(".", 1)[-1]
    if last.isdigit() or last.startswith("0x"):
        raise ValueError("Write the numeric address in full, like 203.0.113.7, or use a host name.")
    return None


def _refuse_loopback(allow_insecure: bool) -> None:
    if not allow_insecure:
        raise ValueError("This address is the portal's own machine: enter the region's host name instead.")
