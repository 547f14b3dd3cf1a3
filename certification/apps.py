from django.apps import AppConfig


class CertificationConfig(AppConfig):
    """Submissions, validation, reviews, previews, rollouts, notifications."""

    name = "certification"
    label = "certification"

    def ready(self) -> None:
        from certification import system_checks  # noqa: F401
