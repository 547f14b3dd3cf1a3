"""Examples of the rules over apiProperties.json: its members, colour, publisher and capabilities."""

from __future__ import annotations

from typing import Any

from certification.rules.examples import base
from certification.rules.examples.case import PROPERTIES, Case, Examples
from certification.rules.profiles import Profile

INDEPENDENT = Profile("new", "independent")
_P = "/properties"
_COLOUR, _PUBLISHER, _OWNER = f"{_P}/iconBrandColor", f"{_P}/publisher", f"{_P}/stackOwner"
_CAPABILITIES, _SCRIPT = f"{_P}/capabilities", f"{_P}/scriptOperations"
# What the base connector, of a verified publisher, breaks under the profile of an independent one.
OF_INDEPENDENT = ("INF-009", "ICN-001")


def one_property(pointer: str, value: Any, *, at: str | None = None, **more: Any) -> Case:
    """A case that sets one value of apiProperties.json and is found there."""
    return Case(properties={pointer: value}, at=pointer if at is None else at, **{"file": PROPERTIES} | more)


def without_property(pointer: str, **more: Any) -> Case:
    """A case that lacks one member and is found at the object around it."""
    at = pointer.rpartition("/")[0]
    return Case(remove_properties=(pointer,), **{"file": PROPERTIES, "at": at} | more)


def _script(*operations: Any, at: str, **more: Any) -> Case:
    """With a script for these operations."""
    return Case(
        properties={_SCRIPT: list(operations)},
        files={"script.csx": base.SCRIPT},
        at=at,
        file=PROPERTIES,
        **more,
    )


_SCHEMA = ("PRP-099",)

