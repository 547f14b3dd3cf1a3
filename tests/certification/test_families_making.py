"""Families from the first draft to the report: one change, one review, one train."""

from __future__ import annotations

import copy
import io
import json
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from certification.lifecycle import SUBMISSION
from certification.models import Decision, Revision, Rollout, Submission, SubmissionFamily, Thread
from certification.planning.trains import Timetable
from certification.queries.family_report import members_of, report, reviewed_difference
from certification.queries.workbench import package_of
from certification.reviewing.family_changes import FamilyChange
from certification.rules.examples import base
from certification.services import families, family_making, family_uploads, schedule, trains
from connectors.models import Connector
from connectors.services.versions import receive_upload
from portal.shared.actors import SYSTEM
from portal.shared.errors import Blocked, Conflict, InvalidInput, NotPermitted
from portal.shared.models import OutboxJob
from portal.shared.transitions import transition
from tests.conftest import Cast
from tests.factories import ConnectorFactory
from tests.factories.reviews import archive
from tests.factories.rollouts import add_plan, add_regions
from tests.factories.submissions import FORM, add_api_key

pytestmark = pytest.mark.django_db
NEW_HOST = "new.northwind.example"


def live(cast: Cast, name: str, **info: str) -> Connector:
    """A connector with a live version and no submission under way."""
    connector = ConnectorFactory(publisher=cast.publisher, name=name)
    definition = copy.deepcopy(base.DEFINITION)
    definition["info"] |= {"title": name, "version": "1.0.0", **info}
    upload = receive_upload(connector, files=[("p.zip", archive(definition))], actor=cast.owner)
    connector.live_version = upload.version
    connector.state = "active"
    connector.save(update_fields=["live_version", "state"])
    return connector


def family_of(cast: Cast, *names: str) -> SubmissionFamily:
    return family_making.make_family(
        cast.publisher,
        title="Move to the new host",
        change_notes="Calls go to the new host.",
        connectors=[live(cast, name) for name in names],
        actor=cast.developer,
    )


def moved(cast: Cast, family: SubmissionFamily, **change: object) -> None:
    """The change carried out for everybody, as the page does it."""
    wanted = FamilyChange(**{"host": NEW_HOST, **change})  # type: ignore[arg-type]
    preview = family_making.preview_change(family, wanted, actor=cast.developer)
    seen = {each.submission.pk: each.seen for each in preview.members if not each.problem}
    outcomes = family_making.apply_change(family, wanted, seen=seen, actor=cast.developer)
    assert [each.problem for each in outcomes] == [""] * len(seen)


def handed_in(cast: Cast, family: SubmissionFamily) -> None:
    """Forms filled in, submitted together, and validated."""
    for submission in members_of(family):
        form = {name: value for name, value in FORM.items() if name != "change_notes"}
        Submission.objects.filter(pk=submission.pk).update(**form)
        add_api_key(submission, cast.owner)
    family_making.submit_family(family, actor=cast.developer)
    for submission in members_of(family):
        for event in ("start_validation", "pass_validation"):
            transition(SUBMISSION, submission, event, actor=SYSTEM)
    OutboxJob.objects.all().delete()


def definition_of(submission: Submission) -> dict[str, object]:
    assert submission.version is not None
    document = package_of(submission.version).definition
    assert document is not None
    return document.value


def test_drafts_are_made_or_taken_in_with_the_notes(cast: Cast) -> None:
    family = family_of(cast, "Tides", "Berths")
    members = members_of(family)
    assert [(each.connector.name, each.state, each.kind) for each in members] == [
        ("Berths", "draft", "update"),
        ("Tides", "draft", "update"),
    ]
    assert {each.change_notes for each in members} == {"Calls go to the new host."}
    with pytest.raises(Conflict, match="another family"):
        family_making.make_family(
            cast.publisher, title="Again", connectors=[each.connector for each in members], actor=cast.owner
        )


def test_a_family_is_of_one_team_of_at_least_two_and_made_by_its_makers(cast: Cast) -> None:
    one, other = live(cast, "Tides"), live(cast, "Berths")
    foreign = ConnectorFactory(publisher=cast.other_publisher, name="Fjords")
    for chosen in ([one], [one, foreign]):
        with pytest.raises(InvalidInput):
            family_making.make_family(cast.publisher, title="X", connectors=chosen, actor=cast.owner)
    for person in (cast.viewer, cast.tester, cast.stranger, cast.reviewer):
        with pytest.raises(NotPermitted):
            family_making.make_family(cast.publisher, title="X", connectors=[one, other], actor=person)
    assert not SubmissionFamily.objects.exists()


