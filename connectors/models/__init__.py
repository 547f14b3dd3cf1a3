from connectors.models.connectors import Connector, Region
from connectors.models.health import HealthHour, TelemetryBatch
from connectors.models.publishers import Invitation, Membership, Publisher
from connectors.models.versions import Upload, Version

__all__ = [
    "Connector",
    "HealthHour",
    "Invitation",
    "Membership",
    "Publisher",
    "Region",
    "TelemetryBatch",
    "Upload",
    "Version",
]
