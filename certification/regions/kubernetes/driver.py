"""The Kubernetes driver: connectors as ConfigMaps, and if wanted Deployments, by server-side apply."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from types import TracebackType
from typing import Self, TypeVar

from certification.regions.answers import check_operation, check_package
from certification.regions.errors import OutcomeUnknown, RegionAnswerInvalid, RegionRefused, RegionThrottled
from certification.regions.kubernetes import objects
from certification.regions.kubernetes.cluster import Cluster, Conflict
from certification.regions.kubernetes.objects import Known, NotOurs, Pointer
from certification.regions.protocol import (
    Action,
    CurrentVersion,
    DeployCommand,
    Operation,
    OperationState,
    RegionEndpoint,
    RegionHealth,
)
from certification.regions.redaction import redacted

Result = TypeVar("Result")

DEADLINE_SECONDS = 10.0
THREADS = 20
COLLISION_PAUSE_SECONDS = 1.0


class KubernetesDriver:
    """A `RegionDriver` for namespaces of clusters. Calls block: each runs in a thread."""

    def __init__(self, *, deadline_seconds: float = DEADLINE_SECONDS) -> None:
        self._deadline_seconds = deadline_seconds
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="kubernetes")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def deploy(self, endpoint: RegionEndpoint, command: DeployCommand) -> Operation:
        """See `RegionDriver.deploy`. What an interrupted attempt has stored, the next one finds and uses."""
        check_package(endpoint, command)
        if command.package is not None and len(command.package) > objects.MAX_PACKAGE_BYTES:
            raise RegionRefused(
                endpoint.code, "the package is larger than 30 MB.", code="package-too-large", status=413
            )
        operation = await self._in_thread(endpoint, lambda place: place.deploy(command))
        check_operation(endpoint, operation, command.idempotency_key, command.digest)
        return operation

    async def operation(
        self, endpoint: RegionEndpoint, idempotency_key: str, *, expected_digest: str | None = None
    ) -> Operation | None:
        """What became of a command. A Deployment that an interrupted command left out is applied here."""
        operation = await self._in_thread(endpoint, lambda place: place.operation(idempotency_key))
        if operation is not None:
            check_operation(endpoint, operation, idempotency_key, expected_digest)
        return operation

    async def current(self, endpoint: RegionEndpoint, connector: str) -> CurrentVersion | None:
        """What runs now; the digest is computed from the bytes that the cluster holds."""
        return await self._in_thread(endpoint, lambda place: place.current(connector))

    async def health(self, endpoint: RegionEndpoint) -> RegionHealth:
        return await self._in_thread(endpoint, lambda place: place.health())

    async def _in_thread(self, endpoint: RegionEndpoint, act: Callable[[Namespace], Result]) -> Result:
        cluster = Cluster(endpoint)

        def run() -> Result:
            cluster.begin(self._deadline_seconds)
            return act(Namespace(endpoint, cluster))

        future = asyncio.get_running_loop().run_in_executor(self._threads, run)
        try:
            async with asyncio.timeout(self._deadline_seconds):
                return await future
        except TimeoutError:
            raise OutcomeUnknown(
                endpoint.code, f"no complete answer within {self._deadline_seconds:g} s."
            ) from None
        except Conflict as conflict:
            raise _told(endpoint, conflict) from None
        except NotOurs as fault:
            raise RegionRefused(
                endpoint.code, f"an object of this connector {fault}.", code="foreign-object", status=409
            ) from None
        finally:
            cluster.close()


def _told(endpoint: RegionEndpoint, conflict: Conflict) -> RegionRefused | RegionThrottled:
    """Somebody was faster (try again), or somebody else owns what we want to change (a person decides)."""
    message = redacted(conflict.message, *endpoint.hidden)
    if conflict.is_about_fields:
        return RegionRefused(
            endpoint.code,
            f"another manager changed our fields: {message}. Give them back, or let the region take over.",
            code="field-conflict",
            status=409,
        )
    return RegionThrottled(
        endpoint.code, f"something else was faster: {message}.", retry_after_seconds=COLLISION_PAUSE_SECONDS
    )


class Namespace:
    """The protocol's questions, as requests to one namespace. Runs in a thread."""

    def __init__(self, endpoint: RegionEndpoint, cluster: Cluster) -> None:
        self._endpoint = endpoint
        self._cluster = cluster
        settings = endpoint.settings
        self._has_workload = settings.get("workload") == "deployment"
        self._image = str(settings.get("image") or "")
        replicas = settings.get("replicas")
        self._replicas = replicas if isinstance(replicas, int) else 1
        self._takes_over = bool(settings.get("takes_over"))

    def deploy(self, command: DeployCommand) -> Operation:
        pointer = self._pointer(command.connector) or self._new_pointer(command.connector)
        known = pointer.find(command.idempotency_key)
        if known is None:
            self._check_fence(pointer, command)
            if command.action is not Action.REMOVE:
                self._hold_package(command)
            body = objects.pointer_after(pointer, command)
            path = f"configmaps/{objects.pointer_name(command.connector)}"
            applied = self._cluster.apply(path, body, takes_over=self._takes_over)
            pointer = objects.pointer_from(applied, command.connector)
            known = pointer.find(command.idempotency_key)
        if known is None:
            raise RegionAnswerInvalid(self._endpoint.code, "its API server dropped what was applied.")
        if not known.is_same_command(command):
            raise self._refusal("idempotency-conflict", "this key was used for another command.")
        return self._told(pointer, known)

    def operation(self, key: str) -> Operation | None:
        """A key does not name its connector. The label finds the newest; only a full search says "never"."""
        newest = f"{objects.KEY}={objects.key_label(key)}"
        for selector in (newest, f"{objects.ROLE}=pointer"):
            for value in self._cluster.pages("configmaps", selector):
                pointer = objects.pointer_from(value, objects.slug_of(value))
                known = pointer.find(key)
                if known is not None:
                    return self._told(pointer, known)
        return None

    def current(self, slug: str) -> CurrentVersion | None:
        pointer = self._pointer(slug)
        newest = pointer.newest if pointer else None
        if newest is None or newest.action == Action.REMOVE:
            return None
        digest = self._digest_held(newest.digest)
        if self._has_workload:
            deployment = self._deployment(slug)
            if deployment is None:
                return None
            served = objects.digest_served(deployment)
            digest = digest if served == newest.digest else served
        return CurrentVersion(slug, newest.version, digest, newest.number, datetime.fromisoformat(newest.at))

    def health(self) -> RegionHealth:
        version = self._cluster.ask_root("/version")
        pointers = self._cluster.pages("configmaps", f"{objects.ROLE}=pointer")
        return RegionHealth(
            ok=True,
            version=redacted(f"Kubernetes {version.get('gitVersion', '?')}", *self._endpoint.hidden),
            load=0.0,
            running_operations=0,
            deployed_connectors=len(pointers),
        )

    def _pointer(self, slug: str) -> Pointer | None:
        value = self._cluster.get(f"configmaps/{objects.pointer_name(slug)}")
        return objects.pointer_from(value, slug) if value is not None else None

    def _new_pointer(self, slug: str) -> Pointer:
        try:
            return objects.pointer_from(self._cluster.create("configmaps", objects.bare_pointer(slug)), slug)
        except Conflict:
            # Somebody else was first; if it was us in another process, its pointer is as good.
            pointer = self._pointer(slug)
            if pointer is None:
                raise
            return pointer

    def _check_fence(self, pointer: Pointer, command: DeployCommand) -> None:
        newest = pointer.newest
        if newest is not None and command.deployment_number <= newest.number:
            raise self._refusal(
                "stale-deployment", f"deployment {command.deployment_number} is not above {newest.number}."
            )

    def _hold_package(self, command: DeployCommand) -> None:
        """See that the package lies in the cluster, complete. The manifest comes last, so it is the proof."""
        if self._cluster.get(f"configmaps/{objects.manifest_name(command.digest)}") is not None:
            return
        if command.package is None:
            raise RegionRefused(
                self._endpoint.code, "the package is not there yet.", code="package-required", status=412
            )
        for body in objects.package_objects(command.package, command.digest):
            try:
                self._cluster.create("configmaps", body)
            except Conflict:
                # An interrupted attempt was here; immutable objects under this name have this content.
                continue

    def _digest_held(self, digest: str) -> str:
        manifest = self._cluster.get(f"configmaps/{objects.manifest_name(digest)}")
        found = hashlib.sha256()
        for name in objects.part_names(digest, objects.part_count(manifest or {})):
            found.update(objects.bytes_of(self._cluster.get(f"configmaps/{name}") or {}))
        return found.hexdigest()

    def _deployment(self, slug: str) -> dict[str, object] | None:
        return self._cluster.get(f"deployments/{objects.pointer_name(slug)}")

    def _told(self, pointer: Pointer, known: Known) -> Operation:
        state, message = OperationState.SUCCEEDED, ""
        newest = pointer.newest
        if newest is None or newest.key != known.key:
            state, message = OperationState.FAILED, "Overtaken by a newer command."
        elif self._has_workload:
            state, message = self._workload(pointer.slug, known)
        moment = datetime.fromisoformat(known.at).astimezone(UTC)
        text = redacted(message, *self._endpoint.hidden, limit=500)
        return Operation(known.key, state, known.digest, known.number, text, moment)

    def _workload(self, slug: str, known: Known) -> tuple[OperationState, str]:
        """The Deployment's own word, after seeing to it that it was told of the command."""
        name = objects.pointer_name(slug)
        deployment = self._deployment(slug)
        if known.action == Action.REMOVE:
            if deployment is not None:
                self._cluster.delete(f"deployments/{name}")
                return OperationState.RUNNING, ""
            return OperationState.SUCCEEDED, ""
        if objects.number_of(deployment) < known.number:
            manifest = self._cluster.get(f"configmaps/{objects.manifest_name(known.digest)}")
            parts = objects.part_names(known.digest, objects.part_count(manifest or {}))
            body = objects.deployment_for(
                known, slug, image=self._image, replicas=self._replicas, parts=parts
            )
            deployment = self._cluster.apply(f"deployments/{name}", body, takes_over=self._takes_over)
        return objects.state_of(deployment, known.number)

    def _refusal(self, code: str, message: str) -> RegionRefused:
        return RegionRefused(self._endpoint.code, message, code=code, status=409)
