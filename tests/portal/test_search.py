"""Global search and the command palette: exact ids first, words, typing errors, and nothing of other teams."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.search import search
from portal.search.words import nearness, question
from tests.factories import ConnectorFactory, PublisherFactory, VersionFactory
from tests.factories.submissions import draft

MOST_QUERIES = 12


def labels(groups) -> dict[str, list[str]]:
    return {group.label: [hit.title for hit in group.hits] for group in groups}


@pytest.fixture
def kelp(cast):
    return ConnectorFactory(
        publisher=cast.publisher,
        name="Kelp Forest Monitor",
        summary="Reads buoys",
        backend_host="api.kelp.example",
    )


def with_operations(connector, **summaries):
    facts = {
        "operations": [
            {"id": name, "summary": text, "method": "get", "path": "/"} for name, text in summaries.items()
        ]
    }
    return VersionFactory(connector=connector, facts=facts)


def test_search_finds_in_ones_own_teams_only(cast, kelp):
    reference = draft(cast.owner, kelp).reference
    with_operations(kelp, ListKelp="List kelp")
    found = labels(search(cast.owner, "kelp"))
    assert found["Connectors"] == ["Kelp Forest Monitor"]
    assert found["Submissions"] == [f"{reference} Kelp Forest Monitor"]
    assert found["Operations"] == ["List kelp"]
    assert labels(search(cast.stranger, "kelp")) == {}
    assert labels(search(cast.stranger, reference)) == {}
    assert labels(search(cast.stranger, str(kelp.pk))) == {}
    assert labels(search(cast.stranger, kelp.versions.get().digest)) == {}


@pytest.mark.parametrize("shape", ["{}", " {} ", "s-{digits}", "{digits}"])
def test_the_exact_reference_comes_first_however_it_is_written(cast, kelp, shape):
    reference = draft(cast.owner, kelp).reference
    groups = search(cast.owner, shape.format(reference, digits=reference.removeprefix("S-")))
    assert groups[0].label == "Best match"
    assert groups[0].hits[0].title == f"{reference} Kelp Forest Monitor"
    urls = [hit.url for group in groups for hit in group.hits]
    assert len(urls) == len(set(urls)), "what is on top is not told twice"


def test_addresses_slugs_and_digests_are_ids_too(cast, kelp):
    version = VersionFactory(connector=kelp)
    for text in (str(kelp.pk), kelp.slug):
        assert labels(search(cast.owner, text))["Best match"] == ["Kelp Forest Monitor"]
    for text in (version.digest, f"sha256:{version.digest}", version.digest[:10].upper()):
        if not text.isdigit():
            assert labels(search(cast.owner, text))["Best match"] == [str(version)]
    assert labels(search(cast.owner, "inf-012"))["Best match"][0].startswith("INF-012 ")


@pytest.mark.parametrize(
    "text", ["forset", "kelp montor", "KELP FÓREST", "monit", "buoy", "kelp.example", "forest kelp"]
)
def test_typing_errors_accents_beginnings_and_any_order_are_forgiven(cast, kelp, text):
    ConnectorFactory(publisher=cast.publisher, name="Zebra Ledger")
    assert labels(search(cast.owner, text))["Connectors"] == ["Kelp Forest Monitor"]


def test_what_has_the_name_comes_before_what_contains_it(cast):
    for name in ("Harbour Kelp", "Kelp Two", "Kelp"):
        ConnectorFactory(publisher=cast.publisher, name=name)
    found = labels(search(cast.owner, "kelp"))
    assert found["Best match"] == ["Kelp"]
    assert found["Connectors"] == ["Kelp Two", "Harbour Kelp"]


def test_operations_are_found_by_words_inside_their_ids_in_the_newest_package_alone(cast, kelp):
    with_operations(kelp, GetOldTide="Old tide")
    newest = with_operations(kelp, GetBuoyTide="Höchster Stand", Other="Other")
    (group,) = [group for group in search(cast.owner, "tide") if group.label == "Operations"]
    assert [hit.title for hit in group.hits] == ["Höchster Stand"]
    assert group.hits[0].url == reverse("version_detail", args=[newest.pk]) + "#operation-1"
    assert labels(search(cast.owner, "hochster"))["Operations"] == ["Höchster Stand"]


@pytest.mark.parametrize(
    "facts", [{}, {"operations": None}, {"operations": "no list"}, {"operations": [{"id": "x" * 900_000}]}]
)
def test_no_package_is_refused_because_of_the_index(kelp, facts):
    assert VersionFactory(connector=kelp, facts=facts).pk


def test_publishers_and_rules_bear_typing_errors(cast):
    assert labels(search(cast.reviewer, "northwnd"))["Publishers"] == ["Northwind Harbour"]
    assert "Rules" in labels(search(cast.owner, "desciption"))


@pytest.mark.parametrize(
    "text",
    ["", "a", "%%%", "\\", "'; DROP TABLE", "\0\0\0", "x" * 5000, "日本語", "a:* & !b", "((", "S-99999999999999", "-" * 36, "ﬀ ß İ"],
)  # fmt: skip
@pytest.mark.parametrize("name", ["search", "search_palette"])
def test_search_bears_any_text(cast, sign_in, kelp, text, name):
    assert sign_in(cast.owner).get(reverse(name), {"q": text}).status_code == 200


def test_a_search_asks_the_same_number_of_questions_for_any_amount(cast):
    def queries_with(rows: int) -> int:
        for number in range(rows):
            connector = ConnectorFactory(publisher=cast.publisher, name=f"Kelp {rows} {number}")
            with_operations(connector, GetKelp="Get kelp")
            draft(cast.owner, connector)
            PublisherFactory(name=f"Kelp house {rows} {number}")
        with CaptureQueriesContext(connection) as captured:
            search(cast.administrator, "kelp")
        return len(captured)

    assert queries_with(2) == queries_with(15) <= MOST_QUERIES


def test_the_palette_offers_what_the_reader_may_do(cast, sign_in):
    page = {
        role: sign_in(getattr(cast, role)).get(reverse("search_palette")).content.decode()
        for role in ("owner", "viewer", "operator")
    }
    assert "Register a connector" in page["owner"]
    assert "Register a connector" not in page["viewer"]
    assert "New freeze" in page["operator"]
    assert "New freeze" not in page["owner"]
    assert "Submissions" in page["viewer"]


def test_a_deed_is_found_by_its_other_words_and_a_thing_comes_before_it(cast, sign_in, kelp):
    answer = sign_in(cast.owner).get(reverse("search_palette"), {"q": "kelp"})
    assert [group.label for group in answer.context["groups"]] == ["Connectors"]
    answer = sign_in(cast.owner).get(reverse("search_palette"), {"q": "certify"})
    assert "New submission" in answer.content.decode()
    answer = sign_in(cast.owner).get(reverse("search_palette"), {"q": "qqqqqq"})
    assert "Nothing found for" in answer.content.decode()


def test_nearness_is_of_the_nearest_word():
    assert nearness("summry", "The summary is long") > 0.4
    assert nearness("xylophone", "The summary is long") < 0.1
    assert nearness("word", "") == 0.0


def test_a_question_knows_its_shape():
    assert question("  s-1042 ").reference == "S-1042"
    assert question("S-10a2").reference == ""
    assert question("sha256:" + "ab" * 32).digest == "ab" * 32
    assert question("x" * 500).text == "x" * 100