def test_a_preview_says_what_is_common_and_stores_nothing(cast: Cast) -> None:
    family = family_of(cast, "Tides", "Berths")
    wanted = FamilyChange(host=NEW_HOST, contact_email="help@northwind.example")
    preview = family_making.preview_change(family, wanted, actor=cast.developer)
    assert any(NEW_HOST in line.sentence for line in preview.difference.common)
    assert preview.difference.plain == 2
    assert {each.version for each in members_of(family)} == {None}


def test_the_change_makes_a_package_each_with_a_raised_version(cast: Cast) -> None:
    family = family_of(cast, "Tides", "Berths")
    moved(cast, family, privacy_policy="https://northwind.example/privacy")
    for submission in members_of(family):
        value = definition_of(submission)
        assert (value["host"], value["info"]["version"]) == (NEW_HOST, "1.0.1")
        rows = {row["propertyName"]: row["propertyValue"] for row in value["x-ms-connector-metadata"]}
        assert rows["Privacy policy"] == "https://northwind.example/privacy"


def test_a_change_starts_from_the_version_that_travels(cast: Cast) -> None:
    tides, berths = live(cast, "Tides"), live(cast, "Berths")
    definition = copy.deepcopy(base.DEFINITION)
    definition["info"] |= {"title": "Tides", "version": "1.0.1", "termsOfService": "https://new.example/"}
    version = receive_upload(tides, files=[("p.zip", archive(definition))], actor=cast.owner).version
    travelling = Submission.objects.create(
        reference="S-9999", connector=tides, kind="update", version=version, created_by=cast.owner
    )
    travelling.revision = Revision.objects.create(
        submission=travelling, number=1, version=version, handed_in_by=cast.owner
    )
    travelling.state = "rolling_out"
    travelling.save()
    family = family_making.make_family(
        cast.publisher, title="Hosts", connectors=[tides, berths], actor=cast.owner
    )
    moved(cast, family)
    value = next(definition_of(each) for each in members_of(family) if each.connector == tides)
    assert value["info"]["termsOfService"] == "https://new.example/"
    assert value["info"]["version"] == "1.0.2"


def test_a_patch_that_fits_one_only_is_told_and_the_other_gets_it(cast: Cast) -> None:
    family = family_making.make_family(
        cast.publisher,
        title="Terms",
        connectors=[live(cast, "Tides", termsOfService="https://a.example/"), live(cast, "Berths")],
        actor=cast.developer,
    )
    patch = ({"op": "replace", "path": "/info/termsOfService", "value": "https://b.example/"},)
    preview = family_making.preview_change(family, FamilyChange(definition=patch), actor=cast.developer)
    problems = {each.submission.connector.name: each.problem for each in preview.members}
    assert problems["Tides"] == ""
    assert "nothing stands at" in problems["Berths"]


def test_what_was_looked_at_is_what_is_changed(cast: Cast) -> None:
    family = family_of(cast, "Tides", "Berths")
    seen = {each.pk: "0" * 64 for each in members_of(family)}
    outcomes = family_making.apply_change(family, FamilyChange(host=NEW_HOST), seen=seen, actor=cast.owner)
    assert all("another package" in each.problem for each in outcomes)
    assert {each.version for each in members_of(family)} == {None}


def test_all_are_handed_in_or_none(cast: Cast) -> None:
    family = family_of(cast, "Tides", "Berths")
    moved(cast, family)
    with pytest.raises(Blocked) as refused:
        family_making.submit_family(family, actor=cast.developer)
    assert any(text.startswith("Tides (S-") for text in refused.value.blockers)
    assert {each.state for each in members_of(family)} == {"draft"}
    handed_in(cast, family)
    assert {each.state for each in members_of(family)} == {"in_review"}


def test_the_reviewer_sees_the_common_change_once_and_the_exception(cast: Cast, sign_in) -> None:
    family = family_of(cast, "Tides", "Berths", "Pilots")
    moved(cast, family)
    odd = next(each for each in members_of(family) if each.connector.name == "Pilots")
    patch = ({"op": "replace", "path": "/info/description", "value": "Pilots of the whole coast, by name."},)
    family_making.apply_change(
        family, FamilyChange(definition=patch), seen={odd.pk: odd.version.digest}, actor=cast.developer
    )
    handed_in(cast, family)
    found = reviewed_difference(members_of(family))
    assert sum(NEW_HOST in line.sentence for line in found.common) == 1
    assert [member.is_plain for pk, member in found.members.items() if pk != odd.pk] == [True, True]
    assert "description" in found.members[odd.pk].exceptions[0].sentence.lower()
    page = sign_in(cast.reviewer).get(reverse("family_review", args=[family.pk])).content.decode()
    assert page.count("With exceptions") == 1
    assert page.count("Only the common change") == 2


