"""Where the rules differ from the independent judgement of real packages on purpose."""

from __future__ import annotations

NOT_COMPARABLE = {
    "PKG-004": "the collection lacks the extra files (pictures, scripts) that were judged",
    "PKG-006": "the collection lacks the sub-folders that were judged",
    "DOC-022": "the collection lacks the pictures that the readmes show",
    "ICN-001": "the judgement counts a missing icon for independent publishers, who must not ship one",
    "HST-026": "the judgement names nobody, though the catalogue counts 48 connectors",
    "SEC-021": "the judgement names nobody, though the catalogue counts 27 connectors",
    "OPR-066": "the judgement names nobody, though the catalogue counts 43 connectors",
    "OPR-067": "the judgement names nobody, though the catalogue counts 69 connectors",
    "OPR-070": "the judgement names nobody, though the catalogue counts 9 connectors",
    "EXT-072": "the judgement names nobody, though the catalogue counts 7 connectors",
}

_RECOVERED_REASON = "its JSON is broken beyond comments and trailing commas: only this reader recovers it"
RECOVERED = dict.fromkeys(
    (
        "certified-connectors/CognitiveServicesTextAnalytics",
        "certified-connectors/IN-D Invoice Data Capture",
        "certified-connectors/Shopranos",
        "independent-publisher-connectors/AccuWeather",
        "independent-publisher-connectors/GIPHY",
        "independent-publisher-connectors/Icon Horse",
        "independent-publisher-connectors/StabilityAI",
    ),
    _RECOVERED_REASON,
)
"""Package -> why what only we find in it is left out of the comparison, for every rule."""

_DYNAMIC_HOST = "its dynamichosturl policy replaces the host, which the condition exempts"
_TEMPLATE = "its readme has sentences of the template word for word"

# rule -> package -> why the package is left out of the comparison
REASONED: dict[str, dict[str, str]] = {
    "DEF-014": {
        "certified-connectors/personr": 'its contact is called "Full name": the template, never filled in'
    },
    "INF-012b": {
        "certified-connectors/Slascone": "names Power Automate, for which INF-012 is an error already"
    },
    "HST-003": dict.fromkeys(
        (
            "certified-connectors/IA-Connect Dynamic Code",
            "certified-connectors/IA-Connect Mainframe",
            "certified-connectors/IA-Connect UI",
            "certified-connectors/IA-Connect Web Browser",
            "certified-connectors/JotForm Enterprise",
            "certified-connectors/StarRez REST v1",
            "certified-connectors/Tesseron ASM Basic Data",
            "certified-connectors/Tesseron ASM Ticket",
            "certified-connectors/Tesseron Asset",
        ),
        _DYNAMIC_HOST,
    ),
    "HST-004": dict.fromkeys(
        (
            "certified-connectors/Charles Universe",
            "certified-connectors/Delinea Secret Server",
            "certified-connectors/Easyvista_Service._Manager",
            "certified-connectors/Inserve",
            "certified-connectors/Korto",
            "certified-connectors/Planful",
            "certified-connectors/Public360",
            "certified-connectors/QPP NextGen",
            "independent-publisher-connectors/Forem",
        ),
        _DYNAMIC_HOST,
    ),
    "HST-005": dict.fromkeys(
        (
            "certified-connectors/Alkymi",
            "certified-connectors/Alvao",
            "certified-connectors/Charles Universe",
            "certified-connectors/Korto",
            "certified-connectors/cioplenu",
        ),
        _DYNAMIC_HOST,
    ),
    "EXT-071": {
        "certified-connectors/Cloud BOT": "its x- names are arguments of a dynamic call, not extensions",
        "certified-connectors/VirusTotal": "x-api_key is the name of a security scheme",
    },
    "POL-010": dict.fromkeys(
        (
            "certified-connectors/CognitiveServicesTextAnalytics",
            "certified-connectors/IN-D Invoice Data Capture",
        ),
        "its definition is not read to the end, so an operation may well be there",
    ),
    "SCH-011": {
        "certified-connectors/WPForms by reenhanced": "stands in shared responses, not visited there"
    },
    "SCH-027": {"certified-connectors/BttnOne": "stands in a path without any operation, not visited there"},
    "SCH-034": {"certified-connectors/Docurain": "stands in a shared response, not visited there"},
    "UPD-063": {"independent-publisher-connectors/Clockify": "its odd revision is 0, which UPD-062 reports"},
    "PRP-056": {"certified-connectors/3E Events": "the parameter has a default, which the condition exempts"},
    "DOC-020": dict.fromkeys(
        (
            "certified-connectors/Alvao",
            "certified-connectors/Revizto (Ireland)",
            "certified-connectors/Telstra SMS",
            "certified-connectors/World Academia",
        ),
        _TEMPLATE,
    ),
}
