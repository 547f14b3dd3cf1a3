"""A pull request in a repository with many connectors: from the webhook to the answer that stands on GitHub.

    DATABASE_URL=… python -m benchmarks.git_answers [--connectors 1000] [--commits 3000] [--pulls 5]

The repository is that of `benchmarks.git`; GitHub is the local server of the tests, over HTTP. Each pull
request changes one folder. Time runs from the signed delivery until the check is completed and the comment is
written, with the jobs between run one after the other in this process. Base: checking one package in a child.
"""

from __future__ import annotations

import argparse
import json
import secrets
import statistics
import time

from django.conf import settings
from django.test import Client
from django.urls import reverse

from benchmarks import (
    django_ready,  # noqa: F401 - sets Django up
    git,
)
from certification.models import ForgeConnection, PullRequestCheck
from certification.rules import Profile
from certification.rules.sandbox import check_bytes
from connectors.models import Repository
from connectors.services.repository_fetching import fetch_repository
from portal.demo.packages.at_home import SAMPLE
from portal.demo.packages.build import files_of, zip_of
from portal.shared import outbox
from portal.shared.secrets import Secret
from tests.forges.github_server import API, APP_TOKEN, HOST, GitHub, serving, signed

GOAL = 5.0


def seconds_of_answer(monorepo: git.Monorepo, hub: GitHub, hook: tuple[str, str], number: int) -> float:
    """Open a pull request, deliver the webhook, work until nothing is left to do."""
    head = monorepo.propose(number)
    pull = hub.open_pull(number, head)
    body = json.dumps({"action": "opened", "number": number, "pull_request": pull}).encode()
    address, secret = hook
    began = time.perf_counter()
    answer = Client().post(
        address,
        data=body,
        content_type="application/json",
        headers=signed(body, secret, "pull_request", f"delivery-{number}"),
    )
    if answer.status_code != 202:
        raise SystemExit(f"The delivery was refused: {answer.status_code} {answer.content[:200]!r}")
    outbox.drain()
    took = time.perf_counter() - began
    runs = [run for run in hub.runs.values() if run["head_sha"] == head]
    if [run["status"] for run in runs] != ["completed"] or number not in _commented(hub):
        raise SystemExit(f"Pull request {number} was not answered: {runs}")
    return took


def _commented(hub: GitHub) -> set[int]:
    return {comment["issue"] for comment in hub.comments.values()}


def seconds_of_check() -> float:
    data = zip_of(files_of(SAMPLE))
    began = time.perf_counter()
    check_bytes(data, filename="package.zip", profile=Profile("new", "verified"))
    return time.perf_counter() - began


def main() -> int:
    parser = argparse.ArgumentParser(description="From the webhook of a pull request to its answer.")
    parser.add_argument("--connectors", type=int, default=1_000)
    parser.add_argument("--commits", type=int, default=3_000)
    parser.add_argument("--pulls", type=int, default=5)
    options = parser.parse_args()
    with git.bound(options.connectors, options.commits) as (monorepo, repository, _place), serving() as hub:
        settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]
        settings.EGRESS_LOCAL_HOSTS = [f"{HOST}=127.0.0.1:{hub.port}"]
        return measure(monorepo, repository, hub, options)


def measure(monorepo: git.Monorepo, repository: Repository, hub: GitHub, options: argparse.Namespace) -> int:
    ForgeConnection.objects.create(
        repository=repository, kind="github", api_url=API, name=hub.name, secrets={"token": Secret(APP_TOKEN)}
    )
    fetch_repository(str(repository.pk))
    secret = secrets.token_hex()
    repository.secrets = {"hook": Secret(secret)}
    repository.save(update_fields=["secrets"])
    hook = reverse("repository_hook", args=[repository.pk]), secret
    answers = [seconds_of_answer(monorepo, hub, hook, number) for number in range(1, options.pulls + 1)]
    checks = statistics.median(seconds_of_check() for _ in range(3))
    median = statistics.median(answers)
    made = PullRequestCheck.objects.filter(pull_request__repository=repository).count()
    print(f"{options.connectors} connectors, {options.commits} commits, {made} checks of one folder each")
    print(
        f"webhook to answer: median {median:.2f} s, worst {max(answers):.2f} s of {options.pulls}; "
        f"{median / checks:.1f} times checking a package alone"
    )
    is_met = max(answers) < GOAL
    print(f"goal < {GOAL:g} s: {'met' if is_met else 'NOT met'}")
    return 0 if is_met else 1


if __name__ == "__main__":
    raise SystemExit(main())
