"""Signing in and out."""

from __future__ import annotations

import os
import platform
import time
import webbrowser
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from portal.certport import credentials, identity
from portal.certport.api import shapes
from portal.certport.api.operations import Api
from portal.certport.arguments import AsJson, Url
from portal.certport.output import moment, output
from portal.certport.problems import CommandFailed, Exit, Problem, Unreachable
from portal.certport.settings import chosen_url, connect, project
from portal.certport.transport import Transport

_GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
# What the portal gives when nothing is asked for; named only when something is asked for besides.
_USUAL_SCOPES = ("read", "connectors:write", "submissions:write", "reviews:write", "rollouts:write")
_ENDS = {
    "access_denied": "Refused in the portal.",
    "expired_token": "The code has ended. Start again: certport login",
    "invalid_grant": "The portal does not know this sign-in any more. Start again: certport login",
}


def login(
    url: Url = "",
    name: Annotated[str, typer.Option(metavar="TEXT", help="How the portal lists this sign-in.")] = "",
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", metavar="NAME", help="Ask for these scopes only; repeat it for several."),
    ] = None,
    also: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Ask for these besides the usual ones, such as team:write."),
    ] = None,
    browser: Annotated[bool, typer.Option(help="Open the page of the portal.")] = True,
    oidc: Annotated[
        bool, typer.Option("--oidc", help="As a trusted publisher, by the build's own ID token.")
    ] = False,
    connector: Annotated[
        str,
        typer.Option("--connector", "-c", metavar="SLUG", help="With --oidc: a token for this connector."),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Sign in: type a code in the portal, once for each machine."""
    address = chosen_url(url)
    if oidc:
        _log_in_as_build(address, url, connector)
        return
    api = Api(Transport(address))
    # The machine's name, so that it is recognised in the list of tokens.
    asked: shapes.DeviceAuthorizationRequest = {
        "client_id": (name or f"certport on {platform.node() or 'a computer'}")[:80],
        "scope": " ".join(_wanted(scope or [], also or [])),
    }
    codes = api.oauth_device_create(asked)
    output.note(f"Open {codes['verification_uri']}")
    output.note(f"and type  {codes['user_code']}")
    # What the portal names is opened only as a page.
    is_page = codes["verification_uri"].startswith(("https://", "http://"))
    if browser and is_page and output.is_terminal:
        webbrowser.open(codes["verification_uri"])
    own = _keep(address, _wait(api, codes))
    output.say(f"Signed in to {address} as {own['email']} until {moment(own['expires_at'])}.", "green")
    output.document({"url": address, **own})


def _wanted(scopes: list[str], also: list[str]) -> list[str]:
    """Empty where the portal chooses."""
    return [*(scopes or _USUAL_SCOPES), *also] if scopes or also else []


def _log_in_as_build(address: str, given_url: str, connector: str) -> None:
    if not (given_url or os.environ.get("CERTPORT_URL")):
        raise CommandFailed("Name the portal with --url or CERTPORT_URL.", Exit.USAGE)
    made = identity.sign_in(address, connector or project().connector)
    own = Api(Transport(address, made.token)).token_retrieve()
    output.say(f"Signed in to {address} as a trusted publisher until {moment(made.expires_at)}.", "green")
    output.document({"url": address, **own})


def _wait(api: Api, codes: shapes.DeviceCodes) -> shapes.IssuedToken:
    """Ask as often as the portal allows, until there is an answer."""
    pause = float(codes["interval"])
    end = time.monotonic() + codes["expires_in"]
    while time.monotonic() < end:
        time.sleep(pause)
        try:
            return api.oauth_token_create({"grant_type": _GRANT_TYPE, "device_code": codes["device_code"]})
        except Unreachable:
            # The person is still typing: a network that shakes ends nothing.
            continue
        except Problem as problem:
            if problem.code == "slow_down" or problem.is_passing:
                pause += 5
            elif problem.code != "authorization_pending":
                message = _ENDS.get(problem.code, problem.message)
                raise CommandFailed(message, Exit.SIGNED_OUT) from problem
    raise CommandFailed(_ENDS["expired_token"], Exit.SIGNED_OUT)


def _keep(address: str, issued: shapes.IssuedToken) -> shapes.OwnToken:
    token = issued["access_token"]
    own = Api(Transport(address, token)).token_retrieve()
    expires_at = datetime.now(UTC) + timedelta(seconds=issued["expires_in"])
    credentials.keep(address, credentials.SignIn(token, own["email"], expires_at.isoformat()))
    return own


def logout(url: Url = "", as_json: AsJson = False) -> None:
    """End this machine's sign-in, here and in the portal."""
    address = chosen_url(url)
    stored = credentials.find(address)
    if stored is None:
        raise CommandFailed(f"You are not signed in to {address}.", Exit.SIGNED_OUT)
    try:
        Api(Transport(address, stored.token)).token_destroy()
    except Problem as problem:
        # Ended in the portal already: then only this machine has to forget it.
        if problem.status != 401:
            raise
    credentials.forget(address)
    output.say(f"Signed out of {address}.")
    output.document({"url": address, "signed_in": False})


def whoami(url: Url = "", as_json: AsJson = False) -> None:
    """Who you are in the portal, and what this sign-in may do."""
    address = chosen_url(url)
    own = connect(url).token_retrieve()
    output.document({"url": address, **own})
    output.table(
        ["Portal", address],
        [
            ["Person", f"{own['person']} <{own['email']}>"],
            ["Teams", ", ".join(own["teams"])],
            ["May", ", ".join(own["scopes"])],
            ["Until", moment(own["expires_at"])],
        ],
    )


def renew(url: Url = "", as_json: AsJson = False) -> None:
    """Replace the token of this sign-in by a new one that lives as long again."""
    if os.environ.get("CERTPORT_TOKEN"):
        raise CommandFailed(
            "CERTPORT_TOKEN is not kept by certport: make another one in the portal.", Exit.USAGE
        )
    address = chosen_url(url)
    _keep(address, connect(url).token_renew_create())
    stored = credentials.find(address)
    until = stored.expires_at if stored else ""
    output.say(f"Renewed: good until {moment(until)}.", "green")
    output.document({"url": address, "expires_at": until})
