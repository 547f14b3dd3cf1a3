"""Pull requests of bound repositories: how their server is spoken to, what was checked, what was answered."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from connectors.models import Connector, Repository, RepositoryBinding
from portal.shared.models import PublicIdModel
from portal.shared.secrets import EncryptedJSONField
from portal.shared.words import lazy as _


class ForgeConnection(PublicIdModel):
    """How the server of a repository is spoken to about pull requests, beside Git itself.

    `secrets` holds `token`, which may be another than the one that fetches, or the `private_key` of the app
    that `app_id` and `installation_id` name. `suffix` tells checks of teams
    apart that share one repository. `refs` are the commits of those refs that were looked at, for servers
    that know nothing but Git. Until `paused_until` the server is left alone, as it asked for.
    """

    class Kind(models.TextChoices):
        GIT = "git", _("Git alone")
        GITHUB = "github", _("GitHub")

    repository = models.OneToOneField(Repository, on_delete=models.CASCADE, related_name="forge")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.GIT)
    api_url = models.CharField(max_length=300, blank=True)
    name = models.CharField(max_length=200, blank=True)
    secrets = EncryptedJSONField(null=True)
    app_id = models.CharField(max_length=20, blank=True, default="", db_default="")
    installation_id = models.BigIntegerField(null=True)
    suffix = models.CharField(max_length=80, blank=True)
    refs = models.JSONField(default=dict, blank=True)
    paused_until = models.DateTimeField(null=True)
    looked_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="forgeconnection_kind_known", condition=Q(kind__in=["git", "github"]))
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.repository_id}"


class PullRequest(PublicIdModel):
    """A proposal to a followed branch. `ref` is where its head is fetched: refs/pull/N/head, or a branch.

    `head_sha` is the newest commit known, `checked_sha` the one the checks below are about. `problem` says
    why they could not be made. `comment_id` is our one comment there, `comment_digest` (SHA-256) what it
    says. One job at a time answers: `busy_until` is its lease.
    """

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        MERGED = "merged", _("Merged")
        CLOSED = "closed", _("Closed")

    repository = models.ForeignKey(Repository, on_delete=models.CASCADE, related_name="pull_requests")
    ref = models.CharField(max_length=240)
    number = models.PositiveIntegerField(null=True)
    title = models.CharField(max_length=200, blank=True)
    author = models.CharField(max_length=200, blank=True)
    base = models.CharField(max_length=200)
    head_label = models.CharField(max_length=200, blank=True)
    url = models.CharField(max_length=500, blank=True)
    state = models.CharField(max_length=6, choices=State.choices, default=State.OPEN)
    head_sha = models.CharField(max_length=40)
    merge_base = models.CharField(max_length=40, blank=True)
    merged_sha = models.CharField(max_length=40, blank=True)
    checked_sha = models.CharField(max_length=40, blank=True)
    problem = models.CharField(max_length=300, blank=True)
    comment_id = models.BigIntegerField(null=True)
    comment_digest = models.CharField(max_length=64, blank=True)
    post_error = models.CharField(max_length=300, blank=True)
    busy_until = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-seen_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["repository", "ref", "base"], name="pullrequest_once"),
            models.CheckConstraint(
                name="pullrequest_state_known", condition=Q(state__in=["open", "merged", "closed"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label} {self.title}".strip()

    @property
    def label(self) -> str:
        """As people name it: #12, or the branch."""
        return f"#{self.number}" if self.number else self.ref.removeprefix("refs/heads/")

    @property
    def is_checked(self) -> bool:
        """Whether what is stored is about the newest commit."""
        return self.checked_sha == self.head_sha


class PullRequestCheckQuerySet(models.QuerySet["PullRequestCheck"]):
    def visible_to(self, user: Any) -> PullRequestCheckQuerySet:
        """Those of the connectors that `user` may see: nothing of others in the same repository."""
        return self.filter(binding__connector__in=Connector.objects.visible_to(user))


class PullRequestCheck(PublicIdModel):
    """What a pull request does to the folder of one connector; about `head_sha`, compared with `merge_base`.

    `package_digest` is of the folder's package as it would become, `paths` maps its files to paths in the
    repository. `findings` and `changes` are rows as `services.pull_request_rows` makes them, the worst first.
    Both are bounded; `errors`, `warnings`, `infos` and `impacts` (class -> number) count all. `problem` says
    why the rules could not be run.
    """

    class Verdict(models.TextChoices):
        PASS = "pass", _("Passed")
        FAIL = "fail", _("Failed")

    pull_request = models.ForeignKey(PullRequest, on_delete=models.CASCADE, related_name="checks")
    binding = models.ForeignKey(RepositoryBinding, on_delete=models.CASCADE, related_name="+")
    head_sha = models.CharField(max_length=40)
    verdict = models.CharField(max_length=4, choices=Verdict.choices)
    change_kind = models.CharField(max_length=10)
    rules_version = models.CharField(max_length=40)
    errors = models.PositiveIntegerField(default=0)
    warnings = models.PositiveIntegerField(default=0)
    infos = models.PositiveIntegerField(default=0)
    impacts = models.JSONField(default=dict, blank=True)
    findings = models.JSONField(default=list, blank=True)
    changes = models.JSONField(default=list, blank=True)
    package_digest = models.CharField(max_length=64, blank=True, default="", db_default="")
    paths = models.JSONField(null=True)
    problem = models.CharField(max_length=300, blank=True)
    checked_at = models.DateTimeField(db_default=Now())

    objects = PullRequestCheckQuerySet.as_manager()

    class Meta:
        ordering = ["binding__folder", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["pull_request", "binding"], name="pullrequestcheck_once"),
            models.CheckConstraint(
                name="pullrequestcheck_verdict_known", condition=Q(verdict__in=["pass", "fail"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pull_request_id}: {self.get_verdict_display()}"


class PullRequestAnswer(PublicIdModel):
    """A check as it was posted for a commit. `digest` (SHA-256) is of what it says; its own id goes along, so
    that one made before a worker died is found again. `reruns` counts how often its server took it back: what
    was posted before the last time counts as not said."""

    pull_request = models.ForeignKey(PullRequest, on_delete=models.CASCADE, related_name="answers")
    name = models.CharField(max_length=120)
    head_sha = models.CharField(max_length=40)
    way = models.CharField(max_length=10, blank=True)
    forge_id = models.BigIntegerField(null=True)
    digest = models.CharField(max_length=64, blank=True)
    posted_at = models.DateTimeField(null=True)
    reruns = models.PositiveIntegerField(default=0, db_default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["pull_request", "name", "head_sha"], name="pullrequestanswer_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} on {self.head_sha[:12]}"
