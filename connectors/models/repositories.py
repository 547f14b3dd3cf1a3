"""Git repositories of teams, which folder of them is which connector, and what came from which commit."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from connectors.models.connectors import Connector
from connectors.models.publishers import Publisher
from connectors.models.versions import Upload
from portal.shared.models import PublicIdModel
from portal.shared.secrets import EncryptedJSONField


class Repository(PublicIdModel):
    """A repository as one team reaches it; its connectors share one mirror on the server.

    Two teams never share one, so that nobody reads by another's credentials. `secrets` may hold `user`,
    `token`, `private_key` and `hook` (signs what its server sends). `host_key` is the fingerprint that an ssh
    server showed first. `last_error` is a code of `connectors.repositories.errors`, its values what the
    sentence names (`connectors/repository_words.py`). `heads` maps a followed branch to its newest commit.
    `busy_until` is the lease of the one job that fetches.
    """

    publisher = models.ForeignKey(Publisher, on_delete=models.CASCADE, related_name="repositories")
    address = models.CharField(max_length=500)
    secrets = EncryptedJSONField(null=True)
    host_key = models.CharField(max_length=80, blank=True)
    heads = models.JSONField(default=dict, blank=True)
    fetched_at = models.DateTimeField(null=True)
    tried_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=300, blank=True)
    last_error_values = models.JSONField(null=True)
    busy_until = models.DateTimeField(null=True)

    class Meta:
        ordering = ["address"]
        constraints = [
            models.UniqueConstraint(fields=["publisher", "address"], name="repository_once"),
        ]

    def __str__(self) -> str:
        return self.address.partition("://")[2].partition("@")[2] or self.address.partition("://")[2]


class RepositoryBinding(PublicIdModel):
    """The folder of a branch that holds a connector. `commits` are the newest that touch it: {"sha",
    "author", "at", "summary"}, newest first. With `submits_commits` a new one is handed in in the name of
    `created_by`; with `tags_certified` one whose package was certified gets a tag. Threads that were begun
    since `threads_mirrored_since` stand at the pull request, too."""

    connector = models.OneToOneField(Connector, on_delete=models.CASCADE, related_name="binding")
    repository = models.ForeignKey(Repository, on_delete=models.CASCADE, related_name="bindings")
    branch = models.CharField(max_length=200)
    folder = models.CharField(max_length=400, blank=True)
    commits = models.JSONField(default=list, blank=True)
    is_read = models.BooleanField(default=False)
    submits_commits = models.BooleanField(default=False, db_default=False)
    tags_certified = models.BooleanField(default=False, db_default=False)
    threads_mirrored_since = models.DateTimeField(null=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["repository", "branch", "folder"], name="repositorybinding_folder_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.folder or '/'} on {self.branch}"

    @property
    def mirrors_threads(self) -> bool:
        return self.threads_mirrored_since is not None

    @property
    def newest(self) -> dict[str, str]:
        return self.commits[0] if self.commits else {}


class CommitUpload(models.Model):
    """Which commit an upload was read from. It says so even when the connector is bound elsewhere later."""

    upload = models.OneToOneField(
        Upload, primary_key=True, on_delete=models.CASCADE, related_name="from_commit"
    )
    address = models.CharField(max_length=500)
    branch = models.CharField(max_length=200)
    folder = models.CharField(max_length=400, blank=True)
    commit = models.CharField(max_length=40)
    author = models.CharField(max_length=120, blank=True)
    summary = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"{self.commit[:12]} of {self.address}"


class RepositoryDelivery(models.Model):
    """One message of the repository's server. Its id and its bytes (`digest`, SHA-256) are taken once."""

    repository = models.ForeignKey(Repository, on_delete=models.CASCADE, related_name="deliveries")
    delivery_id = models.CharField(max_length=100)
    digest = models.CharField(max_length=64)
    event = models.CharField(max_length=60)
    outcome = models.CharField(max_length=200)
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-received_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["repository", "delivery_id"], name="repositorydelivery_once"),
            models.UniqueConstraint(fields=["repository", "digest"], name="repositorydelivery_bytes_once"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.delivery_id}"
