"""Examples of the rules over the type and the schema of parameters."""

from __future__ import annotations

from certification.rules.examples.case import Examples
from certification.rules.examples.parameters import ABSENT, beside, body, form, header, posted, query

_TEXTS = {"type": "array", "format": ABSENT, "items": {"type": "string"}}
_FILE = {"name": "chart", "type": "file", "format": ABSENT, "x_ms_summary": "Chart"}
_FORM = "multipart/form-data"
_DYNAMIC = {
    "operationId": "ListTides",
    "parameters": {"harbourId": {"value": "north"}},
    "itemsPath": "tides",
    "itemValuePath": "time",
    "itemTitlePath": "time",
}

CASES: dict[str, Examples] = {
    "PRM-017": Examples(
        bad=(
            beside(query(**_TEXTS, collectionFormat="CSV"), "/collectionFormat"),
            beside(header(**_TEXTS, collectionFormat="multi"), "/collectionFormat"),
            beside(query(**_TEXTS, collectionFormat=["csv"]), "/collectionFormat"),
        ),
        good=(
            beside(query(**_TEXTS, collectionFormat="multi")),
            beside(header(**_TEXTS, collectionFormat="pipes")),
        ),
    ),
    "PRM-050": Examples(
        bad=(
            posted(body(schema=ABSENT)),
            posted(body(schema=ABSENT, type="string"), at="/0", also=("PRM-051",)),
        ),
        good=(posted(body()),),
    ),
    "PRM-051": Examples(
        bad=(posted(body(type="object"), at="/0/type"),),
        good=(posted(body(x_ms_visibility="important")),),
    ),
    "PRM-052": Examples(
        bad=(posted(body(x_ms_dynamic_list=_DYNAMIC), at="/0/x-ms-dynamic-list", also=("EXT-038",)),),
        good=(posted(body()),),
    ),
    "PRM-053": Examples(
        bad=(beside(query(schema={"type": "integer"}), "/schema"),),
        good=(posted(body(), query(name="dryRun")),),
    ),
    "PRM-054": Examples(
        bad=(beside(query(type=ABSENT)),),
        good=(posted(body(), query(type="number", format="double")),),
    ),
    "PRM-055": Examples(
        bad=(
            beside(query(type="Integer"), "/type"),
            beside(query(type="object", format=ABSENT), "/type"),
            beside(query(type=["integer", "null"]), "/type"),
        ),
        good=(beside(query(type="boolean", format=ABSENT)),),
    ),
    "PRM-056": Examples(
        bad=(beside(query(**_FILE), "/type"),),
        good=(posted(form(**_FILE), consumes=_FORM),),
    ),
    "PRM-057": Examples(
        bad=(beside(header(allowEmptyValue=True), "/allowEmptyValue"),),
        good=(beside(query(allowEmptyValue=True)),),
    ),
    "PRM-058": Examples(
        bad=(posted(form(name="höhe"), consumes=_FORM, at="/0/name"),),
        good=(posted(form(name="level (m)"), consumes=_FORM),),
    ),
    "PRM-061": Examples(
        bad=(beside(query(type="string", format="binary"), "/format"),),
        good=(beside(query(type="string", format="byte")),),
    ),
}
