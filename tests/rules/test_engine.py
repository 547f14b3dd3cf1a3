"""The engine: same package, same report; a broken rule is a finding; work grows with the package."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest

from certification.rules import Context, Profile, Report, check_package
from certification.rules import engine as engine_module
from certification.rules.engine import MOST_FINDINGS_PER_RULE, Run
from certification.rules.examples import Case, examples
from certification.rules.examples.base import DEFINITION
from certification.rules.findings import Hit, shown
from certification.rules.plans import Plan
from certification.rules.registry import Binding, Check, Rule, metadata, rules
from certification.rules.version import RULES_DIGEST, rules_digest
from certification.rules.walk import Node, walk
from connectors.definitions import Package, read_files

NEW = Profile("new", "verified")


def package_of(text: str, **files: str) -> Package:
    members = Case().members()
    members["apiDefinition.swagger.json"] = text.encode()
    return read_files(members | {name: content.encode() for name, content in files.items()})


def forget_plans() -> None:
    engine_module._chosen.cache_clear()
    engine_module._whole_plan.cache_clear()
    engine_module._plan.cache_clear()


def found(report: Report, rule: str) -> list[tuple[str, int, int]]:
    return [(item.pointer, item.line, item.column) for item in report.findings if item.rule == rule]


def test_the_same_package_gives_the_same_report_whatever_the_order_of_its_files() -> None:
    members = examples()["PKG-038"].bad[0].members()
    reports = [
        check_package(read_files(dict(order)), NEW).to_dict()
        for order in (members.items(), reversed(members.items()))
    ]
    assert reports[0] == reports[1]
    assert json.loads(json.dumps(reports[0])) == reports[0]


def test_a_report_comes_back_from_its_plain_data() -> None:
    report = check_package(package_of(json.dumps(DEFINITION | {"basepath": "/"})), NEW)
    assert report.verdict == "fail"
    assert Report.from_dict(json.loads(json.dumps(report.to_dict()))) == report


def test_positions_hold_with_crlf_byte_order_mark_and_tabs() -> None:
    plain = json.dumps(DEFINITION | {"basepath": "/"}, indent=1)
    expected = found(check_package(package_of(plain), NEW), "DEF-004")
    assert expected[0][1] > 1
    for text in (plain.replace("\n", "\r\n"), "\ufeff" + plain, plain.replace("\n ", "\n\t")):
        assert found(check_package(package_of(text), NEW), "DEF-004") == expected


def test_fingerprints_survive_reformatting_and_tell_places_apart() -> None:
    definition = DEFINITION | {"basepath": "/", "consumes": [], "produces": []}
    reports = [
        check_package(package_of(json.dumps(definition, indent=indent)), NEW) for indent in (None, 2, 8)
    ]
    marks = [{item.fingerprint for item in report.findings} for report in reports]
    assert marks[0] == marks[1] == marks[2]
    assert len(marks[0]) == len(reports[0].findings) == 3


def test_places_of_one_cause_share_a_group() -> None:
    definition = json.loads(json.dumps(DEFINITION))
    for name in ("A", "B", "C"):
        definition["definitions"][name] = {"type": "string", "description": ""}
    report = check_package(package_of(json.dumps(definition)), NEW)
    findings = [item for item in report.findings if item.rule == "DEF-008"]
    assert len(findings) == 3
    assert len({item.group for item in findings}) == 1
    assert len({item.fingerprint for item in findings}) == 3


@pytest.mark.parametrize(
    ("rule", "pointer"),
    [
        ("INF-020", "/info/contact"),
        ("INF-030", "/x-ms-connector-metadata"),
    ],
)
def test_what_is_an_error_for_a_new_verified_connector_is_a_warning_otherwise(
    rule: str, pointer: str
) -> None:
    package = read_files(Case(remove=(pointer,)).members())
    severities = {
        (change, publisher): next(
            item.severity
            for item in check_package(package, Profile(change, publisher)).findings
            if item.rule == rule
        )
        for change in ("new", "update")
        for publisher in ("verified", "independent")
    }
    assert severities.pop(("new", "verified")) == "error"
    assert set(severities.values()) == {"warning"}


def test_a_rule_for_independent_publishers_leaves_verified_ones_alone() -> None:
    package = read_files(Case().members())
    found = {item.rule for item in check_package(package, Profile("new", "independent")).findings}
    assert found == {"ICN-001", "INF-009", "PRP-014", "PRP-025"}
    assert check_package(package, Profile("new", "verified")).findings == ()


def test_a_rule_without_its_context_keeps_silent() -> None:
    package = read_files(Case().members())
    assert check_package(package, NEW, None).findings == ()
    taken = check_package(package, NEW, Context.of_titles(["harbour tides"]))
    assert [item.rule for item in taken.findings] == ["INF-040"]


def test_a_crashing_rule_is_one_finding_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(node: Node) -> Iterator[Hit]:
        yield node.hit()
        raise ValueError(f"secret of the package: {node.value}")

    broken = Rule(metadata()["INF-001"], [Binding(crash, ("info", "schema"), ())])
    changed = {**rules(), "INF-001": broken}
    monkeypatch.setattr(engine_module, "rules", lambda: changed)
    forget_plans()
    try:
        report = check_package(package_of(json.dumps(DEFINITION | {"basepath": "/"})), NEW)
    finally:
        forget_plans()
    crashes = [item for item in report.findings if item.rule == "ENG-001"]
    assert len(crashes) == 1
    assert "INF-001" in crashes[0].message
    assert "ValueError" in crashes[0].message
    assert "secret" not in json.dumps(report.to_dict())
    # What the rule said before it failed counts.
    assert found(report, "INF-001")
    assert found(report, "DEF-004")
    assert report.verdict == "fail"


def test_a_report_names_the_very_package_that_was_checked() -> None:
    package, other = package_of(json.dumps(DEFINITION)), package_of(json.dumps(DEFINITION, indent=1))
    report = check_package(package, NEW, label="tides")
    assert report.digest == package.digest == report.to_dict()["digest"]
    assert report != check_package(other, NEW, label="tides")
    assert replace(report).digest == package.digest
    assert replace(report, digest="another").digest == "another"


def test_a_refused_upload_is_reported_for_that_alone() -> None:
    report = check_package(read_files({"../x": b"{}"}), NEW)
    assert {item.rule for item in report.findings} == {"PKG-014"}
    assert report.digest == ""


def test_what_a_wrong_bracket_cut_off_is_not_called_missing() -> None:
    text = json.dumps(DEFINITION, indent=1)
    cut = text.replace('"basePath"', '}\n, "basePath"', 1)
    rules_found = {item.rule for item in check_package(package_of(cut), NEW).findings}
    assert "PKG-012" in rules_found
    assert rules_found.isdisjoint({"DEF-004", "DEF-005", "INF-030"})


def test_an_empty_or_senseless_definition_gets_a_verdict() -> None:
    for text in ("", " ", "null", "[]", '"x"', "7", "{", "{}", '{"info": [], "paths": 3}', "\x00", "\ufeff"):
        assert check_package(package_of(text), NEW).verdict == "fail", text


def test_findings_of_one_rule_are_capped_and_the_rest_is_counted() -> None:
    definition = DEFINITION | {f"wrong{number}": 1 for number in range(MOST_FINDINGS_PER_RULE + 25)}
    report = check_package(package_of(json.dumps(definition)), NEW)
    assert len(found(report, "DEF-004")) == MOST_FINDINGS_PER_RULE
    assert report.omitted == {"DEF-004": 25}


def calls_for(operations: int) -> tuple[int, int]:
    """Nodes visited and checks called for a definition with so many operations and looping schemas."""
    definition = json.loads(json.dumps(DEFINITION))
    item = definition["paths"].popitem()[1]
    definition["paths"] = {f"/harbours/{number}": item for number in range(operations)}
    definition["definitions"]["Loop"] = {
        "properties": {"self": {"$ref": "#/definitions/Loop"}},
        "allOf": [{"$ref": "#/definitions/Loop"}, {"$ref": "#/definitions/Loop"}],
    }
    calls = 0

    def counted(rule: Rule) -> Rule:
        def counting(check: Check) -> Check:
            def call(*arguments: object) -> Iterable[Hit] | None:
                nonlocal calls
                calls += 1
                return check(*arguments)

            return call

        bindings = [replace(one, check=counting(one.check)) for one in rule.bindings]
        return Rule(rule.about, bindings)

    run = Run(read_files({"apiDefinition.swagger.json": json.dumps(definition).encode()}), NEW, Context())
    plan = Plan.of([counted(rule) for rule in rules().values()])
    nodes = sum(
        walk(run, file, value, plan.kinds[kind], run.collect, run.crashed)
        for file, value, kind in run.roots()
    )
    return nodes, calls


def test_work_grows_in_proportion_to_the_number_of_operations() -> None:
    (nodes_1, calls_1), (nodes_2, calls_2), (nodes_3, calls_3) = (calls_for(size) for size in (100, 200, 400))
    assert nodes_3 - nodes_2 == 2 * (nodes_2 - nodes_1)
    assert calls_3 - calls_2 == 2 * (calls_2 - calls_1)


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "unit",
    [
        '"',
        '@"',
        "@",
        '"\\',
        "'\\",
        "/",
        "/*",
        "using a",
        "using a = ",
        " ",
        "class Script :",
        "switch (Context.OperationId) {",
        'case "x": ',
        "OperationId == ",
        '"x" == ',
        "new HttpClient ",
        "a",
        "{",
    ],
)
def test_no_script_makes_a_pattern_backtrack(unit: str) -> None:
    """Each would take minutes, and the time limit end the test, if any pattern were more than linear."""
    script = unit * (1_000_000 // len(unit))
    report = check_package(package_of(json.dumps(DEFINITION), **{"script.csx": script}), NEW)
    assert report.verdict == "fail"


@pytest.mark.timeout(30)
@pytest.mark.parametrize("unit", ["x", " ", "https://", "a.", "Power ", "-", "a@", "1.", "é"])
def test_no_text_makes_a_pattern_backtrack(unit: str) -> None:
    text = unit * (400_000 // len(unit))
    info = {"title": text, "description": text, "version": text, "license": {"url": text}}
    contact = {"name": text, "url": "https://" + text, "email": text + "@" + text}
    package = package_of(json.dumps(DEFINITION | {"info": info | {"contact": contact}}, ensure_ascii=False))
    assert check_package(package, NEW).verdict == "fail"


def test_a_text_hidden_behind_escapes_is_found_all_the_same() -> None:
    text = json.dumps(DEFINITION).replace("The water level", "For Power \\u0041pps, the water level")
    assert found(check_package(package_of(text), NEW), "DEF-009")


def test_text_of_a_package_cannot_steer_a_terminal_or_grow_a_message() -> None:
    assert shown("a\x1b[31mb\u202ec\n") == "a\\u001b[31mb\\u202ec "
    assert len(shown("x" * 1_000_000)) == 120
    definition = DEFINITION | {"\x1b[2J" + "x" * 500: 1}
    report = check_package(package_of(json.dumps(definition)), NEW)
    assert "\x1b" not in report.findings[0].message
    assert len(report.findings[0].message) < 250


def test_a_change_of_the_rules_needs_a_new_version() -> None:
    assert rules_digest() == RULES_DIGEST, (
        "rules, metadata or engine changed: raise RULES_VERSION in certification/rules/version.py "
        f"and set RULES_DIGEST to {rules_digest()}"
    )
