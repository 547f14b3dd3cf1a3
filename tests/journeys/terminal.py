"""A publisher at a terminal: signing `certport` in, and a working copy that is pushed."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
from dulwich import porcelain

from tests.certport.conftest import Certport
from tests.journeys.people import Journey
from tests.journeys.stack import PATIENCE_SECONDS

BRANCH = "dev"


def sign_in(certport: Certport, journey: Journey, *arguments: str) -> None:
    """Type the code where the command says, in the browser of the owner."""
    owner = journey.owner
    with certport.started("login", "--url", certport.url, *arguments, patience=PATIENCE_SECONDS) as process:
        said = ""
        while not (code := re.search(r"type\s+([B-Z]{4}-[B-Z]{4})", said)):
            line = process.stderr.readline()
            assert line, said
            said += line
        assert f"Open {certport.url}/account/device/" in said
        owner.get("/account/device/")
        if "reauthenticate" in owner.where:
            owner.send("", {"password": owner.password})
        owner.send("", {"code": code[1]})
        owner.send("", {"answer": "agree"})
        assert "is signed in" in owner.page
        out, rest = process.communicate(timeout=60)
    assert process.returncode == 0, said + rest
    assert owner.email in out


@dataclass
class Checkout:
    """A working copy and where it is pushed to: by `git` where the machine has it, else by dulwich."""

    folder: Path
    remote: str

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        if shutil.which("git"):
            self._git("init", "--quiet", "--initial-branch", BRANCH)
        else:
            porcelain.init(str(self.folder))

    def push(self, files: Mapping[str, bytes], message: str) -> str:
        """Commit these files over what is there and push; the commit's id."""
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        if shutil.which("git"):
            self._git("add", "--all")
            self._git("commit", "--quiet", "--message", message)
            self._git("push", "--quiet", self.remote, f"HEAD:refs/heads/{BRANCH}")
            return self._git("rev-parse", "HEAD")
        return self._push_without_git(message)

    def _git(self, *arguments: str) -> str:
        """Without the settings of the machine, and without anybody to ask for a password."""
        person = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER")
                  for what, value in (("NAME", "Astrid Quay"), ("EMAIL", "astrid@harbour.example"))}  # fmt: skip
        alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0"}
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder), "NO_PROXY": "*", **alone, **person},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def _push_without_git(self, message: str) -> str:
        porcelain.add(str(self.folder))
        who = b"Astrid Quay <astrid@harbour.example>"
        sha = porcelain.commit(str(self.folder), message=message.encode(), author=who, committer=who)
        porcelain.push(str(self.folder), self.remote, f"HEAD:refs/heads/{BRANCH}")
        return sha.decode()


def tell(hook: Mapping[str, str], sha: str) -> None:
    """What the repository's server sends after a push, signed as Gitea does."""
    body = json.dumps({"ref": f"refs/heads/{BRANCH}", "after": sha}).encode()
    signature = hmac.new(hook["secret"].encode(), body, hashlib.sha256).hexdigest()
    headers = {
        "X-Gitea-Delivery": sha,
        "X-Gitea-Event": "push",
        "X-Hub-Signature-256": f"sha256={signature}",
    }
    answer = httpx.post(hook["address"], content=body, headers=headers, trust_env=False, timeout=30)
    assert answer.status_code == 202, answer.text
