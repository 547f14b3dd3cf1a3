"""`manage.py create_staff`: the first administrator, and whoever else is to be staff."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.db import transaction
from django.urls import reverse

from portal.accounts.models import User
from portal.accounts.services import set_staff_role
from portal.shared.actors import SYSTEM

ROLES = [role.value for role in User.StaffRole if role.value]


class Command(BaseCommand):
    help = (
        "Create a person with a staff role, or give an existing person that role. "
        "No password is set or shown."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("role", choices=ROLES)
        parser.add_argument("--name", default="", help="how the person is called in the portal")

    def handle(self, *args: Any, **options: Any) -> None:
        email = options["email"].strip().lower()
        try:
            validate_email(email)
        except ValidationError as error:
            raise CommandError(f"{options['email']} is not an e-mail address.") from error
        with transaction.atomic():
            person = User.objects.filter(email__iexact=email).first()
            is_new = person is None
            if person is None:
                person = User.objects.create_user(email, display_name=options["name"][:80])
                EmailAddress.objects.create(user=person, email=email, primary=True, verified=True)
            if not person.is_active:
                raise CommandError(f"{email} is switched off: switch the person on first.")
            if person.staff_role != options["role"]:
                set_staff_role(
                    person, role=options["role"], reason="Given on the command line.", actor=SYSTEM
                )
        self.stdout.write(
            f"{email} is {'a new' if is_new else 'an existing'} person with the role {person.staff_role}."
        )
        self.stdout.write("Next steps for this person:")
        if is_new:
            self.stdout.write(
                f"  1. Choose a password: {settings.SITE_URL}{reverse('account_reset_password')}"
            )
        else:
            self.stdout.write(f"  1. Sign in: {settings.SITE_URL}{reverse('account_login')}")
        self.stdout.write(f"  2. Set up a second factor: {settings.SITE_URL}{reverse('mfa_index')}")
        self.stdout.write("     Staff see nothing else before that.")
