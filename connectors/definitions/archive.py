"""The zip inspector: reads an archive into memory and refuses every archive that two readers could read
differently.

Nothing is ever extracted. The end record, the central directory and the local headers must describe one and
the same layout, and the layout must cover every byte of the upload: no gap, no overlap, nothing in front,
nothing behind.
"""

from __future__ import annotations

import stat
import struct
import zlib
from dataclasses import dataclass, field

from connectors.definitions.names import check_name, clashes, is_archive, is_junk, printable
from connectors.definitions.problems import Limits, Problem, problem, shown

_END = struct.Struct("<4s4H2LH")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_END_MAGIC, _CENTRAL_MAGIC, _LOCAL_MAGIC, _DESCRIPTOR_MAGIC = b"PK\5\6", b"PK\1\2", b"PK\3\4", b"PK\7\x08"
_ZIP64_LOCATOR = b"PK\6\7"
_LONGEST_COMMENT = 1_000

_ENCRYPTED_FLAGS = 0x0001 | 0x0040 | 0x2000
_DESCRIPTOR_FLAG = 0x0008
_PATCH_FLAG = 0x0020
_UTF8_FLAG = 0x0800
_COMPARED_FLAGS = _ENCRYPTED_FLAGS | _DESCRIPTOR_FLAG | _PATCH_FLAG | _UTF8_FLAG
_STORED, _DEFLATED = 0, 8
_ZIP64_EXTRA, _UNICODE_PATH_EXTRA = 0x0001, 0x7075


@dataclass(frozen=True, slots=True)
class Member:
    """One entry. `path` ends in "/" for a folder; `content` is None when it was not read; sizes in bytes."""

    path: str
    size: int
    compressed_size: int
    content: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What an archive holds. The problems all refuse it, except those about left-overs."""

    members: tuple[Member, ...]
    problems: tuple[Problem, ...]


@dataclass(slots=True)
class _Record:
    """A row of the central directory, and the bytes of the archive it lays claim to."""

    raw_name: bytes
    path: str
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    mode: int
    header: int
    extra: bytes
    data: int = 0
    end: int = 0


class _Refused(Exception):
    def __init__(self, code: str, message: str, file: str = "") -> None:
        super().__init__(message)
        self.problem = problem(code, message, printable(file))


def unpack(data: bytes, limits: Limits) -> Unpacked:
    """The entries of a zip archive; contents are read only when nothing at all speaks against the archive."""
    records: list[_Record] = []
    try:
        directory, end, count = _end_record(data, limits)
        records = _central_directory(data, directory, end, count)
        problems = _entry_problems(records, limits)
        if not problems:
            _check_expansion(records, limits)
            for record in records:
                _local_header(data, record, directory)
            _check_layout(records, directory)
            return _read_members(data, records)
    except _Refused as refused:
        problems = [refused.problem]
    return Unpacked(tuple(Member(printable(r.path), r.size, r.packed) for r in records), tuple(problems))


def _end_record(data: bytes, limits: Limits) -> tuple[int, int, int]:
    """Start and end of the central directory, and the number of its rows."""
    if len(data) > limits.archive_bytes:
        raise _Refused(
            "too-large", f"The archive has {len(data):,} bytes; {limits.archive_bytes:,} are allowed."
        )
    at = data.rfind(_END_MAGIC, max(0, len(data) - _END.size - 0xFFFF))
    if at < 0:
        if data.startswith(_LOCAL_MAGIC):
            raise _Refused("damaged-archive", "The archive has no end: was the upload interrupted?")
        raise _Refused("not-an-archive", "The upload is not a zip archive.")
    if len(data) - at < _END.size:
        raise _Refused("damaged-archive", "The end record of the archive is cut off.")
    _, disk, first_disk, here, count, size, offset, comment = _END.unpack_from(data, at)
    if disk or first_disk or here != count:
        raise _Refused("unsupported-archive", "The archive is one part of several.")
    if (
        count == 0xFFFF
        or size == 0xFFFFFFFF
        or offset == 0xFFFFFFFF
        or data[at - 20 : at - 16] == _ZIP64_LOCATOR
    ):
        raise _Refused("unsupported-archive", "The archive uses ZIP64, which only huge archives need.")
    _check_ends(data, at, comment)
    if offset + size != at:
        in_front = at - size - offset
        if in_front > 0 and data[in_front : in_front + 4] == _LOCAL_MAGIC:
            raise _Refused("polyglot", f"{in_front:,} bytes stand in front of the archive.")
        raise _Refused("header-mismatch", "The directory is not where the end of the archive says.")
    if count == 0:
        raise _Refused("empty-archive" if at == 0 else "hidden-data", "The archive lists no entries.")
    if count > limits.entries:
        raise _Refused("too-many-entries", f"The archive has {count} entries; {limits.entries} are allowed.")
    return offset, at, count


def _check_ends(data: bytes, end_record: int, comment_length: int) -> None:
    start, extra = end_record + _END.size, len(data) - end_record - _END.size - comment_length
    if extra > 0:
        raise _Refused("polyglot", f"{extra:,} bytes follow the end of the archive.")
    if extra < 0:
        raise _Refused("damaged-archive", "The comment of the archive is cut off.")
    comment = data[start:]
    if (
        len(comment) > _LONGEST_COMMENT
        or not comment.decode("latin-1").isprintable()
        or not comment.isascii()
    ):
        raise _Refused("polyglot", "The comment of the archive is no short plain text.")
    if end_record and not data.startswith(_LOCAL_MAGIC):
        raise _Refused("polyglot", "The upload does not begin with an entry of the archive.")


def _central_directory(data: bytes, at: int, end: int, count: int) -> list[_Record]:
    records = []
    for _ in range(count):
        if at + _CENTRAL.size > end or data[at : at + 4] != _CENTRAL_MAGIC:
            raise _Refused(
                "damaged-archive", "The directory of the archive lists fewer entries than it counts."
            )
        (
            _, _, _, flags, method, _, _, crc, packed, size,
            name_length, extra_length, comment_length, disk, _, attributes, header,
        ) = _CENTRAL.unpack_from(data, at)  # fmt: skip
        at += _CENTRAL.size
        raw_name = data[at : at + name_length]
        extra = data[at + name_length : at + name_length + extra_length]
        at += name_length + extra_length + comment_length
        path = _decode_name(raw_name, flags)
        if at > end:
            raise _Refused("damaged-archive", "A row of the directory is cut off.", path)
        if disk:
            raise _Refused("unsupported-archive", "An entry lies on another disk.", path)
        mode = attributes >> 16
        records.append(_Record(raw_name, path, flags, method, crc, packed, size, mode, header, extra))
    if at != end:
        raise _Refused("hidden-data", f"{end - at:,} bytes in the directory belong to no entry.")
    return records


def _decode_name(raw: bytes, flags: int) -> str:
    """UTF-8 whether flagged or not (macOS never sets the flag); code page 437 as the format's last resort."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        if flags & _UTF8_FLAG:
            return raw.decode("utf-8", "surrogateescape")
        return raw.decode("cp437")


