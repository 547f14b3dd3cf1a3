"""Servers around repositories that know pull requests: what the portal asks of them and tells them.

Pure Python, no framework. `forge_for()` gives what speaks to one repository of one server.
"""

from __future__ import annotations

from certification.forges.errors import (
    ForgeError,
    ForgeForbidden,
    ForgeMissing,
    ForgeRefused,
    ForgeRejected,
    RateLimited,
)
from certification.forges.generic import GenericForge
from certification.forges.github import GitHubForge
from certification.forges.github_app import AppKey, KeyUnusable, checked_key
from certification.forges.protocol import (
    MOST_LISTED,
    Annotation,
    CheckReport,
    CodeComment,
    CodePlace,
    CodeThread,
    Forge,
    ForgePlace,
    PostedCheck,
    PostedComment,
    Proposal,
)

__all__ = [
    "MOST_LISTED",
    "Annotation",
    "AppKey",
    "CheckReport",
    "CodeComment",
    "CodePlace",
    "CodeThread",
    "Forge",
    "ForgeError",
    "ForgeForbidden",
    "ForgeMissing",
    "ForgePlace",
    "ForgeRefused",
    "ForgeRejected",
    "GenericForge",
    "GitHubForge",
    "KeyUnusable",
    "PostedCheck",
    "PostedComment",
    "Proposal",
    "RateLimited",
    "checked_key",
    "forge_for",
]


def forge_for(place: ForgePlace) -> Forge:
    return GitHubForge(place) if place.kind == "github" else GenericForge()
