"""Reserving names, planning, contacts, giving up."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from connectors.models import Connector
from connectors.naming import advice_on, check_host, check_name, name_key
from connectors.queries import connectors as queries
from connectors.services import connectors as services
from portal.accounts.models import User
from portal.shared import outbox
from portal.shared.actors import SYSTEM
from portal.shared.audit import history
from portal.shared.errors import Blocked, Conflict, IllegalTransition, InvalidInput, NotPermitted
from portal.shared.models import OutboxJob
from tests.factories import ConnectorFactory, PublisherFactory, VersionFactory

pytestmark = pytest.mark.django_db


def register(cast, name="Harbour Tides", **options):
    return services.register_connector(cast.publisher, name=name, **{"actor": cast.developer, **options})


def test_registering_reserves_the_name_and_tells_the_outbox(cast):
    made = register(cast, "  Harbour   Tides ", backend_host="https://API.Northwind.example:443/v1")
    assert (made.name, made.name_key, made.slug) == ("Harbour Tides", "harbourtides", "harbour-tides")
    assert made.backend_host == "api.northwind.example"
    assert [record.action for record in history(made)] == ["connector.register"]
    topics = OutboxJob.objects.filter(payload__id=str(made.pk)).values_list("topic", "handler")
    assert ("connector.register", "connectors.tasks.assign_contact") in set(topics)


@pytest.mark.parametrize(
    "twin", ["harbour tides", "Harbour-Tides", "HARBOUR TIDES", "Hârbour Tidés", "\uff28arbour Tides"]
)
def test_a_name_that_differs_only_in_form_is_taken(cast, twin):
    register(cast)
    with pytest.raises(InvalidInput) as refused:
        register(cast, twin)
    assert refused.value.code == "name-taken"
    assert "Your team already has" in refused.value.message


def test_a_reserved_name_of_another_team_is_refused_without_saying_whose(cast):
    services.register_connector(cast.other_publisher, name="Fjord Pilot", actor=cast.stranger)
    with pytest.raises(InvalidInput) as refused:
        register(cast, "Fjord Pilot")
    assert "reserved by another team" in refused.value.message
    assert cast.other_publisher.name not in refused.value.message


def test_a_live_connector_is_named_with_its_publisher(cast):
    live = services.register_connector(cast.other_publisher, name="Fjord Pilot", actor=cast.stranger)
    services.mark_version(live, pointer="live", version=VersionFactory(connector=live), actor=SYSTEM)
    with pytest.raises(InvalidInput, match="live connector of Fjord Analytics"):
        register(cast, "Fjord Pilot")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "ab",
        "x" * 61,
        "12345",
        "-- --",
        "Harbour\u202eTides",
        "\u0397arbour Tides",
        "\u0422ides",
        "…Tides",
        "Tides!",
        "ti\0des",
    ],
)
def test_names_that_cannot_be_used_are_refused_with_a_sentence(name):
    with pytest.raises(InvalidInput) as refused:
        check_name(name)
    assert refused.value.fields["name"] == [refused.value.message]


def test_advice_is_about_what_certification_will_ask_and_does_not_refuse():
    assert check_name("The Harbour Tides API Connector for Everybody")
    assert len(advice_on("The Harbour Tides API Connector for Everybody")) == 3
    assert advice_on("Rapid Tides") == []


def test_keys_ignore_case_accents_spaces_and_punctuation():
    assert name_key("Straße & Café (EU)") == "strassecafeeu"


@pytest.mark.parametrize(
    "host", ["localhost", "10.0.0.1", "api..example.com", "-a.example.com", "api", "a" * 260 + ".com"]
)
def test_hosts_that_no_user_could_reach_are_refused(host):
    with pytest.raises(InvalidInput):
        check_host(host)


def test_two_names_with_one_beginning_get_different_slugs(cast):
    first, second = register(cast, "Harbour Tides (EU)"), register(cast, "Harbour Tides EU 2")
    third = register(cast, "Harbour Tides: EU X")
    services.cancel_connector(third, actor=cast.owner)
    again = register(cast, "Harbour Tides EU-X")
    assert len({first.slug, second.slug, third.slug, again.slug}) == 4
    assert again.slug == f"{third.slug}-2"


@pytest.mark.django_db(transaction=True)
def test_of_many_who_register_one_name_at_once_exactly_one_wins(cast):
    barrier, results = threading.Barrier(6), []

    def attempt():
        try:
            barrier.wait(10)
            register(cast, "Barrier Reef")
            results.append("won")
        except InvalidInput as error:
            results.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=attempt) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["name-taken"] * 5 + ["won"]
    assert Connector.objects.filter(name_key="barrierreef").count() == 1


@pytest.mark.parametrize(
    ("who", "may"),
    [
        ("owner", True),
        ("developer", True),
        ("tester", False),
        ("viewer", False),
        ("stranger", False),
        ("reviewer", False),
        ("administrator", False),
    ],
)
def test_only_owners_and_developers_register_edit_and_tick(cast, who, may):
    actor, held = getattr(cast, who), register(cast, "Held Name")
    deeds = (
        lambda: register(cast, "Another Name", actor=actor),
        lambda: services.update_connector(held, values={"summary": "New."}, actor=actor),
        lambda: services.tick_checklist_item(held, item="icon", is_done=True, actor=actor),
    )
    for deed in deeds:
        if may:
            deed()
        else:
            with pytest.raises(NotPermitted):
                deed()


def test_similar_names_show_public_facts_and_only_count_the_secrets_of_others(cast):
    register(cast, "Harbour Tides")
    services.register_connector(cast.other_publisher, name="Harbour Tidings", actor=cast.stranger)
    live = services.register_connector(cast.other_publisher, name="Harbor Tides Pro", actor=cast.stranger)
    services.mark_version(live, pointer="live", version=VersionFactory(connector=live), actor=SYSTEM)
    ConnectorFactory(name="Crane Status", name_key="cranestatus")

    seen = queries.similar_names("harbour tide", viewer=cast.developer)
    assert {(match.connector.name, match.relation) for match in seen.matches} == {
        ("Harbour Tides", "yours"),
        ("Harbor Tides Pro", "public"),
    }
    assert seen.hidden == 1
    assert not seen.is_taken
    assert all(match.percent >= 35 for match in seen.matches)
    everything = queries.similar_names("harbour tide", viewer=cast.reviewer)
    assert (len(everything.matches), everything.hidden) == (3, 0)


def test_similarity_ignores_names_that_were_given_up_and_the_connector_itself(cast):
    mine = register(cast, "Harbour Tides")
    assert queries.similar_names("Harbour Tides", viewer=cast.owner, besides=mine).matches == []
    assert queries.similar_names("Harbour Tides", viewer=cast.owner).is_taken
    services.cancel_connector(mine, reason="Merged with another", actor=cast.owner)
    assert queries.similar_names("Harbour Tides", viewer=cast.owner).matches == []


def test_a_name_given_up_is_free_for_anybody(cast):
    mine = register(cast)
    with pytest.raises(NotPermitted):
        services.cancel_connector(mine, actor=cast.developer)
    services.cancel_connector(mine, actor=cast.owner)
    taken = services.register_connector(cast.other_publisher, name="Harbour Tides", actor=cast.stranger)
    assert taken.slug == "harbour-tides-2"
    with pytest.raises(IllegalTransition):
        services.cancel_connector(mine, actor=cast.owner)
    with pytest.raises(Conflict):
        services.update_connector(mine, values={"summary": "Too late"}, actor=cast.owner)


def test_a_connector_with_an_approved_version_keeps_its_name(cast):
    mine = register(cast)
    services.mark_version(mine, pointer="approved", version=VersionFactory(connector=mine), actor=SYSTEM)
    with pytest.raises(Blocked):
        services.cancel_connector(mine, actor=cast.owner)
    with pytest.raises(InvalidInput, match="fixed since the first approval"):
        services.update_connector(mine, values={"name": "Other Tides"}, actor=cast.owner)
    services.update_connector(
        mine, values={"name": "Harbour Tides", "summary": "Same name"}, actor=cast.owner
    )


def test_an_update_keeps_the_slug_and_writes_before_and_after(cast):
    mine = register(cast)
    changed = services.update_connector(mine, values={"name": "Harbour Floods"}, actor=cast.owner)
    assert (changed.slug, changed.name_key) == ("harbour-tides", "harbourfloods")
    record = history(mine)[0]
    assert (record.data["before"], record.data["after"]) == (
        {"name": "Harbour Tides"},
        {"name": "Harbour Floods"},
    )
    register(cast, "Harbour Tides")


def test_renaming_to_a_taken_name_changes_nothing(cast):
    mine = register(cast)
    register(cast, "Quay Weather")
    with pytest.raises(InvalidInput):
        services.update_connector(mine, values={"name": "QUAY weather", "summary": "x"}, actor=cast.owner)
    mine.refresh_from_db()
    assert (mine.name, mine.summary) == ("Harbour Tides", "")


def test_ticking_twice_keeps_the_first_time_and_unticking_forgets_it(cast):
    mine = register(cast)
    first = services.tick_checklist_item(mine, item="icon", is_done=True, actor=cast.owner).checklist
    assert services.tick_checklist_item(mine, item="icon", is_done=True, actor=cast.owner).checklist == first
    assert services.tick_checklist_item(mine, item="icon", is_done=False, actor=cast.owner).checklist == {}
    with pytest.raises(InvalidInput):
        services.tick_checklist_item(mine, item="unheard-of", is_done=True, actor=cast.owner)


def test_a_planned_day_in_the_past_is_refused(cast):
    with pytest.raises(InvalidInput):
        register(cast, planned_for=timezone.localdate() - timedelta(days=1))


def test_the_contact_is_the_least_loaded_reviewer_who_is_here_and_not_of_the_team(cast, drain_outbox):
    ConnectorFactory(publisher=PublisherFactory(), contact=cast.reviewer)
    mine = register(cast)
    drain_outbox()
    mine.refresh_from_db()
    assert mine.contact == cast.second_reviewer
    assert mine.contact_assigned_at is not None
    assert OutboxJob.objects.filter(topic="connector.assign_contact", payload__id=str(mine.pk)).exists()


def test_assigning_twice_has_one_effect(cast):
    mine = register(cast)
    services.assign_contact(str(mine.pk))
    services.assign_contact(str(mine.pk))
    assert history(mine).filter(action="connector.assign_contact").count() == 1


def test_reviewers_who_are_away_or_of_the_team_are_left_out_and_nobody_means_later(cast):
    User.objects.filter(pk=cast.reviewer.pk).update(away_until=timezone.localdate() + timedelta(days=3))
    cast.publisher.memberships.create(user=cast.second_reviewer, role="viewer")
    mine = register(cast)
    with pytest.raises(outbox.Retry):
        services.assign_contact(str(mine.pk))
    User.objects.filter(pk=cast.reviewer.pk).update(away_until=timezone.localdate() - timedelta(days=1))
    services.assign_contact(str(mine.pk))
    mine.refresh_from_db()
    assert mine.contact == cast.reviewer


def test_a_connector_given_up_gets_no_contact(cast):
    mine = register(cast)
    services.cancel_connector(mine, actor=cast.owner)
    services.assign_contact(str(mine.pk))
    mine.refresh_from_db()
    assert mine.contact is None


def test_marking_the_live_version_activates_and_shows_since_when(cast):
    mine = register(cast)
    version = VersionFactory(connector=mine)
    services.mark_version(mine, pointer="live", version=version, actor=SYSTEM)
    services.mark_version(mine, pointer="live", version=version, actor=SYSTEM)
    assert mine.state == "active"
    assert history(mine).filter(action="connector.mark_version").count() == 1
    found = {stage.key: stage for stage in queries.stages(mine, version)}
    assert found["live"].version == version
    assert found["live"].since is not None
    assert found["draft"].version is None
    assert found["preview"].explanation
    with pytest.raises(ValueError, match="another connector"):
        services.mark_version(mine, pointer="live", version=VersionFactory(), actor=SYSTEM)
