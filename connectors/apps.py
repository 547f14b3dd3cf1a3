from django.apps import AppConfig


class ConnectorsConfig(AppConfig):
    """Publishers and teams, connectors, versions, regions, health."""

    name = "connectors"
    label = "connectors"
