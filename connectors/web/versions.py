"""Pages of uploads and versions: sending a package, what the server saw of it, and the files themselves."""

from __future__ import annotations

from urllib.parse import quote

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from connectors import policies, upload_parsing
from connectors.definitions import SourceFile
from connectors.models import Connector, Upload, Version
from connectors.package_records import member_of, sign_in_names
from connectors.queries import connectors as connector_queries
from connectors.queries import versions as queries
from connectors.services import versions as services
from portal.shared.errors import PortalError
from portal.shared.numbers import small_number
from portal.shared.web import done, error_page, signed_in_user

_TEXT_SUFFIXES = (".json", ".md", ".csx", ".cs", ".txt")
# Bytes of a package are shown by the browser as nothing but what the header says, and can do nothing.
_INERT = {"Content-Security-Policy": "default-src 'none'; sandbox", "X-Content-Type-Options": "nosniff"}


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def upload_new(request: HttpRequest, pk: str) -> HttpResponse:
    """Exempt only until the parser is in place, because looking for the token reads the body; see
    `_upload`.
    """
    if request.method == "POST":
        try:
            upload_parsing.prepare(request)
            return _upload(request, pk)
        except PortalError as error:
            return error_page(request, error)
    return _upload_page(request, _connector(request, pk))


@csrf_protect
def _upload(request: HttpRequest, pk: str) -> HttpResponse:
    connector = _connector(request, pk)
    files = upload_parsing.named_contents(request.FILES)
    try:
        upload = services.receive_upload(connector, files=files, actor=signed_in_user(request))
    except PortalError as error:
        return _upload_page(request, connector, error)
    target = reverse("upload_detail", args=[upload.pk])
    if upload.state == Upload.State.REFUSED:
        return HttpResponseRedirect(target)
    return done(
        request, _("Received and stored as version %(version)s.") % {"version": upload.version}, target
    )


def _upload_page(
    request: HttpRequest, connector: Connector, error: PortalError | None = None
) -> HttpResponse:
    context = {
        "connector": connector,
        "tab": "versions",
        "can_upload": policies.can_upload_version(request.user, connector),
        "error": error,
        "max_bytes": settings.MAX_UPLOAD_BYTES,
    }
    return render(request, "connectors/upload_form.html", context, status=error.status if error else 200)


@require_safe
@login_required
def upload_detail(request: HttpRequest, pk: str) -> HttpResponse:
    upload = get_object_or_404(queries.uploads_visible_to(request.user), pk=pk)
    problems = [
        {**problem, "rule_id": problem["code"], "severity": "error" if problem["refuses"] else "warning"}
        for problem in queries.told_problems(upload)
    ]
    if upload.version:
        _link_places(problems, upload.version)
    context = {
        "upload": upload,
        "connector": upload.connector,
        "tab": "versions",
        "problems": problems,
        "refusing": sum(problem["refuses"] for problem in upload.problems),
        "nodes": queries.tree_nodes(upload.tree, upload.version),
        "is_known": _is_repetition(upload),
        "can_upload": policies.can_upload_version(request.user, upload.connector),
    }
    return render(request, "connectors/upload_detail.html", context)


def _is_repetition(upload: Upload) -> bool:
    """The version was made by an earlier upload of the same bytes."""
    version = upload.version
    return version is not None and version.uploads.filter(received_at__lt=upload.received_at).exists()


def _link_places(problems: list[dict[str, object]], version: Version) -> None:
    known = {entry["name"] for entry in version.tree if entry["state"] == "ok"}
    for problem in problems:
        if problem["file"] in known:
            address = reverse("version_file", args=[version.pk, problem["file"]])
            line = problem["line"]
            problem["place_url"] = f"{address}?line={line}#L{line}" if line else address


