"""`manage.py client`: write the typed client of `certport` from the API's own schema (`make client`)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from drf_spectacular.generators import SchemaGenerator

# What the command line calls. A program that needs more adds a name and runs `make client`.
OPERATIONS = (
    "oauth_device_create",
    "oauth_token_create",
    "oauth_exchange_create",
    "token_retrieve",
    "token_renew_create",
    "token_destroy",
    "connectors_list",
    "connectors_create",
    "connectors_repository",
    "connectors_repository_bind",
    "connectors_repository_automate",
    "connectors_repository_unbind",
    "connectors_repository_fetch",
    "connectors_repository_secret",
    "connectors_repository_take",
    "connectors_health_retrieve",
    "connectors_heartbeat",
    "connectors_heartbeats_send",
    "connectors_uploads_create",
    "submissions_list",
    "submissions_create",
    "submissions_retrieve",
    "submissions_partial_update",
    "submissions_credentials_list",
    "submissions_credentials_create",
    "submissions_credentials_update",
    "submissions_package_create",
    "submissions_readiness_list",
    "submissions_submit_create",
    "submissions_history_list",
    "submissions_certificates_list",
    "submissions_threads_list",
    "threads_comments_create",
    "threads_resolve_create",
    "validations_list",
    "validations_findings_list",
    "previews_list",
    "previews_retrieve",
    "previews_sign_off_create",
    "previews_refuse_create",
    "rollouts_list",
    "rollouts_retrieve",
    "rollouts_stop_create",
    "rollouts_hold_create",
    "rollouts_resume_create",
    "rollouts_rollback_create",
    "notices_create",
    "erasures_list",
    "erasures_create",
    "erasures_retrieve",
    "erasures_withdraw_create",
)
# Creations that heed an Idempotency-Key: `IdempotentCreation` is what their views stand on.
KEYED = frozenset({"submissions_create", "connectors_create", "connectors_uploads_create"})
# Repeating these changes nothing: the same package chosen, the same token ended, the same backend alive.
REPEATABLE = frozenset({"submissions_package_create", "token_destroy", "connectors_heartbeats_send"})
FOLDER = Path(settings.BASE_DIR) / "portal" / "certport" / "api"
_METHODS = ("get", "post", "put", "patch", "delete")
_SIMPLE = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
_HEAD = '"""{}\n\nMade by `make client` from the schema of the API; changes by hand are lost.\n"""\n'


def client_files() -> dict[str, str]:
    """File name -> its text, in the project's style."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    shapes = schema["components"]["schemas"]
    operations = {
        operation["operationId"]: (method, path, operation)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
        if method in _METHODS
    }
    methods, used = [], set[str]()
    for name in OPERATIONS:
        made, needs = _method(name, *operations[name])
        methods.append(made)
        used |= needs
    files = {"operations.py": _operations(methods), "shapes.py": _shapes(shapes, used)}
    return {name: _formatted(text) for name, text in files.items()}


def _operations(methods: list[str]) -> str:
    return (
        _HEAD.format("The portal's REST API, one method for each operation that `certport` needs.")
        + "\nfrom __future__ import annotations\n\nfrom typing import Any, cast\n\n"
        + "from portal.certport.api import shapes\n"
        + "from portal.certport.transport import Files, Transport\n\n\n"
        + "class Api:\n"
        + '    """Every method raises `Problem` (the portal said no) or `Unreachable`."""\n\n'
        + "    def __init__(self, transport: Transport) -> None:\n        self.transport = transport\n\n"
        + "\n".join(methods)
    )


