"""The objects a connector consists of in a cluster, and what their annotations and conditions mean.

Per connector one *pointer* ConfigMap says which version runs, under which deployment number and idempotency
key. Packages are immutable ConfigMaps named by their digest: a manifest and as many parts as the size needs,
because a ConfigMap holds 1 MiB at most. If the region asks for it, a Deployment mounts the parts and serves
them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from certification.regions.protocol import Action, DeployCommand, OperationState

FIELD_MANAGER = "connector-portal"
PART_BYTES = 900 * 1024
MAX_PACKAGE_BYTES = 30 * 1024 * 1024
REMEMBERED_OPERATIONS = 10
PREFIX = "connector-portal/"
MANAGED = {"app.kubernetes.io/managed-by": FIELD_MANAGER}
ROLE = f"{PREFIX}role"
KEY = f"{PREFIX}key"
_NAME = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,50}[a-z0-9])?")


def pointer_name(slug: str) -> str:
    """A legal, unambiguous object name: the slug itself where it is one, else a likeness with a digest."""
    if _NAME.fullmatch(slug):
        return f"connector-{slug}"
    likeness = re.sub(r"[^a-z0-9]+", "-", slug.lower()).strip("-")[:40].strip("-")
    return f"connector-{likeness or 'x'}-{hashlib.sha256(slug.encode()).hexdigest()[:8]}"


def key_label(key: str) -> str:
    """A label's value for a key, which may be longer than labels are."""
    return hashlib.sha256(key.encode()).hexdigest()[:40]


def manifest_name(digest: str) -> str:
    return f"package-{digest[:40]}"


def part_names(digest: str, count: int) -> list[str]:
    return [f"{manifest_name(digest)}-{number:03d}" for number in range(count)]


def parts_of(package: bytes) -> list[bytes]:
    return [package[start : start + PART_BYTES] for start in range(0, len(package), PART_BYTES)] or [b""]


@dataclass(frozen=True, slots=True)
class Known:
    """A command that the pointer remembers."""

    key: str
    number: int
    action: str
    version: str
    digest: str
    at: str

    @classmethod
    def of(cls, command: DeployCommand) -> Known:
        return cls(
            command.idempotency_key,
            command.deployment_number,
            command.action.value,
            command.version,
            command.digest,
            datetime.now(UTC).isoformat(timespec="seconds"),
        )

    def is_same_command(self, command: DeployCommand) -> bool:
        asked = Known.of(command)
        names = ("key", "number", "action", "version", "digest")
        return all(getattr(self, name) == getattr(asked, name) for name in names)


@dataclass(frozen=True, slots=True)
class Pointer:
    """What a pointer ConfigMap says; `operations` newest last. The newest is the one in effect."""

    resource_version: str
    operations: tuple[Known, ...]
    slug: str

    @property
    def newest(self) -> Known | None:
        return self.operations[-1] if self.operations else None

    def find(self, key: str) -> Known | None:
        return next((known for known in self.operations if known.key == key), None)


class NotOurs(ValueError):
    """An object under our name that somebody else made, or that no longer says what we wrote."""


def slug_of(value: Mapping[str, Any]) -> str:
    """The connector an object belongs to, by its own word."""
    annotations = (value.get("metadata") or {}).get("annotations") or {}
    return str(annotations.get(f"{PREFIX}connector", ""))


def pointer_from(value: Mapping[str, Any], slug: str) -> Pointer:
    """Read a pointer. Raises `NotOurs` for anything that this driver did not write."""
    metadata = value.get("metadata") or {}
    annotations = metadata.get("annotations") or {}
    labels = metadata.get("labels") or {}
    if labels.get("app.kubernetes.io/managed-by") != FIELD_MANAGER:
        raise NotOurs("is not managed by the portal")
    if annotations.get(f"{PREFIX}connector") != slug:
        raise NotOurs("belongs to another connector")
    try:
        listed = json.loads((value.get("data") or {}).get("operations", "[]"))
        known = tuple(Known(**one) for one in listed)
        if not all(isinstance(one.number, int) and isinstance(one.key, str) for one in known):
            raise TypeError
    except (TypeError, ValueError):
        raise NotOurs("has a list of operations that cannot be read") from None
    return Pointer(str(metadata.get("resourceVersion", "")), known, slug)


def bare_pointer(slug: str) -> dict[str, Any]:
    """The pointer before the first command, so that the first command has a version to compare with.

    It is created, not applied: whoever comes second learns that. It holds only fields that never change,
    since what a creation owns, an apply under the same name would have to take over.
    """
    return _config_map(pointer_name(slug), {ROLE: "pointer"}, {f"{PREFIX}connector": slug})


def pointer_after(pointer: Pointer, command: DeployCommand) -> dict[str, Any]:
    """The pointer with a new command in effect; it applies only to the version that was read."""
    newest = Known.of(command)
    kept = [*pointer.operations, newest][-REMEMBERED_OPERATIONS:]
    listed = [{name: getattr(one, name) for name in Known.__dataclass_fields__} for one in kept]
    is_removal = command.action is Action.REMOVE
    shown = {} if is_removal else {"version": command.version, "digest": command.digest}
    body = _config_map(
        pointer_name(pointer.slug),
        {ROLE: "pointer", KEY: key_label(command.idempotency_key)},
        {f"{PREFIX}connector": pointer.slug, **_annotations(command)},
        data={"operations": json.dumps(listed), **shown},
    )
    body["metadata"]["resourceVersion"] = pointer.resource_version
    return body


