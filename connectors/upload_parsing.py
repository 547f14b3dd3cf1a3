"""Reading multipart uploads: refused by size before they are read, and with the folders of their files
kept.
"""

from __future__ import annotations

import io
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import InMemoryUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParser
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

from portal.shared.errors import TooLarge

# What multipart adds around the files: part headers, other fields, boundaries.
_AROUND_BYTES = 256 * 1024


def refuse_oversized(content_length: int | str | None) -> None:
    """Raise `TooLarge` for an announced length above the limit, before a byte of it is read."""
    limit = settings.MAX_UPLOAD_BYTES
    try:
        announced = int(content_length or 0)
    except ValueError:
        announced = 0
    if announced > limit + _AROUND_BYTES:
        raise TooLarge(
            _("The upload has %(announced)s bytes; at most %(limit)s are accepted.")
            % {"announced": format(announced, ","), "limit": format(limit, ",")}
        )


class _Budget(FileUploadHandler):
    """Ends the reading when the files together go beyond the limit, whatever length was announced."""

    def __init__(self, request: Any = None) -> None:
        super().__init__(request)
        self.left = settings.MAX_UPLOAD_BYTES

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.left -= len(raw_data)
        if self.left < 0:
            raise TooLarge(
                _("The files have more than %(max_upload_bytes)s bytes, which is the limit.")
                % {"max_upload_bytes": format(settings.MAX_UPLOAD_BYTES, ",")}
            )
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


class _InMemory(FileUploadHandler):
    """Keeps every file in memory: the budget is small, and nothing hostile gets near a disk by its own
    name.
    """

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.content = io.BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.content.write(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile:
        self.content.seek(0)
        made = InMemoryUploadedFile(self.content, self.field_name, "file", self.content_type, file_size, None)
        made.relative_name = self.file_name  # type: ignore[attr-defined]
        return made


class FolderMultiPartParser(MultiPartParser):
    """Django keeps only the last part of a file's name; the relative folder is part of a connector package.

    The name is data here, never a path on disk; the package reader judges it.
    """

    def sanitize_file_name(self, file_name: str) -> str | None:
        return file_name[:1000] or None


def parse_upload(
    meta: dict[str, Any], stream: Any, encoding: str | None
) -> tuple[Any, MultiValueDict[str, Any]]:
    """(fields, files) of a multipart body within the limits."""
    refuse_oversized(meta.get("CONTENT_LENGTH"))
    handlers: list[Any] = [_Budget(), _InMemory()]
    return FolderMultiPartParser(meta, stream, handlers, encoding).parse()


def prepare(request: HttpRequest) -> None:
    """Make `request.POST` and `request.FILES` be read by `parse_upload`. Call before anything touches
    them.
    """
    refuse_oversized(request.META.get("CONTENT_LENGTH"))

    def parse_file_upload(meta: dict[str, Any], stream: Any) -> Any:
        return parse_upload(meta, stream, request.encoding)

    request.parse_file_upload = parse_file_upload  # type: ignore[method-assign,assignment]


def named_contents(files: MultiValueDict[str, Any], field: str = "files") -> list[tuple[str, bytes]]:
    """(relative name, content) of every uploaded file of a field."""
    return [(getattr(file, "relative_name", file.name), file.read()) for file in files.getlist(field)]
