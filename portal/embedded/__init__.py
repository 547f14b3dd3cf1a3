"""PostgreSQL and Valkey from their wheels, for a trial, for development and for the tests on one machine.

Production brings its own services through DATABASE_URL and REDIS_URL and never imports this package.
Nothing here imports Django: settings need the services' addresses before they can be read.
"""

from portal.embedded.errors import AlreadyRunning, EmbeddedServicesUnavailable, ServiceDidNotStart
from portal.embedded.services import Services, kept_services, throwaway_services

__all__ = [
    "AlreadyRunning",
    "EmbeddedServicesUnavailable",
    "ServiceDidNotStart",
    "Services",
    "kept_services",
    "throwaway_services",
]