def _entry_problems(records: list[_Record], limits: Limits) -> list[Problem]:
    """What the directory alone says against its entries."""
    found = [named for record in records if (named := check_name(record.path, limits))]
    if not found:
        found = clashes(record.path for record in records)
    for record in records:
        if said := _record_problem(record):
            found.append(problem(*said, printable(record.path)))
    return found[: limits.problems_per_file]


def _record_problem(record: _Record) -> tuple[str, str] | None:
    name, kind = shown(record.path), stat.S_IFMT(record.mode)
    if kind == stat.S_IFLNK:
        return "link-entry", f"{name} is a link."
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "special-entry", f"{name} is a device, pipe or socket."
    if record.flags & _ENCRYPTED_FLAGS:
        return "encrypted-entry", f"{name} is encrypted."
    if record.method not in (_STORED, _DEFLATED) or record.flags & _PATCH_FLAG:
        return "unsupported-compression", f"{name} is packed by method {record.method}."
    if 0xFFFFFFFF in (record.size, record.packed, record.header) or _ZIP64_EXTRA in _extras(record.extra):
        return "unsupported-archive", f"{name} uses ZIP64, which only huge files need."
    if record.method == _STORED and record.packed != record.size:
        return "size-mismatch", f"{name} is stored as it is, yet with two different sizes."
    if record.path.endswith("/") and record.size:
        return "header-mismatch", f"{name} is a folder with content."
    if kind == stat.S_IFDIR and not record.path.endswith("/"):
        return "header-mismatch", f"{name} is a folder by its mode and a file by its name."
    unicode_path = _extras(record.extra).get(_UNICODE_PATH_EXTRA)
    if unicode_path is not None and unicode_path[5:] != record.raw_name:
        return "header-mismatch", f"{name} has a second, different name."
    return None


def _extras(extra: bytes) -> dict[int, bytes]:
    fields: dict[int, bytes] = {}
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        fields.setdefault(kind, extra[at + 4 : at + 4 + length])
        at += 4 + length
    return fields


def _check_expansion(records: list[_Record], limits: Limits) -> None:
    size = sum(record.size for record in records)
    packed = sum(record.packed for record in records)
    if size > limits.expansion_floor_bytes and size > packed * limits.expansion_ratio:
        ratio = size // max(1, packed)
        raise _Refused(
            "zip-bomb", f"The archive expands {ratio} times; {limits.expansion_ratio} are allowed."
        )
    if size > limits.expanded_bytes:
        raise _Refused(
            "too-large", f"The archive expands to {size:,} bytes; {limits.expanded_bytes:,} are allowed."
        )


