"""Which portal, as whom, for which connector: arguments, environment, `certport.toml`, stored sign-ins."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from portal.certport import credentials, identity
from portal.certport.api.operations import Api
from portal.certport.output import moment, output
from portal.certport.problems import CommandFailed, Exit
from portal.certport.transport import Transport, check_address

FILE_NAME = "certport.toml"
_WARN_BEFORE = timedelta(days=3)
_NEARLY_OVER = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Project:
    """What `certport.toml` says; `folder` is where it lies."""

    folder: Path
    url: str = ""
    connector: str = ""
    package: str = "."


def project() -> Project:
    """The nearest `certport.toml` in this folder or one above it; without one, an empty one for here."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        file = folder / FILE_NAME
        if file.is_file():
            return _read(file)
    return Project(here)


def _read(file: Path) -> Project:
    try:
        given = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise CommandFailed(f"{file} cannot be read: {error}", Exit.USAGE) from error
    known = {"url", "connector", "package"}
    for name, value in given.items():
        if name not in known or not isinstance(value, str):
            raise CommandFailed(
                f"{file}: “{name}” is not understood; there are {', '.join(sorted(known))}.", Exit.USAGE
            )
    return Project(file.parent, **given)


def chosen_url(given: str = "") -> str:
    """The portal: --url or CERTPORT_URL, else the project's, else the one signed in to last."""
    url = given or os.environ.get("CERTPORT_URL", "") or project().url or credentials.last_url()
    if not url:
        raise CommandFailed(
            "Which portal? Give --url, or set CERTPORT_URL.",
            Exit.USAGE,
            details=["For good: certport login --url https://portal.example"],
        )
    return check_address(url)


def connect(given_url: str = "", connector: str = "") -> Api:
    """The API, signed in. `connector` is what a build wants a token for, else the project's."""
    url = chosen_url(given_url)
    token = os.environ.get("CERTPORT_TOKEN", "").strip()
    if token:
        # A file in somebody's repository must not choose who gets the token of a build.
        if not (given_url or os.environ.get("CERTPORT_URL")):
            raise CommandFailed(
                "CERTPORT_TOKEN goes to a portal that you name: set CERTPORT_URL.", Exit.USAGE
            )
        return Api(Transport(url, token))
    stored = credentials.find(url)
    if (stored is None or _has_ended(stored)) and identity.is_offered():
        # The same for the word of a build: it is worth a token to whoever gets it.
        if not (given_url or os.environ.get("CERTPORT_URL")):
            raise CommandFailed(
                "A build's ID token goes to a portal that you name: set CERTPORT_URL.", Exit.USAGE
            )
        stored = identity.sign_in(url, connector or project().connector)
        return Api(Transport(url, stored.token))
    if stored is None:
        raise CommandFailed(f"You are not signed in to {url}.", Exit.SIGNED_OUT, details=["certport login"])
    _warn_of_the_end(stored)
    return Api(Transport(url, stored.token))


def _has_ended(stored: credentials.SignIn) -> bool:
    """A little before it does, so that a command does not lose it on its way."""
    return datetime.fromisoformat(stored.expires_at) - datetime.now(UTC) < _NEARLY_OVER


def _warn_of_the_end(stored: credentials.SignIn) -> None:
    left = datetime.fromisoformat(stored.expires_at) - datetime.now(UTC)
    if timedelta(0) < left < _WARN_BEFORE:
        output.note(f"This sign-in ends {moment(stored.expires_at)}: certport renew")