def test_one_verdict_with_an_exception_is_one_record_each(cast: Cast, sign_in) -> None:
    family = family_of(cast, "Tides", "Berths", "Pilots")
    moved(cast, family)
    handed_in(cast, family)
    sent: dict[str, str] = {"verdict": "approve", "reasons": ""}
    for each in members_of(family):
        sent[f"digest-{each.pk}"] = each.revision.version.digest
        if each.connector.name == "Pilots":
            sent |= {f"verdict-{each.pk}": "request_changes", f"reasons-{each.pk}": "Which harbour?"}
    answer = sign_in(cast.reviewer).post(reverse("family_review", args=[family.pk]), sent, follow=True)
    assert "3 connectors are decided." in answer.content.decode()
    verdicts = dict(Decision.objects.values_list("submission__connector__name", "verdict"))
    assert verdicts == {"Tides": "approve", "Berths": "approve", "Pilots": "request_changes"}
    assert Decision.objects.get(verdict="request_changes").reasons == "Which harbour?"


def test_a_new_revision_is_not_decided_unseen_and_holds_up_no_other(cast: Cast) -> None:
    family = family_of(cast, "Tides", "Berths")
    moved(cast, family)
    handed_in(cast, family)
    one, other = members_of(family)
    chosen = {
        one.pk: families.Choice("approve", "", "0" * 64),
        other.pk: families.Choice("approve", "", other.revision.version.digest),
    }
    outcomes = families.decide_family(family, chosen, actor=cast.reviewer)
    assert [bool(each.decision) for each in outcomes] == [False, True]
    with pytest.raises(NotPermitted):
        families.decide_family(family, chosen, actor=cast.operator)


def test_a_comment_for_all_opens_a_thread_in_each(cast: Cast, sign_in) -> None:
    family = family_of(cast, "Tides", "Berths")
    moved(cast, family)
    handed_in(cast, family)
    browser = sign_in(cast.reviewer)
    browser.post(reverse("family_comment", args=[family.pk]), {"body": "Is the old host kept?"})
    assert set(Thread.objects.values_list("submission__connector__name", flat=True)) == {"Tides", "Berths"}


def test_signed_off_members_board_one_train_from_one_day_and_the_report_says_so(cast: Cast, sign_in) -> None:
    family = family_of(cast, "Tides", "Berths", "Pilots")
    moved(cast, family)
    handed_in(cast, family)
    ready = members_of(family)[:2]
    for submission in ready:
        Submission.objects.filter(pk=submission.pk).update(state="signed_off")
    add_regions("preview-us", preview="preview-us")
    add_regions("east", "south")
    train = trains.create_train(
        trains.TrainDraft(Timetable("Daily", time_zone="UTC", weekdays=frozenset(range(7)))),
        actor=cast.operator,
    )
    plan = add_plan(cast.operator, "east", "south", train=train)
    first = families.propose_family_start(family, plan)
    assert first == max(schedule.propose_start(plan, each) for each in ready)
    browser = sign_in(cast.operator)
    sent = {"plan": str(plan.pk), "starts_on": first.isoformat()}
    answer = browser.post(reverse("family_schedule", args=[family.pk]), sent, follow=True)
    assert "2 rollouts are scheduled." in answer.content.decode()
    assert set(Rollout.objects.values_list("plan", "starts_on")) == {(plan.pk, first)}
    rows = {row.connector.name: row for row in report(family)}
    assert (rows["Berths"].waves, rows["Berths"].regions, rows["Berths"].submission.state) == (
        2,
        2,
        "scheduled",
    )
    assert rows["Berths"].first_at == rows["Pilots"].first_at
    assert rows["Tides"].rollout is None
    lines = browser.get(reverse("family_report_csv", args=[family.pk])).content.decode().splitlines()
    assert len(lines) == 4
    assert "Scheduled" in lines[1]
    assert "Daily" in lines[1]


