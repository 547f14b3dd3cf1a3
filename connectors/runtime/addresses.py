"""Which network addresses a call may go to: public ones, written plainly, and nothing else."""

from __future__ import annotations

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Beyond what `is_global` knows: ways to reach IPv4 through IPv6, and what older tables call global.
_REFUSED = tuple(
    (ipaddress.ip_network(network), what)
    for network, what in (
        ("0.0.0.0/8", "this network"),
        ("100.64.0.0/10", "a carrier's private network"),
        ("168.63.129.16/32", "a cloud platform's own service"),
        ("192.0.0.0/24", "a protocol assignment"),
        ("192.88.99.0/24", "a 6to4 relay"),
        ("198.18.0.0/15", "a test network"),
        ("240.0.0.0/4", "a reserved network"),
        ("::/96", "an IPv4 address in IPv6 form"),
        ("::ffff:0:0/96", "an IPv4 address in IPv6 form"),
        ("::ffff:0:0:0/96", "an IPv4 address in IPv6 form"),
        ("64:ff9b::/96", "a translated IPv4 address"),
        ("64:ff9b:1::/48", "a translated IPv4 address"),
        ("100::/64", "a discarded network"),
        ("2001::/23", "a protocol assignment"),
        ("2001:db8::/32", "an example network"),
        ("2002::/16", "a 6to4 address"),
        ("3fff::/20", "an example network"),
        ("5f00::/16", "a routing segment"),
        ("fc00::/7", "a private network"),
        ("fe80::/10", "a link-local address"),
        ("fec0::/10", "a site-local address"),
    )
)
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})


def why_refused(address: Address) -> str:
    """What the address is, when a call may not go there; "" for a public one."""
    for network, what in _REFUSED:
        if address.version == network.version and address in network:
            return what
    if address.is_loopback:
        return "this machine"
    if address.is_multicast:
        return "a multicast group"
    if address.is_link_local:
        return "a link-local address"
    if address.is_unspecified or address.is_reserved:
        return "a reserved address"
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            return "a link-local address"
        if (int(address) >> 32) & 0xFFFFFFFF in _ISATAP:
            return "a tunnelled IPv4 address"
    return "" if address.is_global else "a private network"


def literal(host: str) -> Address | None:
    """The address that `host` is written as; None for a name. Raises ValueError for the old forms.

    2130706433, 0x7f.1 and 017700000001 are addresses to a resolver but not to a reader.
    """
    name = host.strip("[]")
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        pass
    last = name.rstrip(".").rsplit(".", 1)[-1].lower()
    if last.isdigit() or last.startswith("0x") or ":" in name:
        raise ValueError(f"“{host[:80]}” is neither a host name nor a plain address")
    return None
