"""While the history of the demo world is told, calls of operations are answered in this process.

The demo's services are the only addresses that webhooks may have then.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from certification.services import webhooks
from connectors.runtime import Caller, Egress
from connectors.runtime.connecting import Timings
from connectors.runtime.egress import Incoming, Outgoing
from connectors.services import calls
from portal.demo.clock import replaced
from portal.demo.services import DemoServices, hosts


@dataclass(frozen=True, slots=True)
class ToldEgress(Egress):
    """Reaches the demo services without a network, and nothing else."""

    services: DemoServices = field(default_factory=DemoServices)

    def send(self, outgoing: Outgoing) -> Incoming:
        self.check(outgoing.url)
        parts = urlsplit(outgoing.url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        headers = {name.lower(): value for name, value in outgoing.headers}
        reply, _ = self.services.answer(outgoing.method, parts.netloc, target, headers, outgoing.body)
        content = reply.content
        took = 18 + len(content) % 60
        sent = (("Content-Type", "application/json"), ("Content-Length", str(len(content))))
        return Incoming(reply.status, sent, content, False, Timings(2, 5, 14, took - 1, took))


@contextmanager
def told_services() -> Iterator[None]:
    """Operations are answered by the demo services inside the block."""
    known = dict.fromkeys(hosts(), ("127.0.0.1", 0))
    egress = ToldEgress(local_hosts=known, is_public=False)
    told = Caller(egress)
    with replaced(calls, "caller", lambda: told), replaced(webhooks, "egress", lambda: egress):
        yield
