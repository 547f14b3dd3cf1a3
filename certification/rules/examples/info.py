"""Examples of the rules over `info` and the connector metadata."""

from __future__ import annotations

from typing import Any

from certification.rules.examples.case import Case, Examples, one
from certification.rules.profiles import Profile

_TITLE, _TEXT, _META = "/info/title", "/info/description", "/x-ms-connector-metadata"
_WEBSITE = {"propertyName": "Website", "propertyValue": "https://tides.example"}
_PRIVACY = {"propertyName": "Privacy policy", "propertyValue": "https://tides.example/privacy"}
_CATEGORIES = {"propertyName": "Categories", "propertyValue": "Data"}
_AS_INDEPENDENT: dict[str, Any] = {
    "profile": Profile("new", "independent"),
    "properties": {"/properties/iconBrandColor": "#da3b01", "/properties/stackOwner": "Tide Services"},
    "files": {"icon.png": None},
}

CASES: dict[str, Examples] = {
    "INF-001": Examples(
        bad=(
            Case(remove=(_TITLE,), at="/info"),
            one(_TITLE, "  "),
            one(_TITLE, 7),
        ),
        good=(one(_TITLE, "Tides"),),
    ),
    "INF-002": Examples(
        bad=(one(_TITLE, "Harbour Tides and Water Levels for Ports", also=("INF-003",)),),
        good=(one(_TITLE, "Harbour Tides and Water Levels"),),
    ),
    "INF-003": Examples(
        bad=(
            one(
                _TITLE,
                "Harbour Tides and Water Levels for Ports (Independent Publisher)",
                also=("INF-002", "INF-007"),
                **_AS_INDEPENDENT,
            ),
        ),
        good=(one(_TITLE, "Tides", **_AS_INDEPENDENT),),
        good_breaks=("INF-009",),
    ),
    "INF-004": Examples(
        bad=(one(_TITLE, "Harbour Tides API"), one(_TITLE, "Tide apis of Harbours")),
        good=(one(_TITLE, "Rapid Tides"),),
    ),
    "INF-005": Examples(
        bad=(one(_TITLE, "Harbour Tides Connector"),), good=(one(_TITLE, "Connected Tides"),)
    ),
    "INF-006": Examples(
        bad=(
            one(_TITLE, "Tides for Power BI"),
            one(_TITLE, "PowerApps Tides"),
            one(_TITLE, "Tides Logic Apps"),
        ),
        good=(one(_TITLE, "Tidal Power"),),
    ),
    "INF-007": Examples(
        bad=(one(_TITLE, "Harbour Tides (North)"),),
        good=(one(_TITLE, "Harbour Tides 2"),),
    ),
    "INF-007b": Examples(
        bad=(
            one(_TITLE, "Harbour Tides!", also=("INF-007",)),
            one(_TITLE, "Harbour Tides ", also=("INF-007", "INF-019")),
        ),
        good=(one(_TITLE, "Harbour Tides 2"),),
    ),
    "INF-008": Examples(
        bad=(one(_TITLE, "Приливы"),),
        good=(one(_TITLE, "Marées d'Étretat"),),
    ),
    "INF-009": Examples(
        bad=(one(_TITLE, "Harbour Tides", **_AS_INDEPENDENT),),
        good=(
            one(_TITLE, "Tides (Independent Publisher)", **_AS_INDEPENDENT),
            one(_TITLE, "Harbour Tides"),
        ),
        good_breaks=("INF-007",),
    ),
    "INF-010": Examples(
        bad=(Case(remove=(_TEXT,), at="/info"), one(_TEXT, " \n")),
        good=(one(_TEXT, "Gives the times of the tides for every harbour."),),
    ),
    "INF-011": Examples(
        bad=(
            one(_TEXT, "Tides of the harbours."),
            one(_TEXT, "The tides of the harbours. " * 19 + "That is all."),
        ),
        good=(one(_TEXT, "The tides of all harbours here"),),
        good_breaks=("INF-015",),
    ),
    "INF-012": Examples(
        bad=(one(_TEXT, "Brings the times of the tides to Power Automate and to your calendar."),),
        good=(one(_TEXT, "Brings the times of the tides to your flows, where power is never automatic."),),
    ),
    "INF-012b": Examples(
        bad=(
            one(_TEXT, "Brings the times of the tides to Power BI and to your calendar."),
            one(_TEXT, "Brings the times of the tides to PowerApps and to your calendar."),
        ),
        good=(one(_TEXT, "Brings the times of the tides to your reports and to your calendar."),),
    ),
    "INF-013": Examples(
        bad=(one(_TEXT, "The API of the harbour office gives the times of the tides."),),
        good=(one(_TEXT, "The rapid APIs know the times of the tides in your harbour."),),
    ),
    "INF-014": Examples(
        bad=(
            one(_TEXT, "Zeigt die Zeiten von Ebbe und Flut für den Hafen mit dem Wasserstand."),
            one(_TEXT, "港の潮汐時刻と水位を提供します。沿岸のすべての港に対応しています。毎日更新。."),
        ),
        good=(one(_TEXT, "Shows the tides of Étretat, Le Havre and Saint-Malo with their water levels."),),
    ),
    "INF-015": Examples(
        bad=(one(_TEXT, "Gives the times of the tides for every harbour"),),
        good=(one(_TEXT, "Will the boat float? Ask for the times of the tides!"),),
    ),
    "INF-016": Examples(
        bad=(Case(remove=("/info/version",), at="/info"), one("/info/version", 1.0)),
        good=(one("/info/version", "2.1"),),
    ),
    "INF-017": Examples(
        bad=(one("/info/summary", "Tides"),),
        good=(one("/info/x-ms-api-annotation", {"status": "Production"}),),
    ),
    "INF-018": Examples(
        bad=(
            Case(
                set={_TITLE: "Times of the Harbour Tides", _TEXT: "times of the harbour tides"},
                at=_TEXT,
                also=("INF-011", "INF-015"),
            ),
        ),
        good=(one(_TEXT, "Harbour Tides gives the times of the tides."),),
    ),
    "INF-019": Examples(
        bad=(one(_TITLE, " Harbour Tides"), one(_TITLE, "Harbour  Tides"), one(_TITLE, "Harbour\nTides")),
        good=(one(_TITLE, "Harbour Tides of the North"),),
    ),
    "INF-020": Examples(
        bad=(
            Case(remove=("/info/contact",), at="/info"),
            one("/info/contact", "support@tides.example"),
        ),
        good=(Case(),),
    ),
    "INF-021": Examples(
        bad=(Case(remove=("/info/contact/url",), at="/info/contact"), one("/info/contact/name", " ")),
        good=(one("/info/contact/name", "Harbour Office"),),
    ),
    "INF-022": Examples(
        bad=(
            one("/info/contact/email", "support at tides.example"),
            one("/info/contact/email", "hilfe@gezeiten-büro.example"),
        ),
        good=(one("/info/contact/email", "first.last+tides@mail.tides.example"),),
    ),
    "INF-023": Examples(
        bad=(
            one("/info/contact/url", "tides.example/support"),
            one("/info/contact/url", "https://tides example"),
        ),
        good=(one("/info/contact/url", "https://tides.example:8443/support?from=portal#form"),),
    ),
    "INF-024": Examples(
        bad=(one("/info/version", "preview"), one("/info/version", "2024-05-01")),
        good=(one("/info/version", "v1.20.3"),),
    ),
    "INF-025": Examples(
        bad=(one(_TEXT, "Gives the times of the tides, see https://tides.example for more."),),
        good=(one(_TEXT, "Gives the times of the tides that tides.example publishes."),),
    ),
    "INF-026": Examples(
        bad=(one("/info/license", {"name": "MIT", "url": "LICENSE.txt"}, at="/info/license/url"),),
        good=(one("/info/license", {"name": "MIT", "url": "https://tides.example/licence"}),),
    ),
    "INF-030": Examples(
        bad=(Case(remove=(_META,), at=""), one(_META, {"Website": "https://tides.example"})),
        good=(one(_META, [_WEBSITE, _PRIVACY, _CATEGORIES]),),
    ),
    "INF-031": Examples(
        bad=(
            one(_META, [_PRIVACY, _CATEGORIES]),
            one(_META, [_WEBSITE | {"propertyName": "WebSite"}, _PRIVACY, _CATEGORIES]),
            one(_META, [_WEBSITE | {"propertyValue": " "}, _PRIVACY, _CATEGORIES]),
        ),
        good=(one(_META, [_CATEGORIES, _PRIVACY, _WEBSITE]),),
    ),
    "INF-032": Examples(
        bad=(
            one(_META, [_WEBSITE, _CATEGORIES]),
            one(
                _META,
                [_WEBSITE, _PRIVACY | {"propertyName": "Privacy Policy"}, _CATEGORIES],
                at=f"{_META}/1/propertyName",
            ),
        ),
        good=(one(_META, [_WEBSITE, _PRIVACY, _CATEGORIES]),),
    ),
    "INF-033": Examples(
        bad=(one(_META, [_WEBSITE, _PRIVACY]),),
        good=(one(_META, [_WEBSITE, _PRIVACY, _CATEGORIES]),),
    ),
    "INF-034": Examples(
        bad=(
            one(f"{_META}/0/propertyValue", "www.tides.example"),
            one(f"{_META}/1/propertyValue", "https://tides.example/privacy policy.pdf"),
        ),
        good=(one(f"{_META}/0/propertyValue", "https://www.tides.example/en/?q=1"),),
    ),
    "INF-035": Examples(
        bad=(
            one(f"{_META}/2/propertyValue", "Data;Weather"),
            one(f"{_META}/2/propertyValue", "Social media"),
        ),
        good=(one(f"{_META}/2/propertyValue", "Content and Files; IT Operations"),),
    ),
    "INF-036": Examples(
        bad=(one(_META, [_WEBSITE | {"note": "main page"}, _PRIVACY, _CATEGORIES], at=f"{_META}/0/note"),),
        good=(one(_META, [_WEBSITE, _PRIVACY, _CATEGORIES]),),
    ),
    "INF-037": Examples(
        bad=(one(f"{_META}/0/propertyValue", "http://tides.example"),),
        good=(one(f"{_META}/0/propertyValue", "HTTPS://tides.example"),),
    ),
    "INF-038": Examples(
        bad=(one(f"{_META}/2/propertyValue", "Data;Productivity;Communication"),),
        good=(one(f"{_META}/2/propertyValue", "Data;Productivity;"),),
    ),
    "INF-040": Examples(
        bad=(one(_TITLE, "Harbour Tides", other_titles=("HARBOUR  tides",)),),
        good=(one(_TITLE, "Harbour Tides", other_titles=("Harbour Tides North",)),),
    ),
}
