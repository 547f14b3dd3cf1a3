"""Words of mails that administrators changed: every wording there ever was."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from portal.shared.models import PublicIdModel


class MailText(PublicIdModel):
    """One wording of a kind of mail; that with the highest `number` is sent. Empty texts are the default's.

    `body` takes the place of the sentences, `opening` and `closing` stand around them. A wording that could
    not be filled for a mail is not sent: `failed_at` and `failure` say when that was last, and why.
    """

    event = models.CharField(max_length=60)
    number = models.PositiveIntegerField()
    subject = models.CharField(max_length=150, blank=True, default="")
    opening = models.TextField(blank=True, default="")
    body = models.TextField(blank=True, default="")
    closing = models.TextField(blank=True, default="")
    reason = models.TextField(blank=True, default="")
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    failed_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        ordering = ["event", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["event", "number"], name="mailtext_numbered_once"),
            models.CheckConstraint(name="mailtext_counts_from_one", condition=Q(number__gte=1)),
        ]

    def __str__(self) -> str:
        return f"{self.event}, wording {self.number}"

    @property
    def is_default(self) -> bool:
        """Whether it says nothing of its own."""
        return not (self.subject or self.opening or self.body or self.closing)

    @property
    def lines(self) -> list[str]:
        """All parts as lines, for comparing two wordings."""
        names = ("subject", "opening", "body", "closing")
        parts = [(name, getattr(self, name)) for name in names]
        return [line for name, text in parts if text for line in (f"{name}:", *text.splitlines(), "")]
