"""Examples of the rules over readme.md and intro.md."""

from __future__ import annotations

from certification.rules.examples import base
from certification.rules.examples.case import DEFINITION, PROPERTIES, Case, Examples
from certification.rules.examples.oauth import CASES as OAUTH
from certification.rules.examples.properties import INDEPENDENT, OF_INDEPENDENT

_README = "readme.md"
_BAD_OAUTH = OAUTH["PRP-060"].good[0]


def _readme(text: str, show: str = "", **more: object) -> Case:
    return Case(**{"files": {_README: text}, "file": _README, "show": show} | more)  # type: ignore[arg-type]


def _changed(old: str, new: str, show: str = "", **more: object) -> Case:
    """With another text in one place of the readme."""
    assert old in base.README
    return _readme(base.README.replace(old, new), show or new.strip() + "\n", **more)


def _without_section(heading: str) -> Examples:
    """The section under another heading, and spelt unusually."""
    assert f"## {heading}" in base.README
    return Examples(
        bad=(_changed(f"## {heading}", "## Harbours"),),
        good=(_changed(f"## {heading}", f"**{heading.upper()}**"),),
    )


_PROPOSAL = {DEFINITION: None, PROPERTIES: None, "intro.md": None, "icon.png": None}
_TIDES = "/paths/~1harbours~1{harbourId}~1tides/get"

