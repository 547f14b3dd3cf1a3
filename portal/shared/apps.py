from django.apps import AppConfig


class SharedConfig(AppConfig):
    """What both domain apps stand on: transitions, outbox, audit, secrets, storage, mail."""

    name = "portal.shared"
    label = "shared"

    def ready(self) -> None:
        from portal.shared import system_checks  # noqa: F401
