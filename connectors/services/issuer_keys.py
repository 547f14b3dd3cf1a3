"""The public keys of build services: fetched through the one way out, kept for an hour.

A key that is not known yet is asked for at once, so that issuers may change keys whenever they like; but not
more often than once a minute, so that invented key ids cause no traffic.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import structlog
from django.core.cache import cache
from django.utils.translation import gettext as _

from connectors.identity import Issuer, usable_keys
from connectors.runtime.egress import Outgoing
from connectors.runtime.errors import CallFailed, EgressRefused
from connectors.services.calls import egress
from portal.shared.errors import Unavailable

log = structlog.get_logger(__name__)
KEEP_SECONDS = 3600
# While the issuer cannot be reached, keys that were good an hour ago are good for a day.
_KEEP_AT_MOST_SECONDS = 24 * 3600
_AGAIN_SECONDS = 60
_DISCOVERY = "/.well-known/openid-configuration"

Keys = list[dict[str, Any]]


def keys_of(issuer: Issuer, key_id: str) -> Keys:
    """The issuer's signing keys, with `key_id` among them if it has one. Never inside a transaction.

    Raises Unavailable when nothing is known and the issuer does not answer.
    """
    name = f"issuer-keys:{hashlib.sha256(issuer.url.encode()).hexdigest()}"
    kept: Keys | None = cache.get(f"{name}:keys")
    is_fresh = cache.get(f"{name}:fresh") is not None
    if kept is not None and is_fresh and any(key["kid"] == key_id for key in kept):
        return kept
    # One question a minute, whoever asks: `add` is true for the first only.
    if kept is not None and not cache.add(f"{name}:asked", True, _AGAIN_SECONDS):
        return kept
    try:
        found = _fetch(issuer)
    except (EgressRefused, CallFailed, ValueError) as error:
        log.warning("issuer_keys_unreachable", issuer=issuer.url, error=type(error).__name__)
        if kept is not None:
            return kept
        said = _("The keys of %(issuer)s cannot be fetched: try again.") % {"issuer": issuer}
        raise Unavailable(said) from error
    cache.set(f"{name}:keys", found, _KEEP_AT_MOST_SECONDS)
    cache.set(f"{name}:fresh", True, KEEP_SECONDS)
    return found


def _fetch(issuer: Issuer) -> Keys:
    about = _document(issuer.url.rstrip("/") + _DISCOVERY)
    if about.get("issuer") != issuer.url or not isinstance(about.get("jwks_uri"), str):
        raise ValueError("the issuer describes another one")
    found = usable_keys(_document(about["jwks_uri"]))
    if not found:
        raise ValueError("the issuer has no usable key")
    return found


def _document(url: str) -> Mapping[str, Any]:
    answer = egress().send(Outgoing("GET", url, (("Accept", "application/json"),)))
    if answer.status != 200 or answer.is_cut or answer.problem:
        raise ValueError(f"answered {answer.status}")
    found = json.loads(answer.body)
    if not isinstance(found, dict):
        raise ValueError("no object")
    return found
