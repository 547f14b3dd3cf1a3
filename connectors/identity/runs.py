"""What a build service says of a run, in the same words for all of them, and the rules it must fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol
from urllib.parse import urlsplit

from connectors.identity.tokens import TokenRefused

_BRANCHES, _TAGS = "refs/heads/", "refs/tags/"
EVERY_BRANCH, EVERY_TAG = f"{_BRANCHES}*", f"{_TAGS}*"


class IssuerKind(StrEnum):
    GITHUB = "github"
    GITLAB = "gitlab"


@dataclass(frozen=True, slots=True)
class Issuer:
    """A build service whose word counts. `url` is exactly the `iss` of its tokens."""

    kind: IssuerKind
    url: str

    def __str__(self) -> str:
        name = {"github": "GitHub Actions", "gitlab": "GitLab CI/CD"}[self.kind]
        usual = {"https://token.actions.githubusercontent.com", "https://gitlab.com"}
        return name if self.url in usual else f"{name} ({urlsplit(self.url).netloc})"


def issuers_from(entries: Iterable[str]) -> dict[str, Issuer]:
    """`kind=address` entries as a table by address. Raises ValueError for anything else."""
    found = {}
    for entry in entries:
        kind, _sign, url = (part.strip() for part in entry.partition("="))
        parts = urlsplit(url)
        if kind not in list(IssuerKind) or parts.scheme != "https" or not parts.netloc or parts.query:
            raise ValueError(f"“{entry}” is not of the form github=https://… or gitlab=https://…")
        found[url] = Issuer(IssuerKind(kind), url)
    return found


@dataclass(frozen=True, slots=True)
class Run:
    """`repository` and `workflow` as people write them, the ids as numbers in text: names change hands."""

    repository: str
    repository_id: str
    owner_id: str
    workflow: str
    ref: str
    environment: str
    event: str
    run_id: str
    commit: str


class Rule(Protocol):
    """What a run must be; empty is anything. `ref` is one, or every branch or tag."""

    repository: str
    workflow: str
    ref: str
    environment: str


def run_of(issuer: Issuer, claims: Mapping[str, Any]) -> Run:
    """Raises TokenRefused when the claims are not those of this kind of service."""
    read = {IssuerKind.GITHUB: _github, IssuerKind.GITLAB: _gitlab}[issuer.kind]
    return read(issuer, claims)


def _github(_issuer: Issuer, claims: Mapping[str, Any]) -> Run:
    """https://docs.github.com/en/actions/reference/security/oidc"""
    repository = _text(claims, "repository")
    # owner/name/.github/workflows/file@refs/heads/main: a file's name holds no slash, so "@refs/" ends it.
    where = _text(claims, "workflow_ref")
    prefix = f"{repository}/.github/workflows/"
    workflow, sign, _ref = where.removeprefix(prefix).partition("@refs/")
    if not where.startswith(prefix) or not sign:
        raise TokenRefused("the ID token's workflow is not one of its repository")
    return Run(
        repository=repository,
        repository_id=_text(claims, "repository_id"),
        owner_id=_text(claims, "repository_owner_id"),
        workflow=workflow,
        ref=_text(claims, "ref"),
        environment=str(claims.get("environment") or ""),
        event=str(claims.get("event_name") or ""),
        run_id=str(claims.get("run_id") or ""),
        commit=str(claims.get("sha") or ""),
    )


def _gitlab(issuer: Issuer, claims: Mapping[str, Any]) -> Run:
    """https://docs.gitlab.com/ci/secrets/id_token_authentication/"""
    repository = _text(claims, "project_path")
    # gitlab.example/group/project//.gitlab-ci.yml@refs/heads/main
    where = _text(claims, "ci_config_ref_uri")
    prefix = f"{issuer.url.removeprefix('https://').rstrip('/')}/{repository}//"
    workflow, sign, _ref = where.removeprefix(prefix).rpartition("@refs/")
    if not where.startswith(prefix) or not sign:
        raise TokenRefused("the ID token's CI configuration is not one of its project")
    return Run(
        repository=repository,
        repository_id=_text(claims, "project_id"),
        owner_id=_text(claims, "namespace_id"),
        workflow=workflow,
        ref=_text(claims, "ref_path"),
        environment=str(claims.get("environment") or ""),
        event=str(claims.get("pipeline_source") or ""),
        run_id=str(claims.get("pipeline_id") or ""),
        commit=str(claims.get("sha") or ""),
    )


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str | int) or isinstance(value, bool) or value == "":
        raise TokenRefused(f"the ID token lacks the claim {name}")
    return str(value)


def mismatch(rule: Rule, run: Run) -> str:
    """Why `run` is not what `rule` trusts, or nothing. Texts are compared as they are, letter by letter."""
    if run.repository != rule.repository:
        return f"the repository is {run.repository}"
    if run.workflow != rule.workflow:
        return f"the workflow is {run.workflow}"
    if run.event.startswith(("pull_request", "merge_request")) or not run.ref.startswith((_BRANCHES, _TAGS)):
        return "it runs for a pull request, whose author may be anybody"
    if not _is_ref(rule.ref, run.ref):
        return f"it runs for {run.ref}"
    if rule.environment and run.environment != rule.environment:
        return f"the environment is {run.environment or 'none'}"
    return ""


def _is_ref(wanted: str, ref: str) -> bool:
    if wanted in (EVERY_BRANCH, EVERY_TAG):
        return ref.startswith(wanted.removesuffix("*"))
    return not wanted or ref == wanted
