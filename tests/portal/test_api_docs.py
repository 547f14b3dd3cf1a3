from __future__ import annotations

from django.urls import reverse

from portal.api import endpoint_groups


def test_the_documentation_lists_every_operation_with_words(client, db):
    page = client.get(reverse("api_docs")).content.decode()
    assert "/api/v1/publishers/" in page
    silent = [
        f"{endpoint.method} {endpoint.path}"
        for group in endpoint_groups()
        for endpoint in group.endpoints
        if not endpoint.summary
    ]
    assert silent == []


def test_the_schema_is_public_and_names_the_token(client, db):
    answer = client.get(reverse("api_schema"), headers={"Accept": "application/json"})
    assert answer.status_code == 200
    assert "apiToken" in answer.content.decode()
