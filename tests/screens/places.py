"""Which pages are pictured: who looks, where they start, and the links they follow from there by their words."""

from __future__ import annotations

from dataclasses import dataclass

LIGHT, BOTH = ("light",), ("light", "dark")


@dataclass(frozen=True)
class Place:
    """`follow` are the beginnings of links, or of headings that come into view, one after the other."""

    name: str
    caption: str
    role: str
    start: str
    follow: tuple[str, ...] = ()
    schemes: tuple[str, ...] = LIGHT

    def file(self, scheme: str) -> str:
        return f"{self.name}{'' if scheme == 'light' else '-dark'}.webp"


PLACES = (
    Place("sign-in", "Signing in, with the roles of the trial.", "", "/accounts/login/"),
    Place("home-owner", "A publisher's first page: whose turn it is.", "owner", "/", schemes=BOTH),
    Place("home-reviewer", "A reviewer's first page.", "reviewer", "/"),
    Place("home-operator", "An operator's first page.", "operator", "/"),
    Place("connectors", "The connectors of a team.", "owner", "/connectors/"),
    Place("connector", "One connector.", "owner", "/connectors/", ("Saltmarsh Berths",)),
    Place("findings", "What the rules found, with places and repairs.", "administrator", "/search/?q=Bell+Tower",
          ("S-1", "Findings")),
    Place("submission", "A submission: where it is, since when, and what is next.", "administrator",
          "/search/?q=Kestrel+Ferry+Tickets", ("S-1",)),
    Place("review-queue", "The queue of reviewers.", "reviewer", "/reviews/", schemes=BOTH),
    Place("review", "The workbench: a definition as its makers see it.", "reviewer", "/reviews/",
          ("Copperline Meters",), schemes=BOTH),
    Place("review-source", "The source, with findings and threads at their lines.", "reviewer",
          "/reviews/", ("Copperline Meters", "Source")),
    Place("preview", "A Preview: what was tested, and by whom.", "administrator", "/search/?q=Quillmere+Museum",
          ("S-1", "Open")),
    Place("rollouts", "Every rollout.", "operator", "/rollouts/"),
    Place("rollout", "A rollout: waves, regions, dates.", "operator", "/rollouts/", ("Verdant Irrigation",), schemes=BOTH),
    Place("calendar", "What happens this month.", "operator", "/calendar/"),
    Place("health", "How a connector does in its regions.", "administrator", "/connectors/", ("Verdant Greenhouse", "Health"),
          schemes=BOTH),
    Place("fleet", "Every connector in every region.", "operator", "/health/"),
    Place("forecasts", "How right the forecasts were.", "operator", "/operations/forecasts/"),
    Place("rule", "One of the rules.", "owner", "/rules/INF-004/"),
    Place("public", "What everybody sees of a live connector.", "", "/live/", ("Verdant Greenhouse",)),
    Place("status", "How the portal itself does.", "", "/status/"),
)  # fmt: skip
