"""An incident pauses the rollouts that it concerns, and they go on when it is closed."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from certification.models import DateChange, Incident, Preview, ProductCheck
from certification.services import incidents, rollouts
from certification.services.incidents import IncidentDraft
from connectors.models import HealthHour
from portal.shared.errors import Blocked, InvalidInput, NotPermitted
from portal.shared.models import OutboxJob
from tests.factories.rollouts import hurry, make_due, scheduled_rollout, state_of, states

pytestmark = pytest.mark.django_db


def draft(**scope):
    return IncidentDraft("Sign-in is ill", "Nobody gets a token since nine.", **scope)


@pytest.fixture
def rollout(cast):
    found = scheduled_rollout(cast, "north", "east")
    hurry()
    rollouts.advance_due()
    assert state_of(found) == "running"
    return found


def turn():
    hurry()
    rollouts.advance_due()


def test_everything_pauses_and_goes_on_with_the_incident(rollout, cast):
    incident = incidents.open_incident(draft(), actor=cast.operator)
    assert state_of(rollout) == "held"
    assert state_of(rollout.submission) == "held"
    rollout.refresh_from_db()
    assert rollout.hold_reason == "Incident: Sign-in is ill"
    with pytest.raises(Blocked, match="Sign-in is ill"):
        rollouts.resume_rollout(rollout, actor=cast.operator)

    incidents.close_incident(incident, note="The tokens are back.", actor=cast.operator)
    assert state_of(rollout) == "running"
    rollout.refresh_from_db()
    assert (rollout.incident, rollout.hold_reason) == (None, "")
    assert set(OutboxJob.objects.values_list("topic", flat=True)) >= {"incident.open", "incident.close"}
    assert all(change.cause == "incident" for change in DateChange.objects.filter(rollout=rollout))


@pytest.mark.parametrize(
    ("scope", "pauses"),
    [
        ({"regions": ("north",)}, True),
        ({"regions": ("east",)}, False),
        ({"auth_kinds": ("oauth2",)}, True),
        ({"auth_kinds": ("basic",)}, False),
        ({"auth_kinds": ("oauth2",), "regions": ("east",)}, False),
    ],
)
def test_only_what_it_concerns_pauses(rollout, cast, scope, pauses):
    rollout.version.facts["authentication"] = ["oauth2"]
    rollout.version.save()
    asked = draft(**scope)
    shown = incidents.preview_incident(asked, actor=cast.operator)
    assert [pause.rollout.pk for pause in shown] == ([rollout.pk] if pauses else [])
    assert state_of(rollout) == "running"
    assert not Incident.objects.exists()
    incidents.open_incident(asked, actor=cast.operator)
    assert state_of(rollout) == ("held" if pauses else "running")


def test_before_it_opens_the_page_shows_whose_users_are_where_it_goes_next(rollout, cast, sign_in):
    HealthHour.objects.create(
        connector=rollout.connector, region_id="north", operation="GetTides", version_label="0.9.0",
        hour=timezone.now(), requests=1_200, successes=1_200, throttled=0, connections=340,
    )  # fmt: skip
    browser, address = sign_in(cast.operator), reverse("incident_create")
    typed = {
        "title": "Sign-in is ill",
        "text": "Nobody gets a token.",
        "regions": ["north"],
        "is_public": "on",
    }
    assert 'name="open"' not in browser.get(address).content.decode()
    page = browser.post(address, typed).content.decode()
    assert reverse("rollout_detail", args=[rollout.pk]) in page
    assert ">340<" in page
    assert ">1,200<" in page
    assert "Nobody gets a token." in page
    assert state_of(rollout) == "running"
    elsewhere = browser.post(address, {**typed, "regions": ["east"]}).content.decode()
    assert "No rollout under way meets these conditions" in elsewhere
    assert browser.post(address, {**typed, "open": "1"}).status_code == 302
    assert state_of(rollout) == "held"
    assert Incident.objects.get().regions == ["north"]


def test_a_region_of_a_later_wave_pauses_when_it_is_its_turn(rollout, cast):
    incident = incidents.open_incident(draft(regions=("east",)), actor=cast.operator)
    rollout.deployments.filter(region_id="north").update(state="verified", next_poll_at=None)
    turn()
    turn()
    assert state_of(rollout) == "held"
    assert states(rollout)["east"] == "pending"
    rollout.refresh_from_db()
    assert rollout.incident == incident


def test_a_connector_is_named_by_its_slug(rollout, cast):
    with pytest.raises(InvalidInput, match="cannot be opened"):
        incidents.open_incident(draft(connectors=("nobody",)), actor=cast.operator)
    incidents.open_incident(draft(connectors=(rollout.connector.slug,)), actor=cast.operator)
    assert state_of(rollout) == "held"


def test_what_is_scheduled_does_not_start(cast):
    found = scheduled_rollout(cast, "north")
    incidents.open_incident(draft(), actor=cast.operator)
    make_due(found)
    turn()
    assert state_of(found) == "scheduled"


def test_another_open_incident_keeps_the_pause(rollout, cast):
    first = incidents.open_incident(draft(), actor=cast.operator)
    second = incidents.open_incident(draft(regions=("north",)), actor=cast.operator)
    incidents.close_incident(first, note="Mended.", actor=cast.operator)
    assert state_of(rollout) == "held"
    rollout.refresh_from_db()
    assert rollout.incident == second


def test_a_hold_by_a_person_outlives_the_incident(rollout, cast):
    rollouts.hold_rollout(rollout, reason="We wait for the team.", actor=cast.operator)
    incident = incidents.open_incident(draft(), actor=cast.operator)
    incidents.close_incident(incident, note="Mended.", actor=cast.operator)
    assert state_of(rollout) == "held"


def test_operators_open_and_close(rollout, cast):
    with pytest.raises(NotPermitted):
        incidents.open_incident(draft(), actor=cast.owner)
    with pytest.raises(InvalidInput):
        incidents.open_incident(IncidentDraft("", ""), actor=cast.operator)
    incident = incidents.open_incident(draft(), actor=cast.operator)
    with pytest.raises(InvalidInput):
        incidents.close_incident(incident, note=" ", actor=cast.operator)
    assert Incident.objects.get().state == "open"


def tried_in(rollout, cast, *products):
    """What the Preview's testers said, as it was before the rollout."""
    preview = Preview.objects.create(
        submission=rollout.submission, revision=rollout.submission.revision, version=rollout.version,
        region_id="preview-us", state="signed_off",
    )  # fmt: skip
    for product in products:
        ProductCheck.objects.create(
            preview=preview, product=product, item="connect", user=cast.owner, outcome="works"
        )


