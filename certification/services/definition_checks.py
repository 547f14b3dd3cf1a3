"""Check a definition alone, as the publishers' command-line client sends it: nothing is stored."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.utils.translation import gettext as _

from certification.queries.treatments import in_force_for
from certification.rules.profiles import Profile
from certification.rules.registry import rules
from certification.rules.sandbox import check_bytes
from certification.services.treatments import Treated, treat
from connectors.definitions import Limits
from connectors.models import Connector, Membership, Publisher
from portal.accounts.models import User
from portal.shared.errors import TooLarge

DEFINITION = "apiDefinition.swagger.json"
LARGEST_BYTES = Limits().json_bytes
# What says that the check itself came to no end counts as well: silence would pass for success.
_ENGINE = "ENG-"


def check_definition(data: bytes, *, publisher_id: UUID | None = None, actor: User) -> Sequence[Treated]:
    """Findings, as this portal treats them, about a definition without the files beside it: rules that need
    those keep silent.

    The profile is that of the token's team, else of the team of `actor` whose live connector has the
    definition's title, else of any of them. Raises TooLarge, and OSError when no check could be started.
    """
    if len(data) > LARGEST_BYTES:
        raise TooLarge(
            _("A definition has at most %(value)s MiB.") % {"value": LARGEST_BYTES // 1024 // 1024}
        )
    profile = _profile(data, publisher_id, actor)
    report = check_bytes(data, filename=DEFINITION, profile=profile)
    wanted = rules_for_a_definition()
    about_it = [
        finding for finding in report.findings if finding.rule in wanted or finding.rule.startswith(_ENGINE)
    ]
    return [each for each in treat(about_it, in_force_for(profile)) if not each.is_off]


def rules_for_a_definition() -> frozenset[str]:
    """The rules that look at nothing but the definition."""
    return frozenset(rule.id for rule in rules().values() if rule.about.files == (DEFINITION,))


def _profile(data: bytes, publisher_id: UUID | None, actor: User) -> Profile:
    teams = Publisher.objects.filter(pk__in=Membership.objects.filter(user=actor).values("publisher"))
    if publisher_id:
        teams = teams.filter(pk=publisher_id)
    live = Connector.objects.filter(publisher__in=teams, live_version__isnull=False).values_list(
        "live_version__facts__title", "publisher__kind"
    )
    for title, kind in live:
        if title and title.encode() in data:
            return Profile.from_dict({"change": "update", "publisher": kind})
    kinds = set(teams.values_list("kind", flat=True))
    return Profile("new", "independent" if kinds == {"independent"} else "verified")
