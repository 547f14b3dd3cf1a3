"""Examples of the rules over the files of a package and its script."""

from __future__ import annotations

import json

from certification.rules.examples import base
from certification.rules.examples.case import DEFINITION, PROPERTIES, Case, Examples

_TEXT = json.dumps(base.DEFINITION, indent=2)
_PROPERTIES_TEXT = json.dumps(base.PROPERTIES, indent=2)
_EMPTY_ARCHIVE = b"PK\x05\x06" + bytes(18)
_LISTED = {"/properties/scriptOperations": ["ListTides"]}
_SCRIPT = "script.csx"


def _script(old: str, new: str) -> str:
    assert old in base.SCRIPT
    return base.SCRIPT.replace(old, new)


# The published schema of apiProperties.json does not know scriptOperations.
_SCHEMA = ("PRP-099",)


def _with_script(text: str, line: int | None = None) -> Case:
    return Case(
        files={_SCRIPT: text},
        properties=_LISTED,
        file=_SCRIPT,
        line=line,
        also=_SCHEMA,
        show=text[:900],
    )


_GOOD_SCRIPT = _with_script(base.SCRIPT)

CASES: dict[str, Examples] = {
    "PKG-001": Examples(
        bad=(Case(files={DEFINITION: None}, file=""),),
        good=(Case(),),
    ),
    "PKG-002": Examples(
        bad=(Case(files={PROPERTIES: None}, file=""),),
        good=(Case(),),
    ),
    "PKG-003": Examples(
        bad=(
            Case(
                files={DEFINITION: None, "apidefinition.swagger.json": _TEXT},
                show="apidefinition.swagger.json\n",
            ),
            Case(
                files={PROPERTIES: None, "APIProperties.json": _PROPERTIES_TEXT},
                file=PROPERTIES,
                show="APIProperties.json\n",
            ),
        ),
        good=(Case(),),
    ),
    "PKG-004": Examples(
        bad=(Case(files={"notes.txt": "Ask the harbour office.\n"}, file="notes.txt", show="notes.txt\n"),),
        good=(Case(files={"intro.md": "# Harbour Tides\n"}),),
    ),
    "PKG-005": Examples(
        bad=(
            Case(
                files={"second.swagger.json": _TEXT},
                file="second.swagger.json",
                also=("PKG-004",),
                show=f"{DEFINITION}\nsecond.swagger.json\n",
            ),
        ),
        good=(Case(),),
    ),
    "PKG-006": Examples(
        bad=(
            Case(
                files={"docs/notes.txt": "Ask the harbour office.\n"},
                file="docs/notes.txt",
                show="docs/notes.txt\n",
            ),
        ),
        good=(Case(),),
    ),
    "PKG-007": Examples(
        bad=(
            Case(
                files={"settings.json": '{"environment": "a1", "connectorId": "b2"}\n'}, file="settings.json"
            ),
        ),
        good=(Case(),),
    ),
    "PKG-010": Examples(
        bad=(
            Case(files={DEFINITION: "\ufeff" + _TEXT}, line=1, show="EF BB BF 7B  ...\n"),
            Case(files={PROPERTIES: "\ufeff" + _PROPERTIES_TEXT}, file=PROPERTIES, line=1),
        ),
        good=(Case(show="7B  {\n"),),
    ),
    "PKG-011": Examples(
        bad=(
            Case(
                files={PROPERTIES: _PROPERTIES_TEXT.replace("account page", "côte page").encode("cp1252")},
                file=PROPERTIES,
                show="63 F4 74 65  (côte in Windows-1252)\n",
            ),
        ),
        good=(
            Case(
                files={PROPERTIES: _PROPERTIES_TEXT.replace("account page", "côte page")},
                show="63 C3 B4 74 65  (côte)\n",
            ),
        ),
    ),
    "PKG-012": Examples(
        bad=(
            Case(
                files={PROPERTIES: _PROPERTIES_TEXT.replace('"Harbour Office"\n', '"Harbour Office",\n', 1)},
                file=PROPERTIES,
                at="/properties/stackOwner",
                show='{\n  "publisher": "Harbour Office",\n}\n',
            ),
            Case(files={DEFINITION: _TEXT.replace("{\n", "{ // root\n", 1)}, line=1, show="{ // root\n"),
        ),
        good=(Case(show='{\n  "publisher": "Harbour Office"\n}\n'),),
    ),
    "PKG-013": Examples(
        bad=(
            Case(
                files={DEFINITION: _TEXT.replace('"version":', '"version": "0.9", "version":', 1)},
                at="/info/version",
                show='{"version": "0.9", "version": "1.0.0"}\n',
            ),
        ),
        good=(Case(show='{"version": "1.0.0"}\n'),),
    ),
    "PKG-014": Examples(
        bad=(
            Case(files={"../outside.txt": "x"}, file="../outside.txt", show="../outside.txt\n"),
            Case(link="readme.txt", file="readme.txt", show="readme.txt -> /etc/hostname\n"),
        ),
        good=(Case(),),
    ),
    "PKG-015": Examples(
        bad=(Case(folder="tides/", file=""),),
        good=(Case(),),
    ),
    "PKG-016": Examples(
        bad=(
            Case(files={".DS_Store": b"\x00\x00\x00\x01Bud1"}, file=".DS_Store", show=".DS_Store\n"),
            Case(files={"__MACOSX/._readme.md": b"\x00\x05\x16\x07"}, file="__MACOSX/._readme.md"),
        ),
        good=(Case(),),
    ),
    "PKG-017": Examples(
        bad=(Case(files={"README.md": base.README}, file="README.md", show="readme.md\nREADME.md\n"),),
        good=(Case(),),
    ),
    "PKG-018": Examples(
        bad=(
            Case(
                files={"inner.zip": _EMPTY_ARCHIVE, "extra/notes.txt": "Ask the harbour office.\n"},
                file="inner.zip",
                also=("PKG-014",),
                show="readme.md\ninner.zip\nextra/notes.txt\n",
            ),
        ),
        good=(Case(show="readme.md\ninner.zip\n"),),
    ),
    "PKG-030": Examples(
        bad=(
            Case(
                properties=_LISTED,
                also=_SCHEMA,
                file=PROPERTIES,
                at="/properties/scriptOperations",
                show=f"{DEFINITION}\n{PROPERTIES} with scriptOperations\n",
            ),
        ),
        good=(_GOOD_SCRIPT, Case(properties={"/properties/scriptOperations": []})),
        good_breaks=_SCHEMA,
    ),
    "PKG-031": Examples(
        bad=(
            Case(
                files={_SCRIPT: base.SCRIPT}, file=PROPERTIES, at="/properties", show='{"properties": {}}\n'
            ),
        ),
        good=(
            Case(
                files={_SCRIPT: base.SCRIPT},
                properties=_LISTED,
                show='{"properties": {"scriptOperations": ["ListTides"]}}\n',
            ),
        ),
        good_breaks=_SCHEMA,
    ),
    "PKG-032": Examples(
        bad=(
            Case(
                files={"Script.csx": base.SCRIPT},
                properties=_LISTED,
                also=_SCHEMA,
                file=_SCRIPT,
                show="Script.csx\n",
            ),
        ),
        good=(Case(files={_SCRIPT: base.SCRIPT}, properties=_LISTED, show="script.csx\n"),),
        good_breaks=_SCHEMA,
    ),
    "PKG-033": Examples(
        bad=(
            Case(
                files={_SCRIPT: base.SCRIPT + "// tide\n" * 131_072},
                properties=_LISTED,
                also=_SCHEMA,
                file=_SCRIPT,
                show="script.csx: 1,048,999 bytes\n",
            ),
        ),
        good=(Case(files={_SCRIPT: base.SCRIPT}, properties=_LISTED, show="script.csx: 423 bytes\n"),),
        good_breaks=_SCHEMA,
    ),
    "PKG-034": Examples(
        bad=(
            _with_script(_script("class Script : ScriptBase", "class Tides : ScriptBase")),
            _with_script(_script("public class Script : ScriptBase", "// class Script : ScriptBase")),
        ),
        good=(_GOOD_SCRIPT,),
        good_breaks=_SCHEMA,
    ),
    "PKG-035": Examples(
        bad=(_with_script(_script("ExecuteAsync()", "Execute()")),), good=(_GOOD_SCRIPT,), good_breaks=_SCHEMA
    ),
    "PKG-036": Examples(
        bad=(_with_script("using System.Data.SqlClient;\n" + base.SCRIPT, line=1),),
        good=(
            _with_script(
                "using Json = Newtonsoft.Json.Linq.JObject;\nusing static System.Math;\n" + base.SCRIPT
            ),
        ),
        good_breaks=_SCHEMA,
    ),
    "PKG-037": Examples(
        bad=(
            _with_script(_script("new HttpResponseMessage();", "new HttpClient().GetAsync(uri);"), line=12),
        ),
        good=(_with_script("// never new HttpClient()\n" + base.SCRIPT),),
        good_breaks=_SCHEMA,
    ),
    "PKG-038": Examples(
        bad=(
            Case(
                files={_SCRIPT: base.SCRIPT, "other.csx": base.SCRIPT},
                properties=_LISTED,
                file="other.csx",
                also=("PKG-004", "PKG-032", *_SCHEMA),
                show="other.csx\nscript.csx\n",
            ),
        ),
        good=(_GOOD_SCRIPT,),
        good_breaks=_SCHEMA,
    ),
    "PKG-039": Examples(
        bad=(_with_script(_script('"ListTides"', '"ListTide"'), line=8),),
        good=(_GOOD_SCRIPT,),
        good_breaks=_SCHEMA,
    ),
}
