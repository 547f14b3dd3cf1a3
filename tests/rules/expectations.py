"""Where the rules differ from the independent judgement of real packages on purpose."""

from __future__ import annotations

NOT_COMPARABLE = {
    "PKG-004": "the collection lacks the extra files (pictures, scripts) that were judged",
    "PKG-006": "the collection lacks the sub-folders that were judged",
}

_ONLY_RECOVERED_HERE = "its JSON is broken beyond comments and trailing commas: only this reader recovers it"
_RECOVERED = (
    "certified-connectors/CognitiveServicesTextAnalytics",
    "certified-connectors/IN-D Invoice Data Capture",
    "independent-publisher-connectors/AccuWeather",
    "independent-publisher-connectors/GIPHY",
    "independent-publisher-connectors/Icon Horse",
    "independent-publisher-connectors/StabilityAI",
)

# rule -> package -> why the package is left out of the comparison
REASONED: dict[str, dict[str, str]] = {
    "DEF-007": dict.fromkeys(_RECOVERED, _ONLY_RECOVERED_HERE),
    "INF-009": dict.fromkeys(_RECOVERED, _ONLY_RECOVERED_HERE),
    "DEF-014": {
        "certified-connectors/personr": 'its contact is called "Full name": the template, never filled in'
    },
    "INF-012b": {
        "certified-connectors/Slascone": "names Power Automate, for which INF-012 is an error already"
    },
}
