"""The banner of open incidents, for every page they concern: pages of both apps load it."""

from __future__ import annotations

from typing import Any

from django import template

from certification.queries.incidents import banners
from connectors.models import Connector

register = template.Library()


@register.inclusion_tag("certification/_incident_banner.html", takes_context=True)
def incident_banner(context: dict[str, Any], connector: Connector) -> dict[str, Any]:
    """What is known to be wrong with this connector now; nothing where nothing is."""
    return {"banners": banners(context["request"].user, [connector])}


@register.inclusion_tag("certification/_incident_banner.html", takes_context=True)
def incident_banner_for_reader(context: dict[str, Any]) -> dict[str, Any]:
    """The same for everything of the reader's: their teams' connectors, or all for operators."""
    user = context["request"].user
    mine = None if user.staff_role else list(Connector.objects.visible_to(user).exclude(state="cancelled"))
    return {"banners": banners(user, mine)}
