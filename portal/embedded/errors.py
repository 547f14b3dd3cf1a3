"""What can go wrong while bringing services up; every message is meant for the person at the terminal."""


class EmbeddedServicesUnavailable(Exception):
    """This machine cannot run the embedded services; the message says why and what to do instead."""


class ServiceDidNotStart(EmbeddedServicesUnavailable):
    """A server was started but did not become ready; the message ends with the tail of its log."""


class AlreadyRunning(EmbeddedServicesUnavailable):
    """Another process of ours holds the lock on the same data."""
