"""Families as lists and reports: where each member stands, its waves and its dates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, Min, Q, QuerySet

from certification.lifecycle import SUBMISSION, SubmissionState
from certification.models import FamilyMember, Rollout, Submission, SubmissionFamily, TrainBoarding
from certification.queries.family_differences import FamilyDifference, family_difference
from certification.queries.workbench import difference_of
from connectors.models import Connector

_BEFORE_REVIEW = ("draft", "submitted", "validating", "validation_failed", "changes_requested")


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One member in the report. `first_at` and `last_at` are the planned starts of its first and last wave,
    `wave` the one that runs or comes next, `departs_at` the train it boards."""

    submission: Submission
    rollout: Rollout | None
    wave: int = 0
    waves: int = 0
    verified: int = 0
    regions: int = 0
    first_at: dt.datetime | None = None
    last_at: dt.datetime | None = None
    train: str = ""
    departs_at: dt.datetime | None = None

    @property
    def connector(self) -> Connector:
        return self.submission.connector


@dataclass(frozen=True, slots=True)
class FamilySums:
    """How many members wait for what."""

    total: int
    preparing: int
    in_review: int
    ready: int
    travelling: int
    live: int
    ended: int


def families(user: Any) -> QuerySet[SubmissionFamily]:
    """Those the reader may see, the newest first, with how many of their members are where."""
    states = "members__submission__state"
    return (
        SubmissionFamily.objects.visible_to(user)
        .select_related("publisher", "created_by")
        .annotate(
            total=Count("members"),
            waiting=Count("members", filter=Q(**{states: SubmissionState.IN_REVIEW})),
            live=Count("members", filter=Q(**{states: SubmissionState.LIVE})),
            ended=Count("members", filter=Q(**{f"{states}__in": sorted(SUBMISSION.terminal)})),
        )
        .order_by("-created_at")
    )


def family_of(submission: Submission) -> SubmissionFamily | None:
    member = FamilyMember.objects.filter(submission=submission).select_related("family").first()
    return member.family if member else None


def members_of(family: SubmissionFamily) -> list[Submission]:
    """The submissions by connector, with what pages and services need of them."""
    found = Submission.objects.filter(family_member__family=family).with_page_data()
    return list(found.select_related("revision__version").order_by("connector__name"))


def report(family: SubmissionFamily) -> list[MemberRow]:
    """Where every member stands. Three queries, whatever the size."""
    members = members_of(family)
    rollouts = _rollouts(each.pk for each in members)
    places = TrainBoarding.objects.filter(rollout__in=[row.pk for row in rollouts.values()], left_at=None)
    # The earliest departure is the last to be written, so it is the one that stays.
    boardings = {each.rollout_id: each for each in places.select_related("train").order_by("-departs_at")}
    return [_row(each, rollouts.get(each.pk), boardings) for each in members]


def _rollouts(submissions: Iterable[UUID]) -> dict[UUID, Rollout]:
    """Submission -> its latest rollout, with counts of waves and regions."""
    behind = Q(waves__state__in=("verified", "skipped"))
    deploys = Q(deployments__action="deploy")
    found = Rollout.objects.filter(submission__in=list(submissions)).annotate(
        wave_count=Count("waves", distinct=True),
        waves_behind=Count("waves", filter=behind, distinct=True),
        first_wave_at=Min("waves__planned_at"),
        last_wave_at=Max("waves__planned_at"),
        region_count=Count("deployments", filter=deploys, distinct=True),
        verified_count=Count("deployments", filter=deploys & Q(deployments__state="verified"), distinct=True),
    )
    return {each.submission_id: each for each in found.order_by("created_at")}


def _row(submission: Submission, rollout: Any, boardings: dict[UUID, TrainBoarding]) -> MemberRow:
    if rollout is None:
        return MemberRow(submission, None)
    boarding = boardings.get(rollout.pk)
    return MemberRow(
        submission,
        rollout,
        wave=min(rollout.waves_behind + 1, rollout.wave_count),
        waves=rollout.wave_count,
        verified=rollout.verified_count,
        regions=rollout.region_count,
        first_at=rollout.first_wave_at,
        last_at=rollout.last_wave_at,
        train=boarding.train.name if boarding else "",
        departs_at=boarding.departs_at if boarding else None,
    )


def sums_of(rows: list[MemberRow]) -> FamilySums:
    states = [row.submission.state for row in rows]
    travelling = ("scheduled", "rolling_out", "held", "halted", "rolling_back")
    return FamilySums(
        total=len(states),
        preparing=sum(state in _BEFORE_REVIEW for state in states),
        in_review=states.count(SubmissionState.IN_REVIEW),
        ready=states.count(SubmissionState.SIGNED_OFF),
        travelling=sum(state in travelling for state in states),
        live=states.count(SubmissionState.LIVE),
        ended=sum(state in SUBMISSION.terminal for state in states),
    )


def reviewed_difference(members: Iterable[Submission]) -> FamilyDifference[UUID]:
    """Between what is live and what was handed in, by submission; members of which nothing is live are left
    out."""
    return family_difference(
        {
            each.pk: difference_of(each.connector.live_version, each.revision.version)
            for each in members
            if each.connector.live_version and each.revision
        }
    )


def connectors_to_choose(user: Any, publisher_id: UUID) -> QuerySet[Connector]:
    """Connectors of a team that can take part: those in use."""
    found = Connector.objects.visible_to(user).filter(publisher_id=publisher_id)
    return found.exclude(state__in=("retired", "cancelled")).select_related("live_version").order_by("name")
