"""Hand in many packages at once, as publishers would, in the environment of a `Stack`. Prints their references."""

from __future__ import annotations

import os

import django

django.setup()

from certification.services import submissions  # noqa: E402
from connectors.models import Membership  # noqa: E402
from connectors.services import connectors, publishers  # noqa: E402
from portal.accounts.models import User  # noqa: E402
from tests.factories.submissions import independent, ready_draft  # noqa: E402


def main() -> None:
    owner = User.objects.create_user("owner@harbour.example", None, display_name="Owner")
    team = publishers.create_publisher(name="Harbour Office", actor=owner)
    assert Membership.objects.filter(publisher=team, user=owner).exists()
    drafts = []
    for number in range(int(os.environ["HAND_IN"])):
        name = f"Quay {chr(65 + number % 26)}{chr(97 + number // 26)} Tides"
        connector = connectors.register_connector(
            publisher=team, name=name, summary="Tides.", backend_host="", planned_for=None, actor=owner
        )
        drafts.append(ready_draft(owner, connector, case=independent(name)))
    for draft in drafts:
        submissions.submit(draft, actor=owner)
        print(draft.reference)


if __name__ == "__main__":
    main()
