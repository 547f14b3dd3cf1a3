"""The demo connectors as packages: valid where they should be, wrong where they are meant to be."""

from __future__ import annotations

import hashlib
import io
import json

import pytest
from django.test import RequestFactory, override_settings
from PIL import Image

from certification.rules import Context, Profile, check_package
from connectors.definitions import read_archive, read_files
from portal import trial
from portal.demo.packages import at_home, by_the_water, in_town, revisions
from portal.demo.packages.at_home import SAMPLE
from portal.demo.packages.build import files_of, zip_of
from portal.demo.packages.fields import field
from portal.demo.packages.language import Blueprint

FIRST_VERSIONS = revisions.everything()
METHODS = {"get", "post", "put", "patch", "delete"}
MEANT = {"INF-009", "PRP-046", "PRP-099", "RSP-026", "SEC-001"}
"""What a good package may be told: the suffix that is added for it, that it needs no sign-in, that it deletes
without an answer, and a published schema that is older than the platform.
"""


def findings(
    files: dict[str, bytes], *, publisher: str = "verified", before: dict[str, bytes] | None = None
) -> dict[str, set[str]]:
    """Severity -> rules that were broken; an update of the version `before`, if there is one."""
    context = Context(previous=read_files(before)) if before else Context()
    profile = Profile("update" if before else "new", publisher)
    report = check_package(read_files(files), profile, context)
    found: dict[str, set[str]] = {}
    for finding in report.findings:
        found.setdefault(finding.severity, set()).add(finding.rule)
    return found


def operations_of(files: dict[str, bytes]) -> list[dict]:
    paths = json.loads(files["apiDefinition.swagger.json"])["paths"]
    return [value for item in paths.values() for method, value in item.items() if method in METHODS]


@pytest.mark.parametrize("blueprint", [*FIRST_VERSIONS.values(), SAMPLE], ids=lambda each: each.title)
def test_a_first_version_breaks_no_rule(blueprint: Blueprint):
    kind = "independent" if blueprint.is_independent else "verified"
    found = findings(files_of(blueprint), publisher=kind)
    assert not found.get("error"), found
    assert not found.get("warning"), found
    assert found.get("info", set()) <= MEANT, found


def test_there_are_twenty_five_connectors_and_one_is_large():
    counts = {title: len(operations_of(files_of(each))) for title, each in FIRST_VERSIONS.items()}
    assert len(counts) >= 25
    assert counts["Quillmere Museum Ledger"] == 150
    assert all(count >= 3 for count in counts.values()), counts


def test_every_way_to_sign_in_and_both_kinds_of_trigger_appear():
    assert {each.auth for each in FIRST_VERSIONS.values()} >= {"none", "api_key", "basic", "oauth2"}
    every = [one for each in FIRST_VERSIONS.values() for one in operations_of(files_of(each))]
    assert {one.get("x-ms-trigger") for one in every} >= {"single", "batch"}
    assert any("x-ms-dynamic-list" in str(one) for one in every)


@pytest.mark.parametrize(
    ("files", "errors", "warnings"),
    [
        (
            revisions.bells_unfinished(),
            {"INF-011", "INF-016", "INF-035", "OPR-024", "PRM-020", "EXT-021", "TRG-012"},
            {"INF-021", "SCH-032"},
        ),
        (revisions.rota_with_warnings(), set(), {"INF-015", "INF-021", "OPR-013b"}),
        (revisions.with_exporter_member(), {"DEF-004"}, set()),
        (revisions.rooms_first_try(), set(), set()),
        (revisions.museum_first_try(), set(), set()),
    ],
    ids=["unfinished", "with warnings", "with a member of the exporter", "sent back", "sent back, large"],
)
def test_a_package_that_is_wrong_on_purpose_breaks_exactly_these_rules(files, errors, warnings):
    found = findings(files)
    assert found.get("error", set()) == errors
    assert found.get("warning", set()) == warnings


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (files_of(by_the_water.TIDES), revisions.with_currents()),
        (files_of(by_the_water.BERTHS), revisions.with_waiting_list()),
        (files_of(in_town.LOANS), revisions.with_reservations()),
        (files_of(by_the_water.TICKETS), revisions.with_season_passes()),
    ],
    ids=["currents", "waiting list", "reservations", "season passes"],
)
def test_an_update_that_adds_something_breaks_nobody(before, after):
    found = findings(after, before=before)
    assert set(found) == {"info"}, found
    assert found["info"] <= MEANT | {"UPD-032", "UPD-033"}
    assert "UPD-033" in found["info"]