CASES: dict[str, Examples] = {
    "PRP-001": Examples(
        bad=(
            Case(files={PROPERTIES: "{}\n"}, file=PROPERTIES, also=_SCHEMA),
            Case(files={PROPERTIES: "[]\n"}, file=PROPERTIES, also=_SCHEMA),
            Case(files={PROPERTIES: '{"properties": []}\n'}, file=PROPERTIES, at=_P, also=_SCHEMA),
        ),
        good=(Case(show='{"properties": {"iconBrandColor": "#1B5E7B"}}\n'),),
    ),
    "PRP-002": Examples(
        bad=(one_property("/name", "Harbour Tides", also=_SCHEMA),),
        good=(one_property("/$schema", "https://schemas.example/paconn-apiProperties.schema.json"),),
    ),
    "PRP-003": Examples(
        bad=(
            one_property(f"{_P}/script", "script.csx", also=_SCHEMA),
            Case(
                properties={f"{_P}/stackowner": "Harbour Office"},
                remove_properties=(_OWNER,),
                at=f"{_P}/stackowner",
                file=PROPERTIES,
                also=(*_SCHEMA, "PRP-021"),
            ),
        ),
        good=(one_property(f"{_P}/policyTemplateInstances", []),),
    ),
    "PRP-010": Examples(
        bad=(without_property(_COLOUR, also=_SCHEMA), one_property(_COLOUR, " ")),
        good=(one_property(_COLOUR, "#1b5e7b"),),
    ),
    "PRP-011": Examples(
        bad=(
            one_property(_COLOUR, "1B5E7B"),
            one_property(_COLOUR, "#abc"),
            one_property(_COLOUR, "teal"),
            one_property(_COLOUR, 1793659, also=_SCHEMA),
        ),
        good=(one_property(_COLOUR, "#1B5e7B"),),
    ),
    "PRP-012": Examples(
        bad=(one_property(_COLOUR, "#FFFFFF", also=("ICN-009",)),),
        good=(one_property(_COLOUR, "#FEFEFE", files={"icon.png": base.png(colour=(254, 254, 254))}),),
        good_breaks=("ICN-008",),
    ),
    "PRP-013": Examples(
        bad=(one_property(_COLOUR, "#007EE5", also=("ICN-009",)),),
        good=(one_property(_COLOUR, "#007EE6", files={"icon.png": base.png(colour=(0, 126, 230))}),),
    ),
    "PRP-014": Examples(
        bad=(one_property(_COLOUR, "#1B5E7B", profile=INDEPENDENT, also=(*OF_INDEPENDENT, "PRP-025")),),
        good=(
            Case(
                properties={_COLOUR: "#DA3B01", _OWNER: "Tide Service"},
                files={"icon.png": None},
                profile=INDEPENDENT,
            ),
        ),
        good_breaks=("INF-009",),
    ),
    "PRP-015": Examples(
        bad=(one_property(_COLOUR, "#DA3B01", also=("ICN-009",)),),
        good=(one_property(_COLOUR, "#DA3B02", files={"icon.png": base.png(colour=(218, 59, 2))}),),
    ),
    "PRP-020": Examples(
        bad=(without_property(_PUBLISHER), one_property(_PUBLISHER, " ")),
        good=(one_property(_PUBLISHER, "harbour office"),),
    ),
    "PRP-021": Examples(
        bad=(without_property(_OWNER), one_property(_OWNER, "")),
        good=(one_property(_OWNER, "Harbour  Office"),),
    ),
    "PRP-022": Examples(
        bad=(
            one_property(_OWNER, "https://tides.example", also=("PRP-024",)),
            one_property(_PUBLISHER, "Harbour Office!", also=("PRP-024",)),
        ),
        good=(Case(properties={_PUBLISHER: "Häfen & Co. (North)", _OWNER: "Häfen & Co. (North)"}),),
        good_breaks=("PRP-023",),
    ),
    "PRP-023": Examples(
        bad=(one_property(_OWNER, "Harbour Office, Inc.", also=("PRP-024",)),),
        good=(Case(properties={_PUBLISHER: "Harbour Office 24", _OWNER: "Harbour Office 24"}),),
    ),
    "PRP-024": Examples(
        bad=(one_property(_PUBLISHER, "Tide Service"),),
        good=(one_property(_PUBLISHER, "HARBOUR OFFICE"),),
    ),
    "PRP-025": Examples(
        bad=(
            one_property(
                _COLOUR, "#da3b01", at=_OWNER, profile=INDEPENDENT, also=(*OF_INDEPENDENT, "ICN-009")
            ),
        ),
        good=(
            Case(
                properties={_COLOUR: "#da3b01", _PUBLISHER: "Ada Lovelace"},
                files={"icon.png": None},
                profile=INDEPENDENT,
            ),
        ),
        good_breaks=("INF-009",),
    ),
    "PRP-030": Examples(
        bad=(without_property(_CAPABILITIES),),
        good=(one_property(_CAPABILITIES, ["actions"]),),
    ),
    "PRP-031": Examples(
        bad=(
            one_property(_CAPABILITIES, "actions", also=_SCHEMA),
            one_property(_CAPABILITIES, {}, also=_SCHEMA),
        ),
        good=(one_property(_CAPABILITIES, ["actions", "triggers"]),),
    ),
    "PRP-032": Examples(
        bad=(
            one_property(_CAPABILITIES, ["Actions"], at=f"{_CAPABILITIES}/0"),
            one_property(_CAPABILITIES, ["cloud only"], at=f"{_CAPABILITIES}/0"),
            one_property(_CAPABILITIES, ["actions", "Actions"], at=f"{_CAPABILITIES}/1"),
        ),
        good=(one_property(_CAPABILITIES, ["cloud"]),),
    ),
    "PRP-033": Examples(
        bad=(one_property(_CAPABILITIES, ["actions", "actions"], at=f"{_CAPABILITIES}/1"),),
        good=(one_property(_CAPABILITIES, ["actions", "triggers"]),),
    ),
    "PRP-090": Examples(
        bad=(one_property(_SCRIPT, "ListTides", files={"script.csx": base.SCRIPT}, also=_SCHEMA),),
        good=(_script("ListTides", at=""),),
        good_breaks=_SCHEMA,
    ),
    "PRP-091": Examples(
        bad=(
            _script("ListTides", "GetTide", at=f"{_SCRIPT}/1", also=_SCHEMA),
            _script("listTides", at=f"{_SCRIPT}/0", also=_SCHEMA),
        ),
        good=(_script("ListTides", "GetAccount", at=""),),
        good_breaks=_SCHEMA,
    ),
    "PRP-099": Examples(
        bad=(
            _script("ListTides", at=_SCRIPT),
            one_property(f"{_P}/connectionParameters/api_key/uiDefinition/schema", {"type": "string"}),
        ),
        good=(one_property(f"{_P}/connectionParameters/api_key/uiDefinition/tabIndex", 1),),
    ),
}
