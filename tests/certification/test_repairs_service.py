"""Repairs of a draft's package: through the real child process, stored as a version like any that is uploaded."""

from __future__ import annotations

import json
import signal
from contextlib import suppress

import pytest
from django.db import transaction

from certification.models import Submission
from certification.queries.validation import known_validation
from certification.rules import sandbox
from certification.rules.examples import Case
from certification.rules.repair_sandbox import repair_bytes
from certification.rules.sandbox import Limits
from certification.services import drafts, repairs, validation
from connectors.confinement import Outcome, run
from connectors.models import Version
from connectors.services.connectors import mark_version
from connectors.services.versions import load_package, package_bytes
from portal.shared import audit
from portal.shared.actors import SYSTEM
from portal.shared.errors import Conflict, IllegalTransition, InvalidInput, NotPermitted
from portal.shared.models import OutboxJob
from tests.factories import ConnectorFactory
from tests.factories.submissions import draft, numbered, ready_draft, submission_in, uploaded_version

pytestmark = pytest.mark.django_db

PARAMETER = "/paths/~1harbours~1{harbourId}~1tides/get/parameters/0/description"
FIXABLE = Case(set={"/basePath": "/v1/", PARAMETER: "The code of the harbour"})
"""Breaks HST-012 (final slash) and PRM-022 (no full stop); both have a repair."""


def value_of(version: Version, *keys: str | int):
    value = load_package(version).definition.value
    for key in keys:
        value = value[key]
    return value


def test_the_preview_tells_every_change_and_stores_nothing(cast):
    submission = ready_draft(cast.owner, case=FIXABLE)
    before = Version.objects.count(), OutboxJob.objects.count(), submission.version_id
    repaired = repairs.preview(submission, actor=cast.owner)
    changes = {change.rule: change for change in repaired.changes}
    assert changes.keys() == {"HST-012", "PRM-022"}
    assert changes["HST-012"].pointer == "/basePath"
    edit = changes["HST-012"].edits[0]
    assert (edit.kind, edit.before, edit.after) == ("replace", '"/v1/"', '"/v1"')
    submission.refresh_from_db()
    assert (Version.objects.count(), OutboxJob.objects.count(), submission.version_id) == before


def test_applying_makes_a_new_version_that_is_in_the_form_and_checked(cast):
    submission = ready_draft(cast.owner, case=FIXABLE)
    old = submission.version
    OutboxJob.objects.all().delete()
    applied = repairs.apply_repairs(submission, actor=cast.owner)
    submission.refresh_from_db()
    assert submission.version == applied.version != old
    assert value_of(applied.version, "basePath") == "/v1"
    assert value_of(old, "basePath") == "/v1/"
    assert applied.version.uploads.get().filename == repairs.FILE_NAME
    assert OutboxJob.objects.filter(topic="submission.check").count() == 1
    validation.check_draft(str(submission.pk))
    found = known_validation(submission, submission.version).findings
    assert not found.filter(rule__in=["HST-012", "PRM-022"]).exists()


def test_the_record_names_rules_and_counts(cast):
    submission = ready_draft(cast.owner, case=FIXABLE)
    old = submission.version
    applied = repairs.apply_repairs(submission, actor=cast.owner)
    record = audit.history(submission).get(action="submission.apply_repairs")
    assert record.data == {
        "from": old.label,
        "version": applied.version.label,
        "rules": ["HST-012", "PRM-022"],
        "counts": {"HST-012": 1, "PRM-022": 1},
    }


def test_only_the_chosen_rules_are_repaired(cast):
    submission = ready_draft(cast.owner, case=FIXABLE)
    applied = repairs.apply_repairs(submission, rules=["HST-012"], actor=cast.owner)
    assert applied.counts == {"HST-012": 1}
    assert not value_of(
        applied.version, "paths", "/harbours/{harbourId}/tides", "get", "parameters", 0, "description"
    ).endswith(".")


def test_the_rest_of_the_file_stays_as_its_author_wrote_it(cast):
    text = json.dumps(json.loads(FIXABLE.members()["apiDefinition.swagger.json"]), indent=7)
    submission = ready_draft(cast.owner, case=Case(files={"apiDefinition.swagger.json": text}))
    applied = repairs.apply_repairs(submission, rules=["HST-012"], actor=cast.owner)
    assert load_package(applied.version).definition.file.text == text.replace('"/v1/"', '"/v1"')


def test_a_package_without_anything_to_repair_is_told_so(cast):
    submission = ready_draft(cast.owner)
    assert repairs.preview(submission, actor=cast.owner).changes == ()
    with pytest.raises(InvalidInput, match="Nothing is left to repair"):
        repairs.apply_repairs(submission, actor=cast.owner)
    assert Version.objects.count() == 1


@pytest.mark.parametrize(
    ("rules", "words"), [([], "at least one"), (["INF-004"], "no repair for INF-004"), (["x"], "no repair")]
)
def test_a_choice_that_means_nothing_is_refused(cast, rules, words):
    submission = ready_draft(cast.owner, case=FIXABLE)
    with pytest.raises(InvalidInput, match=words):
        repairs.apply_repairs(submission, rules=rules, actor=cast.owner)


def test_a_form_that_is_closed_or_empty_has_nothing_to_repair(cast):
    closed = submission_in("in_review", cast.owner, case=FIXABLE)
    with pytest.raises(IllegalTransition):
        repairs.apply_repairs(closed, actor=cast.owner)
    empty = draft(cast.owner)
    with pytest.raises(Conflict, match="no package"):
        repairs.preview(empty, actor=cast.owner)


