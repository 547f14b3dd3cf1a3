"""Signing a build in without a secret: its service's ID token, exchanged for a token of minutes.

GitHub Actions hands one out for every question (`permissions: id-token: write`); GitLab puts one into a
variable (`id_tokens: CERTPORT_ID_TOKEN`), and the portal takes each once.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import httpx

from portal.certport import credentials
from portal.certport.api.operations import Api
from portal.certport.problems import CommandFailed, Exit
from portal.certport.transport import Transport

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:token-exchange"
ID_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:id_token"  # noqa: S105 - the name of a kind of token
_GITHUB_URL, _GITHUB_TOKEN = "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
_VARIABLE = "CERTPORT_ID_TOKEN"
_ADVICE = [
    "GitHub Actions: permissions: id-token: write",
    "GitLab CI/CD: id_tokens: CERTPORT_ID_TOKEN: aud: (the portal's address)",
]


def is_offered() -> bool:
    """Whether this is a build whose service vouches for it."""
    return bool(os.environ.get(_VARIABLE) or (os.environ.get(_GITHUB_URL) and os.environ.get(_GITHUB_TOKEN)))


def sign_in(address: str, connector: str = "") -> credentials.SignIn:
    """Exchange the build's ID token; the sign-in is kept for the job's next commands, until it ends."""
    issued = Api(Transport(address)).oauth_exchange_create(
        {
            "grant_type": GRANT_TYPE,
            "subject_token": _id_token(address),
            "subject_token_type": ID_TOKEN_TYPE,
            "connector": connector,
        }
    )
    own = Api(Transport(address, issued["access_token"])).token_retrieve()
    ends = datetime.now(UTC) + timedelta(seconds=issued["expires_in"])
    made = credentials.SignIn(issued["access_token"], own["email"], ends.isoformat())
    credentials.keep(address, made)
    return made


def _id_token(address: str) -> str:
    given = os.environ.get(_VARIABLE, "").strip()
    return given or _from_github(address)


def _from_github(address: str) -> str:
    url, token = os.environ.get(_GITHUB_URL, ""), os.environ.get(_GITHUB_TOKEN, "")
    if not (url and token):
        raise CommandFailed("This build has no ID token.", Exit.SIGNED_OUT, details=_ADVICE)
    try:
        answer = httpx.get(
            httpx.URL(url).copy_merge_params({"audience": address}),
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
            timeout=30,
            follow_redirects=False,
        )
        answer.raise_for_status()
        return str(answer.json()["value"])
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
        # Neither address nor answer is shown: both are good for a token.
        raise CommandFailed(
            f"The build service gives no ID token ({type(error).__name__}).", Exit.SERVER, details=_ADVICE[:1]
        ) from None
