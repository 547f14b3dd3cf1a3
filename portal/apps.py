from django.apps import AppConfig


class PortalConfig(AppConfig):
    """The shell: site map, Celery, management commands of the whole portal."""

    name = "portal"
    label = "portal"

    def ready(self) -> None:
        """Make our Celery app the current one everywhere, also in the web server."""
        from portal import celery  # noqa: F401