@pytest.mark.parametrize(
    ("before", "after", "errors"),
    [
        (files_of(in_town.LOCKERS), revisions.without_reminders(), {"UPD-001"}),
        (files_of(at_home.GREENHOUSE), revisions.with_zones(), {"UPD-003", "UPD-005", "UPD-006"}),
        (revisions.with_currents(), revisions.with_clearer_words(), {"UPD-001", "UPD-009"}),
        (files_of(in_town.METERS), revisions.with_exporter_member(), {"DEF-004"}),
    ],
    ids=[
        "calls taken out",
        "moved below zones",
        "made from the wrong version",
        "with a member of the exporter",
    ],
)
def test_an_update_that_breaks_its_users_is_told_so(before, after, errors):
    found = findings(after, before=before)
    assert found.get("error", set()) == errors
    assert not found.get("warning"), found


def test_an_additive_version_keeps_every_operation_and_a_breaking_one_does_not():
    def ids(files):
        return {one["operationId"] for one in operations_of(files)}

    before = ids(files_of(FIRST_VERSIONS["Saltmarsh Tides"]))
    assert before < ids(revisions.with_currents())
    assert before == ids(revisions.with_clearer_words())
    assert not ids(files_of(FIRST_VERSIONS["Lanternfold Lockers"])) <= ids(revisions.without_reminders())


def test_icons_are_small_squares_on_their_brand_colour():
    seen = set()
    companies = [each for each in FIRST_VERSIONS.values() if not each.is_independent]
    for blueprint in companies:
        content = files_of(blueprint)["icon.png"]
        picture = Image.open(io.BytesIO(content)).convert("RGB")
        assert picture.size == (230, 230)
        assert "#{:02x}{:02x}{:02x}".format(*picture.getpixel((0, 0))) == blueprint.colour
        seen.add(hashlib.sha256(content).hexdigest())
    assert len(seen) == len(companies), "every connector has an icon of its own"


def test_independent_publishers_bring_no_icon_and_share_one_colour():
    independent = [each for each in FIRST_VERSIONS.values() if each.is_independent]
    assert independent
    for blueprint in independent:
        assert "icon.png" not in files_of(blueprint)
        assert blueprint.colour == "#da3b01"


def test_hosts_and_addresses_are_invented():
    for blueprint in FIRST_VERSIONS.values():
        definition = json.loads(files_of(blueprint)["apiDefinition.swagger.json"])
        assert definition["host"].endswith(".example")
        assert definition["info"]["contact"]["email"].endswith(".example")


def test_the_same_blueprint_makes_the_same_bytes():
    blueprint = FIRST_VERSIONS["Saltmarsh Tides"]
    assert zip_of(files_of(blueprint)) == zip_of(files_of(blueprint))


@pytest.mark.parametrize("text", ["", "level", "level:double", "level:strange Level | Text."])
def test_what_is_not_in_the_notation_is_refused(text):
    with pytest.raises(ValueError, match=r"field|kind"):
        field(text)


@override_settings(TRIAL_MODE=True)
def test_the_sample_can_be_downloaded_as_an_archive_that_breaks_no_rule():
    answer = trial.sample(RequestFactory().get("/trial/sample/"))
    package = read_archive(answer.content)
    assert not package.is_refused
    assert answer["Content-Type"] == "application/zip"
    assert check_package(package, Profile("new", "verified")).verdict == "pass"


def test_outside_of_a_trial_there_is_no_sample(client, db):
    assert client.get("/trial/sample/").status_code == 404
    assert client.get("/trial/").status_code == 404