def _local_header(data: bytes, record: _Record, directory: int) -> None:
    """Compare an entry's own header with its row in the directory, and find the bytes it occupies."""
    at, name = record.header, shown(record.path)
    if at + _LOCAL.size > directory or data[at : at + 4] != _LOCAL_MAGIC:
        raise _Refused("header-mismatch", f"{name} has no header where the directory says.", record.path)
    _, _, flags, method, _, _, crc, packed, size, name_length, extra_length = _LOCAL.unpack_from(data, at)
    start = at + _LOCAL.size
    record.data = start + name_length + extra_length
    record.end = record.data + record.packed
    if data[start : start + name_length] != record.raw_name:
        raise _Refused("header-mismatch", f"{name} has another name in its own header.", record.path)
    if method != record.method or (flags ^ record.flags) & _COMPARED_FLAGS:
        raise _Refused("header-mismatch", f"{name} is described differently in its own header.", record.path)
    extras = _extras(data[start + name_length : record.data])
    if _ZIP64_EXTRA in extras:
        raise _Refused("unsupported-archive", f"{name} uses ZIP64, which only huge files need.", record.path)
    if extras.get(_UNICODE_PATH_EXTRA, b"12345" + record.raw_name)[5:] != record.raw_name:
        raise _Refused("header-mismatch", f"{name} has a second, different name.", record.path)
    expected = (record.crc, record.packed, record.size)
    announced = (crc, packed, size)
    if announced != expected and not (flags & _DESCRIPTOR_FLAG and announced == (0, 0, 0)):
        raise _Refused("header-mismatch", f"{name} has other sizes in its own header.", record.path)
    if flags & _DESCRIPTOR_FLAG:
        record.end += _descriptor_length(data, record, expected)


def _descriptor_length(data: bytes, record: _Record, expected: tuple[int, int, int]) -> int:
    """Bytes of the sizes that follow the data of an entry written in one go."""
    plain = struct.pack("<3L", *expected)
    for descriptor in (_DESCRIPTOR_MAGIC + plain, plain):
        if data[record.end : record.end + len(descriptor)] == descriptor:
            return len(descriptor)
    message = f"{shown(record.path)} has other sizes behind its data than in the directory."
    raise _Refused("header-mismatch", message, record.path)


def _check_layout(records: list[_Record], directory: int) -> None:
    """Entries must follow one another from the first byte to the directory."""
    at = 0
    for record in sorted(records, key=lambda record: record.header):
        if record.header < at:
            raise _Refused(
                "overlapping-entries", f"{shown(record.path)} shares bytes with another entry.", record.path
            )
        if record.header > at:
            code = "hidden-data" if at else "polyglot"
            raise _Refused(
                code, f"{record.header - at:,} bytes before {shown(record.path)} belong to no entry."
            )
        at = record.end
    if at > directory:
        raise _Refused("overlapping-entries", "The last entry reaches into the directory of the archive.")
    if at < directory:
        raise _Refused("hidden-data", f"{directory - at:,} bytes before the directory belong to no entry.")


def _read_members(data: bytes, records: list[_Record]) -> Unpacked:
    members: list[Member] = []
    problems: list[Problem] = []
    for record in records:
        try:
            content = _inflate(data, record)
            if is_archive(record.path, content) and not is_junk(record.path):
                raise _Refused("nested-archive", f"{shown(record.path)} is itself an archive.", record.path)
        except _Refused as refused:
            problems.append(refused.problem)
            content = None
        members.append(Member(record.path, record.size, record.packed, content))
    return Unpacked(tuple(members), tuple(problems))


def _inflate(data: bytes, record: _Record) -> bytes:
    """The content of an entry; never more than one byte beyond its declared size is produced."""
    packed = data[record.data : record.data + record.packed]
    name = shown(record.path)
    content = packed
    if record.method == _DEFLATED:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            content = inflater.decompress(packed, record.size + 1)
        except zlib.error:
            raise _Refused("damaged-entry", f"{name} cannot be unpacked.", record.path) from None
        if len(content) > record.size or inflater.unused_data or inflater.unconsumed_tail:
            raise _Refused("size-mismatch", f"{name} is larger than the directory says.", record.path)
        if not inflater.eof and len(content) == record.size:
            raise _Refused("damaged-entry", f"{name} cannot be unpacked to its end.", record.path)
    if len(content) != record.size:
        raise _Refused("size-mismatch", f"{name} is smaller than the directory says.", record.path)
    if zlib.crc32(content) != record.crc:
        raise _Refused("damaged-entry", f"The check sum of {name} is wrong.", record.path)
    return content
