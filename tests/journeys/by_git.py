"""A full life of a connector whose publisher does nothing but `git push` and `certport`."""

from __future__ import annotations

import datetime as dt
import io
import json
import zipfile
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from tests.certport.conftest import Certport
from tests.journeys.geography import ROLLOUT_REGIONS
from tests.journeys.people import INTRO, Journey, package
from tests.journeys.stack import GIT_HOST, wait_until
from tests.journeys.terminal import BRANCH, Checkout, sign_in, tell
from tests.repositories.origins import TOKEN, USER, Origin, over_http

FOLDER = "connectors/tides"
PATH = "/harbour/all.git"
FORM = """
categories = ["Data"]
tester_notes = "Use the sandbox. Harbour 17 always has data."
change_notes = "Adds the water level."
intro = {intro}

[[contacts]]
role = "primary"
name = "Ada Quay"
email = "{email}"

[[contacts]]
role = "support"
name = "Support"
email = "support@harbour.example"

[[credentials]]
kind = "api_key"
purpose = "Sandbox"

[credentials.values]
key = {{ env = "SANDBOX_KEY" }}
"""


def package_files(content: bytes) -> dict[str, bytes]:
    """The package as it lies in the repository."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {f"{FOLDER}/{name}": archive.read(name) for name in archive.namelist()}


@dataclass
class Terminal:
    """What the publisher has open."""

    journey: Journey
    certport: Certport
    checkout: Checkout
    hook: dict[str, str]

    def run(self, *arguments: str, code: int = 0, patience: float = 90) -> Any:
        """The document of `certport … --json`."""
        ended = self.certport(*arguments, "--json", patience=patience, SANDBOX_KEY="sandbox-key-of-git")
        assert ended.code == code, f"{arguments}: {ended.code}\n{ended.out}{ended.said}"
        return ended.document

    def push(self, content: bytes, message: str) -> str:
        """Push, let the server of the repository tell of it, and wait until the portal lists the commit."""
        sha = self.checkout.push(package_files(content), message)
        tell(self.hook, sha)

        def is_listed() -> bool:
            return bool([row for row in self.run("repository", "commits") if row["sha"] == sha])

        wait_until(is_listed, f"the portal lists the commit “{message}”")
        return sha


def a_full_life_by_git_push_and_certport_alone(journey: Journey) -> None:
    folder = journey.stack.folder / f"terminal{journey.number}"
    folder.mkdir()
    origin = Origin.at(folder / "origin.git")
    with closing(origin.repo), over_http({PATH: origin}, port=journey.stack.git_port) as port:
        remote = f"http://{USER}:{TOKEN}@127.0.0.1:{port}{PATH}"
        terminal = Terminal(
            journey, Certport(folder, journey.stack.url), Checkout(folder / "checkout", remote), {}
        )
        _bind(terminal)
        _certify(terminal)
        _roll_out_to_the_last_region(terminal)
        _update_that_is_stopped_and_rolled_back(terminal)
        _retire(terminal)


def _bind(terminal: Terminal) -> None:
    journey, certport = terminal.journey, terminal.certport
    journey.found_team()
    sign_in(certport, journey, "--also", "team:write")
    team = terminal.run("whoami")["teams"][0]
    made = terminal.run("register", journey.name, "--team", team, "--host", "api.tides.example")
    journey.connector, journey.slug = made["id"], made["slug"]
    terminal.run("init", "--connector", journey.slug)
    form = FORM.format(intro=json.dumps(INTRO.format(name=journey.name)), email=journey.owner.email)
    (certport.folder / "form.toml").write_text(form)
    terminal.checkout.push(package_files(package(f"{journey.name} API")), "The first version")
    bound = certport(
        "repository", "bind", f"https://{GIT_HOST}{PATH}", "--branch", BRANCH, "--folder", FOLDER,
        "--user", USER, GIT_TOKEN=TOKEN,
    )  # fmt: skip
    assert bound.code == 0, bound.said
    terminal.hook = terminal.run("repository", "hook")
    wait_until(lambda: terminal.run("repository", "commits"), "the portal reads the repository")


def _certify(terminal: Terminal) -> None:
    """The first commit breaks a rule and the second mends it; a reviewer asks and is answered."""
    journey = terminal.journey
    # Whether the check or the hand-in was faster: there is an error, so the exit code is 1.
    terminal.run("repository", "take", "--from", "form.toml", "--watch", code=1)
    found = terminal.run("findings", code=1)["findings"]
    assert "INF-004" in {row["rule"] for row in found}
    sha = terminal.push(package(journey.name, "1.0.1"), "Mends the title")
    taken = terminal.run("repository", "take", sha)
    journey.submission = taken["id"]
    journey.reach("in_review")

    place = f"submissions/{journey.submission}/threads/"
    journey.reviewer.act(place, {"body": "Which coasts are covered?"})
    (asked,) = terminal.run("threads")
    terminal.run("reply", asked["id"], "Those of the north.")
    journey.reviewer.act(f"threads/{asked['id']}/resolve/")
    assert terminal.run("threads") == []
    _approve_and_sign_off(terminal)


def _approve_and_sign_off(terminal: Terminal) -> None:
    terminal.journey.decide("approve")
    tested = terminal.run("status", "--watch", "--interval", "0.5", patience=120)
    assert tested["state"] == "preview_testing"
    signed = terminal.run("signoff", "--checked", "connect", "--note", "Works.", "--knows-untested")
    assert signed["state"] == "signed_off"
    terminal.journey.reach("signed_off")
    terminal.journey.schedule()


def _roll_out_to_the_last_region(terminal: Terminal) -> None:
    journey = terminal.journey
    live = terminal.run("status", "--watch", "--interval", "1", patience=400)
    assert live["state"] == "live"
    told = {
        region["code"]: region["state"] for wave in live["rollout"]["waves"] for region in wave["regions"]
    }
    assert {code: told.get(code) for code in ROLLOUT_REGIONS} == dict.fromkeys(ROLLOUT_REGIONS, "verified")
    assert all(journey.effective(code)[-1]["version"] == "1.0.1" for code in ROLLOUT_REGIONS)
    assert "has_data" in terminal.run("health")


def _update_that_is_stopped_and_rolled_back(terminal: Terminal) -> None:
    journey = terminal.journey
    terminal.push(package(journey.name, "1.1.0"), "Adds the water level")
    taken = terminal.run("repository", "take", "--from", "form.toml")
    assert (taken["kind"], taken["version_label"]) == ("update", "1.1.0")
    journey.submission = taken["id"]
    journey.reach("in_review")
    _approve_and_sign_off(terminal)
    wait_until(
        lambda: any(journey.effective(code)[-1]["version"] == "1.1.0" for code in ROLLOUT_REGIONS),
        "the update reaches a region",
        step_seconds=0.1,
    )
    stopped = terminal.run("stop", "--reason", "A harbour shows the tides of another one.")
    assert stopped["state"] == "halted"
    terminal.run("rollback", "--reason", "Back to where we were.", "--yes")
    journey.reach("rolled_back")
    assert {journey.effective(code)[-1]["version"] for code in ROLLOUT_REGIONS} == {"1.0.1"}
    assert terminal.run("health")["connector"]


def _retire(terminal: Terminal) -> None:
    journey = terminal.journey

    def announced() -> bool:
        # The portal's day may end between here and there: then the next one is asked for.
        today = dt.datetime.now(dt.UTC).date().isoformat()
        text = "The harbours have a service of their own by now: use that."
        ended = terminal.certport("retire", "--on", today, "--reason", text, "--yes")
        assert ended.code in (0, 2), ended.said
        return ended.code == 0

    wait_until(announced, "the end is announced")
    assert terminal.run("connectors")[0]["state"] == "deprecated"
    # Its turn comes every quarter of an hour.
    tick = '["certification.tasks.complete_notices"]'
    journey.stack.run("-m", "celery", "-A", "portal.celery", "call", "portal.tick", "--args", tick)
    wait_until(lambda: terminal.run("connectors")[0]["state"] == "retired", "the connector retires")
    refused = terminal.certport("repository", "take")
    assert refused.code in (1, 4, 5), refused.said