def many(*packages: tuple[str, str]) -> bytes:
    """A zip of folders; each (folder, title) holds a package."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        for folder, title in packages:
            definition = copy.deepcopy(base.DEFINITION)
            definition["info"] |= {"title": title, "version": "2.0.0"}
            target.writestr(zipfile.ZipInfo(f"{folder}/apiDefinition.swagger.json"), json.dumps(definition))
            target.writestr(zipfile.ZipInfo(f"{folder}/apiProperties.json"), json.dumps(base.PROPERTIES))
    return buffer.getvalue()


def test_one_zip_with_a_folder_for_each_connector(cast: Cast, sign_in) -> None:
    live(cast, "Tides")
    live(cast, "Berths")
    packages = SimpleUploadedFile("all.zip", many(("one", "Tides"), ("two", "Berths")))
    sent = {"title": "Two at once", "publisher": cast.publisher.slug, "packages": [packages]}
    answer = sign_in(cast.developer).post(reverse("family_create"), sent, follow=True)
    assert "The family is made" in answer.content.decode(), answer.context["form"].errors
    family = SubmissionFamily.objects.get()
    assert {each.version.label for each in members_of(family)} == {"2.0.0"}


def test_packages_around_which_one_folder_lies_and_several_zips_are_found(cast: Cast) -> None:
    wrapped = many(("all/one", "Tides"), ("all/two", "Berths"))
    assert [each.name for each in family_uploads.packages_in([("x.zip", wrapped)])] == ["one", "two"]
    single = archive(base.DEFINITION)
    assert [each.name for each in family_uploads.packages_in([("a.zip", single), ("b.zip", single)])] == [
        "a",
        "b",
    ]
    with pytest.raises(InvalidInput, match="cannot be read"):
        family_uploads.packages_in([("x.zip", b"PK no")])


def test_a_package_that_fits_no_connector_or_one_twice_makes_nothing(cast: Cast) -> None:
    live(cast, "Tides")
    for packages in (many(("one", "Tides"), ("two", "Unknown")), many(("one", "Tides"), ("two", "Tides"))):
        with pytest.raises(InvalidInput):
            family_uploads.make_family_of_upload(
                cast.publisher, title="X", files=[("all.zip", packages)], actor=cast.developer
            )
    assert not Submission.objects.exists()


@pytest.mark.parametrize("count", [5, 25])
def test_the_list_asks_as_often_for_many_as_for_few(
    cast: Cast, sign_in, django_assert_max_num_queries, count: int
) -> None:
    browser = sign_in(cast.developer)
    for number in range(count):
        SubmissionFamily.objects.create(publisher=cast.publisher, title=f"F{number}", created_by=cast.owner)
    browser.get(reverse("family_list"))
    with django_assert_max_num_queries(8):
        assert browser.get(reverse("family_list")).status_code == 200


def test_families_of_others_are_not_there_and_staff_see_what_was_handed_in(cast: Cast) -> None:
    family = SubmissionFamily.objects.create(publisher=cast.publisher, title="F", created_by=cast.owner)
    for person in (cast.stranger, cast.reviewer):
        assert not SubmissionFamily.objects.visible_to(person).exists()
    assert SubmissionFamily.objects.visible_to(cast.viewer).get() == family


def test_the_whole_way_by_rest(cast: Cast, sign_in) -> None:
    slugs = [live(cast, name).slug for name in ("Tides", "Berths")]
    browser = sign_in(cast.developer)

    def post(name: str, body: object, *args: object) -> object:
        return browser.post(reverse(f"api:family-{name}", args=args), body, content_type="application/json")

    made = post(
        "list",
        {
            "title": "Hosts",
            "publisher": cast.publisher.slug,
            "connectors": slugs,
            "change_notes": "Calls go to the new host.",
        },
    )
    assert made.status_code == 201
    pk = made.json()["id"]
    preview = post("what-changes", {"host": NEW_HOST}, pk).json()
    assert any(NEW_HOST in line["sentence"] for line in preview["common"])
    seen = {row["submission"]: row["seen"] for row in preview["members"]}
    assert [row["problem"] for row in post("change", {"host": NEW_HOST, "seen": seen}, pk).json()] == ["", ""]
    assert post("submit", {}, pk).status_code == 409
    handed_in(cast, SubmissionFamily.objects.get(pk=pk))
    rows = browser.get(reverse("api:family-report", args=[pk])).json()
    verdicts = [
        {"submission": row["submission"], "digest": row["digest"], "verdict": "approve"} for row in rows
    ]
    sign_in(cast.reviewer, browser)
    assert [row["problem"] for row in post("decide", {"verdicts": verdicts}, pk).json()] == ["", ""]
    assert {each.state for each in members_of(SubmissionFamily.objects.get(pk=pk))} == {"approved"}
