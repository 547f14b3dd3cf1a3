"""Who answers for the connector: `info` itself, its contact and licence."""

from __future__ import annotations

from collections.abc import Iterator

from certification.rules import wording
from certification.rules.checks.addresses import is_web_address
from certification.rules.findings import Hit
from certification.rules.registry import rule
from certification.rules.walk import Node

_INFO_MEMBERS = frozenset(("title", "description", "termsOfService", "contact", "license", "version"))


@rule("INF-017", on="info")
def unknown_member(info: Node) -> Iterator[Hit]:
    for key in info.value:
        if key not in _INFO_MEMBERS and not key.startswith("x-"):
            yield info.hit(key, value=key, at_key=True)


@rule("INF-020", on="info")
def contact_missing(info: Node) -> Iterator[Hit]:
    if not isinstance(info.value.get("contact"), dict):
        yield info.hit("contact") if "contact" in info.value else info.hit()


@rule("INF-021", on="contact")
def contact_field_missing(contact: Node) -> Iterator[Hit]:
    for key in ("name", "url", "email"):
        if not contact.text(key).strip():
            yield contact.hit(*([key] if key in contact.value else []), value=key)


@rule("INF-022", on="contact", key="email")
def email_invalid(contact: Node, key: str) -> Iterator[Hit]:
    address = contact.text(key)
    if address.strip() and not wording.is_email(address):
        yield contact.hit(key)


@rule("INF-023", on="contact", key="url")
def contact_url_invalid(contact: Node, key: str) -> Iterator[Hit]:
    address = contact.text(key)
    if address.strip() and not is_web_address(address):
        yield contact.hit(key)


@rule("INF-026", on="license", key="url")
def license_url_invalid(license_: Node, key: str) -> Iterator[Hit]:
    address = license_.value[key]
    if not isinstance(address, str) or not is_web_address(address):
        yield license_.hit(key)