@pytest.mark.parametrize(
    ("tried", "scope", "pauses"),
    [
        (("flow", "app"), ("app",), True),
        (("flow", "app"), ("agent", "logic"), False),
        ((), ("agent",), True),
        (("flow",), ("flow", "agent"), True),
    ],
)
def test_an_incident_of_a_product_pauses_what_was_tried_there_and_what_nobody_tried(
    rollout, cast, sign_in, tried, scope, pauses
):
    tried_in(rollout, cast, *tried)
    asked = draft(products=scope, regions=("north",))
    shown = incidents.preview_incident(asked, actor=cast.operator)
    assert [pause.rollout.pk for pause in shown] == ([rollout.pk] if pauses else [])
    incident = incidents.open_incident(asked, actor=cast.operator)
    assert state_of(rollout) == ("held" if pauses else "running")
    page = sign_in(cast.owner).get(reverse("connector_detail", args=[rollout.connector_id])).content.decode()
    assert ("Sign-in is ill" in page) is pauses
    incidents.close_incident(incident, note="Mended.", actor=cast.operator)
    assert state_of(rollout) == "running"


def test_products_and_regions_are_read_once_for_all_rollouts(rollout, cast, django_assert_max_num_queries):
    tried_in(rollout, cast, "agent")
    for number in range(3):
        scheduled_rollout(cast, "north", "east", marker=f"other {number}")
    turn()
    asked = draft(products=("agent",), regions=("north",))
    with django_assert_max_num_queries(9):
        shown = incidents.preview_incident(asked, actor=cast.operator)
    assert len(shown) == 4
    assert {region.code for pause in shown for region in pause.affected.regions} == {"north"}
    incident = incidents.open_incident(asked, actor=cast.operator)
    incidents.open_incident(draft(connectors=(rollout.connector.slug,)), actor=cast.operator)
    with django_assert_max_num_queries(12):
        shown = incidents.preview_closing(incident, actor=cast.operator)
    assert len(shown) == 3


def test_the_form_offers_products_and_the_list_names_them(rollout, cast, sign_in):
    browser, address = sign_in(cast.operator), reverse("incident_create")
    assert "Agent builder" in browser.get(address).content.decode()
    typed = {"title": "Agents are deaf", "text": "Since nine.", "products": ["agent"], "is_public": "on"}
    page = browser.post(address, typed).content.decode()
    assert reverse("rollout_detail", args=[rollout.pk]) in page
    browser.post(address, {**typed, "open": "1"})
    assert Incident.objects.get().products == ["agent"]
    assert "Agent builder" in browser.get(reverse("incident_list")).content.decode()
    with pytest.raises(InvalidInput) as refused:
        incidents.open_incident(draft(products=("phone",)), actor=cast.operator)
    assert "phone" in refused.value.fields["products"][0]


def test_before_it_closes_one_sees_what_goes_on_and_who_uses_it(rollout, cast, sign_in):
    HealthHour.objects.create(
        connector=rollout.connector, region_id="north", operation="GetTides", version_label="0.9.0",
        hour=timezone.now(), requests=1_200, successes=1_200, throttled=0, connections=340,
    )  # fmt: skip
    incident = incidents.open_incident(draft(), actor=cast.operator)
    browser, address = sign_in(cast.operator), reverse("incident_close", args=[incident.pk])
    page = " ".join(browser.get(address).content.decode().split())
    assert reverse("rollout_detail", args=[rollout.pk]) in page
    assert "1 region, 340 active connections, 1,200 calls an hour over the last day." in page
    asked = f"/api/v1/incidents/{incident.pk}/what-goes-on/"
    [told] = browser.post(asked).json()
    assert (told["rollout"], told["regions"], told["connections"]) == (str(rollout.pk), ["north"], 340)
    with pytest.raises(NotPermitted):
        incidents.preview_closing(incident, actor=cast.owner)

    incidents.open_incident(draft(regions=("north",)), actor=cast.operator)
    assert incidents.preview_closing(incident, actor=cast.operator) == []
    assert "none pauses for this incident alone" in browser.get(address).content.decode()
    assert state_of(rollout) == "held"
