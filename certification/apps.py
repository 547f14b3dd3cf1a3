from django.apps import AppConfig


class CertificationConfig(AppConfig):
    """Submissions, validation, reviews, previews, rollouts, notifications."""

    name = "certification"
    label = "certification"
