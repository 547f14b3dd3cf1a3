from django.apps import AppConfig


class PortalConfig(AppConfig):
    """The shell: site map, Celery, management commands of the whole portal."""

    name = "portal"
    label = "portal"