def _method(name: str, method: str, path: str, operation: dict[str, Any]) -> tuple[str, set[str]]:
    """The text of one method, and the shapes it names."""
    used: set[str] = set()
    parameters = operation.get("parameters", [])
    places = [each["name"] for each in parameters if each.get("in") == "path"]
    signature = ["self", *(f"{place}: str" for place in places)]
    call = [f'"{method.upper()}"', f'f"{path}"' if places else f'"{path}"']
    for argument, passed in _body(operation, used):
        signature.append(argument)
        call.append(passed)
    queries = [each for each in parameters if each.get("in") == "query"]
    if queries:
        kinds = [f"{each['name']}: {_kind(each['schema'], used)} | None = None" for each in queries]
        signature += ["*", *kinds]
        call.append("query={" + ", ".join(f'"{each["name"]}": {each["name"]}' for each in queries) + "}")
    call += ["keyed=True"] * (name in KEYED) + ["repeatable=True"] * (name in REPEATABLE)
    answer = _answer(operation, used)
    summary = " ".join((operation.get("description") or name).split("\n")[0].split()).rstrip(".")
    sent = f"self.transport.send({', '.join(call)})"
    result = f'        return cast("{answer}", {sent})' if answer != "None" else f"        {sent}"
    text = f"    def {name}({', '.join(signature)}) -> {answer}:\n" + f'        """{summary}."""\n{result}\n'
    return text, used


def _body(operation: dict[str, Any], used: set[str]) -> Iterator[tuple[str, str]]:
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        yield f"body: {_kind(content['application/json']['schema'], used)}", "body=body"
    elif "multipart/form-data" in content:
        yield "files: Files", "files=files"


def _answer(operation: dict[str, Any], used: set[str]) -> str:
    for status in ("200", "201", "202"):
        content = operation["responses"].get(status, {}).get("content", {})
        if "application/json" in content:
            return _kind(content["application/json"]["schema"], used, "shapes.")
    return "None"


def _kind(schema: dict[str, Any], used: set[str], prefix: str = "shapes.") -> str:
    """The Python type of a schema. Enumerations are text: old clients bear new words."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        if name.endswith("Enum"):
            return "str"
        used.add(name)
        return prefix + name
    inner = schema.get("allOf") or schema.get("oneOf") or []
    if inner:
        kinds = list(dict.fromkeys(_kind(each, used, prefix) for each in inner))
        made = kinds[0] if len(kinds) == 1 else "Any"
    elif schema.get("type") == "array":
        made = f"list[{_kind(schema['items'], used, prefix)}]"
    elif schema.get("type") in _SIMPLE:
        made = _SIMPLE[str(schema["type"])]
    elif isinstance(schema.get("additionalProperties"), dict) and schema["additionalProperties"]:
        made = f"dict[str, {_kind(schema['additionalProperties'], used, prefix)}]"
    else:
        made = "dict[str, Any]" if schema.get("type") == "object" else "Any"
    return f"{made} | None" if schema.get("nullable") and made != "Any" else made


def _shapes(shapes: dict[str, Any], wanted: set[str]) -> str:
    made: dict[str, str] = {}
    pending = sorted(wanted)
    while pending:
        name = pending.pop()
        if name in made:
            continue
        used: set[str] = set()
        made[name] = _shape(name, shapes[name], used)
        pending += sorted(used)
    return (
        _HEAD.format("What the portal's REST API takes and gives.")
        + "\nfrom __future__ import annotations\n\nfrom typing import Any, NotRequired, TypedDict\n\n\n"
        + "\n\n".join(made[name] for name in sorted(made))
    )


def _shape(name: str, schema: dict[str, Any], used: set[str]) -> str:
    required = set(schema.get("required", []))
    lines = []
    for key, value in schema.get("properties", {}).items():
        kind = _kind(value, used, "")
        lines.append(f"    {key}: {kind if key in required else f'NotRequired[{kind}]'}")
    return f"class {name}(TypedDict):\n" + ("\n".join(lines) or "    pass") + "\n"


def _formatted(text: str) -> str:
    for arguments in (["check", "--fix", "--quiet", "--select", "I,F401"], ["format", "--quiet"]):
        done = subprocess.run(  # noqa: S603 - the project's own tool with fixed arguments
            [sys.executable, "-m", "ruff", *arguments, "--stdin-filename", str(FOLDER / "made.py"), "-"],
            input=text,
            capture_output=True,
            text=True,
            check=True,
            cwd=settings.BASE_DIR,
        )
        text = done.stdout
    return text


class Command(BaseCommand):
    help = "Write portal/certport/api from the schema of the API."

    def handle(self, *args: Any, **options: Any) -> None:
        FOLDER.mkdir(parents=True, exist_ok=True)
        for name, text in client_files().items():
            (FOLDER / name).write_text(text, encoding="utf-8")
            self.stdout.write(str(FOLDER / name))
