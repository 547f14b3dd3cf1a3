"""A build service on this machine: keys of its own, ID tokens as GitHub and GitLab word them."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.core.cache import cache
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from tests.runtime.servers import Backend, Received, as_json, backend

HOST = "builds.harbour.example"
URL = f"https://{HOST}"
PORTAL = "https://portal.harbour.example"


def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def public(key: Any, key_id: str, **more: str) -> dict[str, Any]:
    kind = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
    return {**json.loads(kind.to_jwk(key.public_key())), "kid": key_id, "use": "sig", **more}


RSA_KEY, EC_KEY, OTHER_KEY = rsa_key(), ec.generate_private_key(ec.SECP256R1()), rsa_key()


@dataclass
class LocalIssuer:
    """`keys` are the published ones; `server` says how often it was asked."""

    server: Backend | None = None
    described_as: str = URL
    keys: list[dict[str, Any]] = field(default_factory=lambda: [public(RSA_KEY, "rsa"), public(EC_KEY, "ec")])

    def answer(self, received: Received) -> tuple[int, dict[str, str], bytes]:
        if received.path == "/.well-known/openid-configuration":
            return as_json({"issuer": self.described_as, "jwks_uri": f"{URL}/jwks"})
        return as_json({"keys": self.keys}) if received.path == "/jwks" else as_json({}, 404)


@contextmanager
def local_issuer(settings: Any, kind: str = "github", audience: str = PORTAL) -> Iterator[LocalIssuer]:
    made = LocalIssuer()
    with backend(made.answer) as server:
        made.server = server
        settings.EGRESS_LOCAL_HOSTS = [f"{HOST}=127.0.0.1:{server.port}"]
        settings.TRUSTED_ISSUERS = [f"{kind}={URL}"]
        settings.SITE_URL = audience
        cache.clear()
        yield made


def github_claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    claims = {
        "iss": URL,
        "aud": PORTAL,
        "sub": "repo:harbour/tides:ref:refs/tags/v1.0",
        "jti": str(uuid.uuid4()),
        "iat": now,
        "nbf": now,
        "exp": now + 300,
        "repository": "harbour/tides",
        "repository_id": "4711",
        "repository_owner": "harbour",
        "repository_owner_id": "17",
        "workflow_ref": "harbour/tides/.github/workflows/release.yml@refs/tags/v1.0",
        "ref": "refs/tags/v1.0",
        "event_name": "push",
        "run_id": "99",
        "sha": "a" * 40,
    }
    return {name: value for name, value in {**claims, **changes}.items() if value is not None}


def gitlab_claims(**changes: Any) -> dict[str, Any]:
    kept = {name: github_claims()[name] for name in ("iss", "aud", "jti", "iat", "nbf", "exp", "ref", "sha")}
    claims = {
        **kept,
        "sub": "project_path:harbour/tides:ref_type:tag:ref:v1.0",
        "project_path": "harbour/tides",
        "project_id": "4711",
        "namespace_id": "17",
        "ci_config_ref_uri": f"{HOST}/harbour/tides//.gitlab-ci.yml@refs/tags/v1.0",
        "ref": "v1.0",
        "ref_path": "refs/tags/v1.0",
        "pipeline_source": "push",
        "pipeline_id": "99",
    }
    return {name: value for name, value in {**claims, **changes}.items() if value is not None}


def signed(
    claims: dict[str, Any],
    *,
    key: Any = RSA_KEY,
    key_id: str = "rsa",
    algorithm: str = "RS256",
    **header: Any,
) -> str:
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": key_id, **header})


def id_token(**changes: Any) -> str:
    return signed(github_claims(**changes))