@pytest.mark.parametrize("who", ["viewer", "tester", "stranger", "reviewer", "operator"])
def test_only_owners_and_developers_repair(cast, who):
    submission = ready_draft(cast.owner, case=FIXABLE)
    person = getattr(cast, who)
    with pytest.raises(NotPermitted):
        repairs.preview(submission, actor=person)
    with pytest.raises(NotPermitted):
        repairs.apply_repairs(submission, actor=person)


def test_repairs_seen_of_another_package_are_not_applied(cast):
    submission = ready_draft(cast.owner, case=FIXABLE)
    with pytest.raises(Conflict, match="another package"):
        repairs.apply_repairs(submission, seen="0" * 64, actor=cast.owner)


def test_a_package_chosen_while_the_repair_runs_stays_chosen(cast, monkeypatch):
    submission = ready_draft(cast.owner, case=FIXABLE)
    other = uploaded_version(submission.connector, cast.owner, numbered(7))

    def choose_meanwhile(*args, **kwargs):
        fresh = Submission.objects.with_page_data().get(pk=submission.pk)
        drafts.choose_package(fresh, version=other, actor=cast.developer)
        return repair_bytes(*args, **kwargs)

    monkeypatch.setattr(repairs, "repair_bytes", choose_meanwhile)
    with pytest.raises(Conflict, match="another package"):
        repairs.apply_repairs(submission, actor=cast.owner)
    submission.refresh_from_db()
    assert submission.version == other


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(wall_seconds=0.01), "took more than 0.01 seconds"),
        (Limits(output_bytes=100), "broke off"),
    ],
)
def test_a_repair_beyond_its_limits_changes_nothing_and_says_why(cast, monkeypatch, limits, words):
    submission = ready_draft(cast.owner, case=FIXABLE)
    old = submission.version_id
    monkeypatch.setattr(
        repairs, "repair_bytes", lambda *args, **kwargs: repair_bytes(*args, **kwargs, limits=limits)
    )
    with pytest.raises(InvalidInput, match=words):
        repairs.apply_repairs(submission, actor=cast.owner)
    submission.refresh_from_db()
    assert (submission.version_id, Version.objects.count()) == (old, 1)


def test_a_repair_that_is_killed_from_outside_is_begun_again(cast, monkeypatch):
    submission = ready_draft(cast.owner, case=FIXABLE)
    ends = iter([-signal.SIGKILL, -signal.SIGKILL, None])

    def killed_twice(parts, limits, *, entry):
        end = next(ends)
        return Outcome(end, b"", False, False) if end else run(parts, limits, entry=entry)

    monkeypatch.setattr(sandbox, "run", killed_twice)
    repairs.apply_repairs(submission, actor=cast.owner)
    assert next(ends, "all were begun") == "all were begun"
    assert Version.objects.count() == 2


def test_a_repair_killed_each_time_it_is_begun_changes_nothing_and_says_so(cast, monkeypatch):
    submission = ready_draft(cast.owner, case=FIXABLE)
    begun = []

    def killed(parts, limits, *, entry):
        begun.append(entry)
        return Outcome(-signal.SIGKILL, b"", False, False)

    monkeypatch.setattr(sandbox, "run", killed)
    with pytest.raises(InvalidInput, match="broke off"):
        repairs.apply_repairs(submission, actor=cast.owner)
    assert begun == ["certification.rules.repair_child"] * sandbox.ATTEMPTS
    assert Version.objects.count() == 1


HOSTILE = {
    "deep": '{"swagger": "2.0", "basePath": ' + "[" * 5_000 + "]" * 5_000 + "}",
    "torn": '{"swagger": "2.0", "basePath": "/v1/", "info": {"title": ',
    "twice": '{"swagger": "2.0", "basePath": "/v1/", "basePath": "/v2/"}',
    "surrogate": '{"swagger": "2.0", "basePath": "/\\ud800/"}',
    "circle": '{"swagger": "2.0", "basePath": "/v1/", "definitions": {"A": {"$ref": "#/definitions/A"}}}',
    "wide": '{"swagger": "2.0", "basePath": "/v1/", "tags": [' + "1," * 50_000 + "1]}",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_definition_is_repaired_or_left_but_never_an_error(cast, name):
    case = Case(files={"apiDefinition.swagger.json": HOSTILE[name]})
    submission = draft(cast.owner)
    version = uploaded_version(submission.connector, cast.owner, case)
    drafts.choose_package(submission, version=version, actor=cast.owner)
    submission = Submission.objects.with_page_data().get(pk=submission.pk)
    with suppress(InvalidInput):
        repairs.apply_repairs(submission, actor=cast.owner)
        assert value_of(submission.version, "swagger") == "2.0"
    submission.refresh_from_db()
    assert (submission.version == version) is (Version.objects.count() == 1)


def test_an_update_is_repaired_beside_the_version_that_is_live(cast, monkeypatch):
    connector = ConnectorFactory(publisher=cast.publisher)
    live = uploaded_version(connector, cast.owner, numbered(3))
    with transaction.atomic():
        mark_version(connector, pointer="live", version=live, actor=SYSTEM)
    submission = ready_draft(cast.owner, connector, case=FIXABLE)
    given = {}

    def watch(data, **options):
        given.update(options)
        return repair_bytes(data, **options)

    monkeypatch.setattr(repairs, "repair_bytes", watch)
    assert repairs.preview(submission, actor=cast.owner).changes
    assert given["previous"] == package_bytes(live)
    assert given["profile"].change == "update"