CASES: dict[str, Examples] = {
    "DOC-001": Examples(
        bad=(
            Case(
                files={_README: None, "intro.md": None},
                file="",
                also=("DOC-002",),
                show="apiDefinition.swagger.json\napiProperties.json\nicon.png\n",
            ),
        ),
        good=(Case(files={_README: None, "README.md": base.README}, show="README.md\n"),),
    ),
    "DOC-002": Examples(
        bad=(Case(files={"intro.md": None}, file="", show="readme.md\n"),),
        good=(Case(files={"intro.md": None, "Intro.md": base.INTRO}, show="Intro.md\nreadme.md\n"),),
    ),
    "DOC-003": Examples(
        bad=(
            Case(
                files={"readme.txt": "Tides.\n"},
                file="readme.txt",
                also=("PKG-004",),
                show="readme.md\nreadme.txt\n",
            ),
        ),
        good=(Case(show="readme.md\nintro.md\n"),),
    ),
    "DOC-004": Examples(
        bad=(
            Case(
                files={_README: base.README.replace("Tide times", "Mar\xe9e times").encode("cp1252")},
                file=_README,
                show="readme.md: E9 instead of C3 A9\n",
            ),
        ),
        good=(_changed("Tide times", "Marée: tide times", "readme.md: C3 A9\n"),),
    ),
    "DOC-005": Examples(
        bad=(
            _readme(
                "## Publisher, prerequisites, credentials\n## Operations\nList tides. Get account.\n"
                "## Known issues\n## Deployment\n## FAQ\n## Getting started\n"
            ),
        ),
        good=(_changed("An account with Harbour Tides.", "None."),),
    ),
    "DOC-006": Examples(
        bad=(
            _readme(
                base.README.replace("#", "").replace("-", " "),
                "Harbour Tides\n\nPublisher: Harbour Office\n",
                also=(
                    "DOC-010",
                    "DOC-011",
                    "DOC-012",
                    "DOC-013",
                    "DOC-014",
                    "DOC-015",
                    "DOC-016",
                    "DOC-017",
                ),
            ),
        ),
        good=(_changed("# Harbour Tides\n", "Harbour Tides\n=============\n"),),
    ),
    "DOC-010": _without_section("Publisher: Harbour Office"),
    "DOC-011": _without_section("Prerequisites"),
    "DOC-012": _without_section("Supported operations"),
    "DOC-013": _without_section("Obtaining credentials"),
    "DOC-014": _without_section("Known issues and limitations"),
    "DOC-015": _without_section("Deployment instructions"),
    "DOC-016": _without_section("Getting started"),
    "DOC-017": _without_section("Frequently asked questions"),
    "DOC-020": Examples(
        bad=(
            _changed(
                "An account with Harbour Tides.",
                "Required. Any plans or licenses, tools required from the connector.",
            ),
            _changed("Once a day.", "Answer to question 1"),
        ),
        good=(_changed("An account with Harbour Tides.", "Required: a licence of Harbour Tides."),),
    ),
    "DOC-021": Examples(
        bad=(
            _changed("Once a day.", "TBD"),
            _changed("Once a day.", "[Insert answer]"),
            Case(
                files={"intro.md": base.INTRO + "\nLorem ipsum dolor.\n"},
                file="intro.md",
                show="Lorem ipsum dolor.\n",
            ),
        ),
        good=(_changed("Once a day.", "Insert a day: mastodon tbd2."),),
    ),
    "DOC-022": Examples(
        bad=(
            _changed("Once a day.", "![The form](images/form.png)"),
            _changed("Once a day.", '<img alt="The form" src="./form.png" width="300">'),
        ),
        good=(
            _changed(
                "Once a day.",
                "![The form](./images/my%20form.png)",
                files={
                    _README: base.README.replace(
                        "Once a day.",
                        "![The form](./images/my%20form.png) ![Logo](https://tides.example/logo.png)",
                    ),
                    "images/my form.png": base.ICON,
                },
            ),
        ),
    ),
    "DOC-023": Examples(
        bad=(
            _changed("Once a day.", "<script>alert(1)</script>"),
            _changed("Once a day.", "[Once](javascript:alert(1))"),
            _changed("Once a day.", '<img src="https://tides.example/a.png" onerror = "go()">'),
        ),
        good=(_changed("Once a day.", "Once a day, with a script in JavaScript: see below."),),
    ),
    "DOC-024": Examples(
        bad=(
            Case(
                set=_BAD_OAUTH.set,
                properties={
                    **_BAD_OAUTH.properties,
                    "/properties/iconBrandColor": "#da3b01",
                    "/properties/publisher": "Ada Lovelace",
                },
                file=_README,
                profile=INDEPENDENT,
                also=(*OF_INDEPENDENT, "ICN-009"),
                show="## Obtaining credentials\n\nCopy the key from your account page.\n",
            ),
        ),
        good=(
            Case(
                set=_BAD_OAUTH.set,
                properties={
                    **_BAD_OAUTH.properties,
                    "/properties/iconBrandColor": "#da3b01",
                    "/properties/publisher": "Ada Lovelace",
                },
                files={
                    _README: base.README.replace("Copy the key", "Register an app and copy its client id"),
                    "icon.png": None,
                },
                profile=INDEPENDENT,
                show="## Obtaining credentials\n\nRegister an app and copy its client id.\n",
            ),
        ),
        good_breaks=("INF-009",),
    ),
    "DOC-025": Examples(
        bad=(
            _changed(
                "### List tides", "### Tides", files={_README: base.README.replace("List tides", "Tides")}
            ),
        ),
        good=(_changed("### List tides", "### LIST TIDES"),),
    ),
    "DOC-026": Examples(
        bad=(
            _readme(
                base.README.replace("List tides", "Tides").replace("Get account", "Account"),
                "### Tides\n\n### Account\n",
            ),
        ),
        good=(_changed("### Get account", "### get account"),),
    ),
    "DOC-027": Examples(
        bad=(
            Case(
                files=_PROPOSAL,
                file=_README,
                profile=INDEPENDENT,
                also=("PKG-001", "PKG-002", "DOC-002"),
                show="readme.md\n",
            ),
        ),
        good=(
            Case(
                properties={"/properties/iconBrandColor": "#da3b01", "/properties/publisher": "Ada Lovelace"},
                files={"icon.png": None, "intro.md": None},
                profile=INDEPENDENT,
                show="apiDefinition.swagger.json\napiProperties.json\nreadme.md\n",
            ),
        ),
        good_breaks=("INF-009", "DOC-002"),
    ),
}
