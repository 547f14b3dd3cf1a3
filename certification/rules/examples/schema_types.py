"""Examples of the rules over types, formats, enums, defaults and limits."""

from __future__ import annotations

from certification.rules.examples.case import Case, Examples, one
from certification.rules.examples.parameters import ABSENT, beside, form, level, posted, query, with_body
from certification.rules.examples.schemas import (
    ANSWER,
    LEVEL,
    SENT,
    TIDES,
    with_count,
    with_level,
    with_text,
    with_tide,
)

_BODY = {"type": "string", "format": "binary"}
_FILE_FORM = "multipart/form-data"

CASES: dict[str, Examples] = {
    "SCH-008": Examples(
        bad=(
            with_level("/type", type=["number", "null"]),
            with_level("/type", type="null"),
            with_level("/type", type=None),
        ),
        good=(with_level(x_nullable=True),),
        good_breaks=("EXT-071",),
    ),
    "SCH-009": Examples(
        bad=(
            with_count("/type", type="Integer"),
            with_text("/type", type="date"),
            with_level("/type", type={"of": "number"}),
        ),
        good=(with_text(type="boolean"),),
    ),
    "SCH-010": Examples(
        bad=(
            with_level(type=ABSENT),
            with_tide(type=None),
        ),
        good=(with_text(type=ABSENT, enum=["high", "low"]),),
    ),
    "SCH-011": Examples(
        bad=(one(LEVEL, {}), one(ANSWER, {}, also=("RSP-022",))),
        good=(with_tide(additionalProperties={}),),
    ),
    "SCH-012": Examples(
        bad=(
            with_text("/type", type="file"),
            posted(with_body(chart=level(type="file", format=ABSENT)), at=f"{SENT}/chart/type"),
        ),
        good=(
            Case(
                set={"/paths/~1account/get/produces": ["application/octet-stream"], ANSWER: {"type": "file"}}
            ),
        ),
        good_breaks=("OPR-067",),
    ),
    "SCH-013": Examples(
        bad=(
            with_text("/format", format="datetime"),
            with_text("/format", format=""),
            with_level("/format", format=None),
            beside(query(type="string", format="time"), "/format"),
        ),
        good=(with_text(format="date-no-tz"), beside(query(format="int64"))),
    ),
    "SCH-014": Examples(
        bad=(
            with_text("/format", format="int32"),
            with_level("/format", format="byte"),
            with_text("/format", type="boolean", format="int32"),
        ),
        good=(with_level(format="float"), with_level(format="int32")),
    ),
    "SCH-015": Examples(
        bad=(
            with_text("/format", format="binary"),
            posted(
                form(type="array", format=ABSENT, items=_BODY, collectionFormat="multi"),
                at="/0/items/format",
                consumes=_FILE_FORM,
            ),
        ),
        good=(
            with_text(format="byte"),
            Case(set={"/paths/~1account/get/produces": ["application/octet-stream"], ANSWER: _BODY}),
        ),
        good_breaks=("OPR-067",),
    ),
    "SCH-040": Examples(
        bad=(
            with_text("/enum", enum=[]),
            with_text("/enum", enum="high"),
            beside(query(enum={}), "/enum"),
        ),
        good=(with_text(enum=["high"]),),
    ),
    "SCH-041": Examples(
        bad=(
            with_text("/enum/2", enum=["high", "low", "high"]),
            with_count("/enum/1", enum=[1, 1]),
            beside(query(enum=[1, 2, 2]), "/enum/2"),
        ),
        good=(with_text(enum=["high", "High"]), with_count(enum=[1, 0])),
    ),
    "SCH-042": Examples(
        bad=(
            with_text("/enum", type="boolean", enum=["true", "false"]),
            with_text("/enum", enum=["high", 1]),
            beside(query(enum=["1", "2"]), "/enum"),
        ),
        good=(with_text(type="boolean", enum=[True]), with_level(enum=[1, 1.5])),
    ),
    "SCH-043": Examples(
        bad=(with_text("/enum/1", enum=["high", ""]),),
        good=(with_text(enum=["high", "none"]),),
    ),
    "SCH-044": Examples(
        bad=(
            with_count("/default", default="10"),
            with_text("/default", type="boolean", default="false"),
            beside(query(default=True), "/default"),
        ),
        good=(with_count(default=10), with_text(default="10"), with_level(default=10)),
    ),
    "SCH-045": Examples(
        bad=(with_text("/default", default=None), beside(query(default=None), "/default")),
        good=(with_text(default="null"),),
    ),
    "SCH-046": Examples(
        bad=(
            with_text("/default", enum=["high", "low"], default="High"),
            beside(query(enum=[1, 2], default=3), "/default"),
        ),
        good=(with_text(enum=["high", "low"], default="low"), with_level(enum=[1.0], default=1)),
    ),
    "SCH-047": Examples(
        bad=(
            with_level("/minimum", minimum=5, maximum=1.5),
            with_text("/minLength", minLength=10, maxLength=2),
            beside(query(minimum=1, maximum=0), "/minimum"),
        ),
        good=(with_level(minimum=-5, maximum=-5),),
    ),
    "SCH-048": Examples(
        bad=(with_text("/maxLength", maxLength=-1), one(f"{TIDES}/minItems", -2)),
        good=(with_level(minimum=-1), with_text(minLength=0)),
    ),
    "SCH-049": Examples(
        bad=(
            with_text("/maxLength", maxLength="100"),
            with_level("/minimum", minimum="0"),
            with_level("/maximum", maximum=True),
        ),
        good=(with_text(maxLength=100),),
    ),
    "SCH-050": Examples(
        bad=(
            with_level("/exclusiveMaximum", exclusiveMaximum=True),
            with_level("/exclusiveMinimum", exclusiveMinimum=0),
        ),
        good=(with_level(exclusiveMaximum=True, maximum=10),),
    ),
    "SCH-051": Examples(
        bad=(with_level("/multipleOf", multipleOf=0), with_level("/multipleOf", multipleOf="0.1")),
        good=(with_level(multipleOf=0.1),),
    ),
    "SCH-052": Examples(
        bad=(
            with_text("/pattern", pattern="^[A-Z{3}$"),
            with_text("/pattern", pattern="*.txt"),
            with_text("/pattern", pattern=["^a$"]),
            beside(query(type="string", format=ABSENT, pattern="(?=a(b)"), "/pattern"),
        ),
        good=(
            with_text(pattern=r"^(?!\s*$)[\u0370-\u03FF\w-]{1,2000}(['\"]).*\1$"),
            with_text(pattern=r"^[A-Z]{3}(?:-\d{2,4})?$"),
        ),
    ),
}