def _annotations(command: DeployCommand) -> dict[str, str]:
    return {
        f"{PREFIX}version": command.version,
        f"{PREFIX}digest": command.digest,
        f"{PREFIX}deployment-number": str(command.deployment_number),
        f"{PREFIX}idempotency-key": command.idempotency_key,
        f"{PREFIX}action": command.action.value,
    }


def package_objects(package: bytes, digest: str) -> list[dict[str, Any]]:
    """The parts, then the manifest: once the manifest exists, the package is complete."""
    parts = parts_of(package)
    note = {f"{PREFIX}digest": digest}
    made = [
        _config_map(
            name, {ROLE: "package-part"}, note,
            binary={"part": base64.b64encode(part).decode()}, is_immutable=True,
        )
        for name, part in zip(part_names(digest, len(parts)), parts, strict=True)
    ]  # fmt: skip
    listed = {"parts": str(len(parts)), "size": str(len(package)), "digest": digest}
    return [
        *made,
        _config_map(manifest_name(digest), {ROLE: "package"}, note, data=listed, is_immutable=True),
    ]


def bytes_of(part: Mapping[str, Any]) -> bytes:
    try:
        return base64.b64decode((part.get("binaryData") or {}).get("part", ""), validate=True)
    except (ValueError, TypeError):
        return b""


def part_count(manifest: Mapping[str, Any]) -> int:
    text = str((manifest.get("data") or {}).get("parts", ""))
    most = MAX_PACKAGE_BYTES // PART_BYTES + 1
    return min(int(text), most) if text.isdecimal() else 0


def _config_map(
    name: str,
    labels: Mapping[str, str],
    annotations: Mapping[str, str],
    *,
    data: Mapping[str, str] | None = None,
    binary: Mapping[str, str] | None = None,
    is_immutable: bool = False,
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "labels": {**MANAGED, **labels}, "annotations": dict(annotations)},
    }
    if data is not None:
        body["data"] = dict(data)
    if binary is not None:
        body["binaryData"] = dict(binary)
    if is_immutable:
        body["immutable"] = True
    return body


def deployment_for(
    known: Known, slug: str, *, image: str, replicas: int, parts: Sequence[str]
) -> dict[str, Any]:
    """A Deployment whose pods find the package's parts, in order, under /connector."""
    name = pointer_name(slug)
    chosen = {"connector-portal/pointer": name}
    notes = {
        f"{PREFIX}connector": slug,
        f"{PREFIX}version": known.version,
        f"{PREFIX}digest": known.digest,
        f"{PREFIX}deployment-number": str(known.number),
    }
    sources = [
        {"configMap": {"name": part, "items": [{"key": "part", "path": f"package.zip.{number:03d}"}]}}
        for number, part in enumerate(parts)
    ]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": {**MANAGED, **chosen}, "annotations": notes},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": chosen},
            "template": {
                "metadata": {"labels": {**MANAGED, **chosen}, "annotations": notes},
                "spec": {
                    "containers": [
                        {
                            "name": "connector",
                            "image": image,
                            "volumeMounts": [
                                {"name": "package", "mountPath": "/connector", "readOnly": True}
                            ],
                        }
                    ],
                    "volumes": [{"name": "package", "projected": {"sources": sources}}],
                },
            },
        },
    }


def number_of(value: Mapping[str, Any] | None) -> int:
    """The deployment number an object was applied with; 0 for none."""
    annotations = ((value or {}).get("metadata") or {}).get("annotations") or {}
    text = str(annotations.get(f"{PREFIX}deployment-number", ""))
    return int(text) if text.isdecimal() and len(text) < 17 else 0


def digest_served(deployment: Mapping[str, Any]) -> str:
    """What the pods of a Deployment were made from."""
    template = (deployment.get("spec") or {}).get("template") or {}
    annotations = (template.get("metadata") or {}).get("annotations") or {}
    return str(annotations.get(f"{PREFIX}digest", ""))[:64]


def state_of(deployment: Mapping[str, Any] | None, number: int) -> tuple[OperationState, str]:
    """How far a Deployment is with the command of that number, as its controller tells it."""
    if deployment is None or number_of(deployment) != number:
        return OperationState.ACCEPTED, ""
    status = deployment.get("status") or {}
    if int(status.get("observedGeneration") or 0) < int(deployment["metadata"].get("generation") or 1):
        return OperationState.ACCEPTED, ""
    conditions = {one.get("type"): one for one in status.get("conditions") or () if isinstance(one, dict)}
    progressing = conditions.get("Progressing", {})
    if progressing.get("status") == "False" and progressing.get("reason") == "ProgressDeadlineExceeded":
        return OperationState.FAILED, str(progressing.get("message") or "The rollout made no progress.")
    wanted = int((deployment.get("spec") or {}).get("replicas") or 1)
    ready = min(int(status.get("updatedReplicas") or 0), int(status.get("availableReplicas") or 0))
    if ready >= wanted and int(status.get("replicas") or 0) == wanted:
        return OperationState.SUCCEEDED, ""
    failing = conditions.get("ReplicaFailure", {})
    said = str(failing.get("message") or "") if failing.get("status") == "True" else ""
    return OperationState.RUNNING, said or f"{ready} of {wanted} replicas are available."