@require_safe
@login_required
def version_list(request: HttpRequest, pk: str) -> HttpResponse:
    connector = _connector(request, pk)
    context = {
        "connector": connector,
        "tab": "versions",
        "stages": _stage_labels(connector),
        "versions": Paginator(queries.versions_of(connector), 25).get_page(request.GET.get("page")),
        "uploads": Paginator(queries.uploads_of(connector), 10).get_page(request.GET.get("uploads")),
        "can_upload": policies.can_upload_version(request.user, connector),
    }
    return render(request, "connectors/version_list.html", context)


def _stage_labels(connector: Connector) -> dict[object, list[str]]:
    """Version id -> the pointers ("live" ...) that are on it."""
    marks: dict[object, list[str]] = {}
    for pointer in connector_queries.POINTERS:
        marks.setdefault(getattr(connector, f"{pointer}_version_id"), []).append(pointer)
    return marks


@require_safe
@login_required
def version_detail(request: HttpRequest, pk: str) -> HttpResponse:
    version = _version(request, pk)
    connector = get_object_or_404(connector_queries.for_page(request.user), pk=version.connector_id)
    context = {
        "version": version,
        "connector": connector,
        "tab": "versions",
        "facts": version.facts,
        "operations": version.facts.get("operations", []),
        "authentication": sign_in_names(version.facts.get("authentication", ())),
        "nodes": queries.tree_nodes(version.tree, version),
        "marks": _stage_labels(connector).get(version.pk, []),
        "uploads": version.uploads.select_related("uploaded_by").order_by("-received_at")[:5],
    }
    return render(request, "connectors/version_detail.html", context)


@require_safe
@login_required
def version_file(request: HttpRequest, pk: str, name: str) -> HttpResponse:
    version = _version(request, pk)
    content = member_of(services.package_bytes(version), name)
    if content is None:
        raise Http404
    asked = small_number(request.GET.get("line"))
    line = 1 if asked is None else asked
    is_text = name.lower().endswith(_TEXT_SUFFIXES)
    context = {
        "version": version,
        "connector": version.connector,
        "tab": "versions",
        "name": name,
        "size": len(content),
        "is_icon": name == "icon.png",
        "page": queries.file_page(SourceFile(name, content), line=line) if is_text else None,
        "nodes": queries.tree_nodes(version.tree, version, current=name),
    }
    return render(request, "connectors/version_file.html", context)


@require_safe
@login_required
def version_icon(request: HttpRequest, pk: str) -> HttpResponse:
    """The re-encoded icon. A version never changes, so the browser may keep it."""
    icon = services.icon_png(_version(request, pk))
    if icon is None:
        raise Http404
    headers = {**_INERT, "Cache-Control": "private, max-age=86400, immutable"}
    return HttpResponse(icon, content_type="image/png", headers=headers)


@require_safe
@login_required
def version_package(request: HttpRequest, pk: str) -> HttpResponse:
    """The canonical package: exactly the bytes that are reviewed and deployed."""
    version = _version(request, pk)
    name = quote(f"{version.connector.slug}-{version.label}.zip")
    headers = {**_INERT, "Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    return HttpResponse(services.package_bytes(version), content_type="application/zip", headers=headers)


def _connector(request: HttpRequest, pk: str) -> Connector:
    return get_object_or_404(connector_queries.for_page(request.user), pk=pk)


def _version(request: HttpRequest, pk: str) -> Version:
    return get_object_or_404(queries.versions_visible_to(request.user), pk=pk)


urlpatterns = [
    path("connectors/<uuid:pk>/versions/", version_list, name="version_list"),
    path("connectors/<uuid:pk>/upload/", upload_new, name="upload_new"),
    path("uploads/<uuid:pk>/", upload_detail, name="upload_detail"),
    path("versions/<uuid:pk>/", version_detail, name="version_detail"),
    path("versions/<uuid:pk>/files/<path:name>", version_file, name="version_file"),
    path("versions/<uuid:pk>/icon.png", version_icon, name="version_icon"),
    path("versions/<uuid:pk>/package.zip", version_package, name="version_package"),
]
