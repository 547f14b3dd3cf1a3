"""What an installation has before its first publisher comes: regions, the default plan, staff with a second factor.

Run as a program in the environment of a `Stack`; prints the staff as JSON: name -> {email, password, totp}.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace

import django

django.setup()

from allauth.account.models import EmailAddress  # noqa: E402
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret  # noqa: E402

from certification.models import Lane  # noqa: E402
from certification.services import plans  # noqa: E402
from connectors.models import Region  # noqa: E402
from portal.accounts.models import User  # noqa: E402
from portal.shared.actors import SYSTEM  # noqa: E402
from tests.journeys.geography import PAIRS, REGIONS, WAVES  # noqa: E402

PASSWORD = "tide tables for everyone 42"
STAFF = {
    **{f"reviewer{number}": "reviewer" for number in range(1, 8)},
    **{f"operator{number}": "operator" for number in range(1, 8)},
    "administrator": "administrator",
}


def add_regions() -> None:
    for seed in REGIONS:
        Region.objects.create(
            code=seed.code,
            name=seed.name,
            geography=seed.geography,
            latitude=seed.place[0],
            longitude=seed.place[1],
            tags=list(seed.tags),
            is_preview=seed.is_preview,
            base_url=f"{os.environ['JOURNEY_REGIONS_URL']}/{seed.code}",
            credentials={"token": os.environ["REGION_TOKEN"]},
        )
    for one, other in PAIRS:
        Region.objects.get(pk=one).paired_with.add(other)
    for lane in Lane.values:
        draft = plans.seed_draft(lane)
        waves = zip(draft.waves, WAVES, strict=True)
        kept = tuple(replace(wave, regions=some.regions) for wave, some in waves)
        plans.create_plan(replace(draft, waves=kept), actor=SYSTEM)


def add_staff() -> dict[str, dict[str, str]]:
    made = {}
    for name, role in STAFF.items():
        email = f"{name}@portal.example"
        person = User.objects.create_user(email, PASSWORD, display_name=name.title(), staff_role=role)
        EmailAddress.objects.create(user=person, email=email, verified=True, primary=True)
        secret = generate_totp_secret()
        TOTP.activate(person, secret)
        made[name] = {"email": email, "password": PASSWORD, "totp": secret}
    return made


if __name__ == "__main__":
    add_regions()
    print(json.dumps(add_staff()))
