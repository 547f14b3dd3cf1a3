"""Families: one change over several connectors of a team, handed in, reviewed and rolled out together."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models

from certification.models.submissions import Submission
from connectors.models import Membership, Publisher
from portal.shared.models import PublicIdModel


class FamilyQuerySet(models.QuerySet["SubmissionFamily"]):
    def visible_to(self, user: Any) -> FamilyQuerySet:
        """Staff see every family that was handed in; a person sees those of their teams."""
        if not user.is_authenticated:
            return self.none()
        own = models.Q(publisher__in=Membership.objects.filter(user=user).values("publisher"))
        if user.staff_role:
            return self.filter(models.Q(submitted_at__isnull=False) | own)
        return self.filter(own)


class SubmissionFamily(PublicIdModel):
    """What makes several submissions one: its title and the notes that every member starts with.

    Where each member stands is the submission's own business: a family has no state.
    """

    publisher = models.ForeignKey(Publisher, on_delete=models.PROTECT, related_name="families")
    title = models.CharField(max_length=120)
    change_notes = models.TextField(blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField(null=True)
    submissions = models.ManyToManyField(
        Submission, through="certification.FamilyMember", related_name="families"
    )

    objects = FamilyQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["publisher", "-created_at"], name="family_of_publisher")]

    def __str__(self) -> str:
        return self.title


class FamilyMember(models.Model):
    """A submission's place in its family; it belongs to one at most."""

    family = models.ForeignKey(SubmissionFamily, on_delete=models.CASCADE, related_name="members")
    submission = models.OneToOneField(Submission, on_delete=models.CASCADE, related_name="family_member")

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.submission_id} in {self.family_id}"
