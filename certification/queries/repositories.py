"""Bindings of connectors to repositories, and what came of them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse

from certification.models import CertificationTag, CommitIntake
from connectors.models import CommitUpload, Connector, RepositoryBinding, RepositoryDelivery
from connectors.repository_words import sentence

MOST_TAGS = 10


def bindings_visible_to(user: Any) -> QuerySet[RepositoryBinding]:
    """Bindings of the connectors that `user` may see, without secrets; by connector."""
    return (
        RepositoryBinding.objects.filter(connector__in=Connector.objects.visible_to(user))
        .select_related("connector__publisher", "repository__publisher", "repository__forge", "created_by")
        .defer("repository__secrets", "repository__forge__secrets")
        .order_by("connector__name", "pk")
    )


def binding_of(connector: Connector, user: Any) -> RepositoryBinding | None:
    """With `delivery_count`, so that a page of messages asks for no count of its own."""
    told = RepositoryDelivery.objects.filter(repository=OuterRef("repository")).order_by()
    count = told.values("repository").annotate(count=Count("pk")).values("count")
    bindings = bindings_visible_to(user).annotate(delivery_count=Coalesce(Subquery(count), 0))
    return bindings.filter(connector=connector).first()


@dataclass(frozen=True, slots=True)
class ShownCommit:
    """A commit of the folder; `taken` is the newest upload that was read from it, `intake` what came of it by
    itself."""

    sha: str
    author: str
    at: dt.datetime
    summary: str
    taken: CommitUpload | None
    intake: CommitIntake | None


def shown_commits(binding: RepositoryBinding) -> list[ShownCommit]:
    """The newest commits of a binding, newest first, with what was taken from each."""
    found = CommitUpload.objects.filter(
        upload__connector=binding.connector_id, commit__in=[each["sha"] for each in binding.commits]
    ).select_related("upload__version")
    taken = {each.commit: each for each in found.order_by("upload__received_at")}
    intakes = {
        each.commit: each
        for each in CommitIntake.objects.filter(
            connector=binding.connector_id, commit__in=[each["sha"] for each in binding.commits]
        ).select_related("submission")
    }
    return [
        ShownCommit(
            each["sha"],
            each["author"],
            dt.datetime.fromisoformat(each["at"]),
            each["summary"],
            taken.get(each["sha"]),
            intakes.get(each["sha"]),
        )
        for each in binding.commits
    ]


@dataclass(frozen=True, slots=True)
class ShownTag:
    """A tag of a certificate, and why it is not in the repository, in words."""

    tag: CertificationTag
    failure: str


def hook_address(binding: RepositoryBinding) -> str:
    """Where the repository's server tells of what happened."""
    return f"{settings.SITE_URL}{reverse('repository_hook', args=[binding.repository_id])}"


def shown_tags(binding: RepositoryBinding) -> list[ShownTag]:
    """The newest tags of the connector's certificates."""
    return [
        ShownTag(each, sentence(each.failure, each.failure_values)) for each in tags_of(binding)[:MOST_TAGS]
    ]


def tags_of(binding: RepositoryBinding) -> QuerySet[CertificationTag]:
    return CertificationTag.objects.filter(connector=binding.connector_id).select_related(
        "connector__publisher"
    )


def deliveries_of(binding: RepositoryBinding) -> QuerySet[RepositoryDelivery]:
    """What the repository's server told, newest first."""
    return RepositoryDelivery.objects.filter(repository_id=binding.repository_id)
