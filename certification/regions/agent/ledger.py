"""What one region remembers: accepted operations, and every deployment that became effective.

SQLite in WAL mode with `synchronous=FULL`: what was answered is on disk. The `effective` table is append-only
(by triggers) and is the region's truth in every dispute; the fence and the one-effect-per-key rule are
constraints.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from certification.regions.protocol import Action, CurrentVersion, Operation, OperationState

_TABLES = """
CREATE TABLE IF NOT EXISTS operations (
    key TEXT PRIMARY KEY, connector TEXT NOT NULL, number INTEGER NOT NULL, action TEXT NOT NULL,
    version TEXT NOT NULL, digest TEXT NOT NULL, state TEXT NOT NULL, message TEXT NOT NULL,
    updated_at TEXT NOT NULL, due_at REAL NOT NULL, UNIQUE (connector, number)
) STRICT;
CREATE INDEX IF NOT EXISTS operations_unfinished ON operations (state) WHERE state IN ('accepted', 'running');
CREATE TABLE IF NOT EXISTS effective (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, connector TEXT NOT NULL,
    number INTEGER NOT NULL, action TEXT NOT NULL, version TEXT NOT NULL, digest TEXT NOT NULL,
    effective_at TEXT NOT NULL, UNIQUE (connector, number)
) STRICT;
CREATE TRIGGER IF NOT EXISTS effective_never_changes BEFORE UPDATE ON effective
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER IF NOT EXISTS effective_never_forgets BEFORE DELETE ON effective
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TABLE IF NOT EXISTS outgoing_batches (
    batch_id TEXT PRIMARY KEY, body TEXT NOT NULL, created_at REAL NOT NULL, refused TEXT NOT NULL DEFAULT ''
) STRICT;
"""

MAX_SPOOLED_BATCHES = 20_000
REMOVE = Action.REMOVE.value


class LedgerConflict(Exception):
    """A command the ledger refuses; `code` is the problem code of the protocol."""

    def __init__(self, code: str, detail: str) -> None:
        self.code = code
        super().__init__(detail)


@dataclass(frozen=True, slots=True)
class Accepted:
    """An operation with what the agent needs to carry it out; `due_at` is in seconds since the epoch."""

    key: str
    connector: str
    number: int
    action: str
    version: str
    digest: str
    state: OperationState
    message: str
    updated_at: str
    due_at: float

    @property
    def operation(self) -> Operation:
        moment = datetime.fromisoformat(self.updated_at)
        return Operation(self.key, self.state, self.digest, self.number, self.message, moment)


def _now() -> str:
    return datetime.now(UTC).isoformat()


class Ledger:
    """Thread-safe; every method is one short transaction."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
        self._database.row_factory = sqlite3.Row
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.executescript(_TABLES)

    def close(self) -> None:
        with self._lock:
            self._database.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    def _rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        with self._lock:
            return self._database.execute(query, values).fetchall()

    def accept(
        self, key: str, request: dict[str, object], *, is_held: bool, due_at: float, untrusted: str = ""
    ) -> tuple[Accepted, bool]:
        """Record a command; returns it and whether it is new. Raises LedgerConflict.

        The checks come in an order that lets a repetition of an accepted command always succeed: key, then
        fence, then trust in the package, then possession of it. `untrusted` says why the package has no
        valid certificate; a rollback to what has been in effect here needs none: trouble can always be ended.
        """
        connector, number = str(request["connector"]), request["deployment_number"]
        content = (connector, number, request["action"], request["version"], request["digest"])
        with self._transaction() as database:
            known = database.execute("SELECT * FROM operations WHERE key = ?", (key,)).fetchone()
            if known is not None:
                before = tuple(known[name] for name in ("connector", "number", "action", "version", "digest"))
                if before != content:
                    raise LedgerConflict("idempotency-conflict", "This key was used for another command.")
                return _accepted(known), False
            newest = _newest_number(database, connector)
            if not isinstance(number, int) or number <= newest:
                detail = f"Deployment {number} is not above {newest}, the newest accepted for {connector}."
                raise LedgerConflict("stale-deployment", detail)
            if untrusted and not _may_go_untrusted(database, request):
                raise LedgerConflict("certificate-required", untrusted)
            if not is_held and request["action"] != REMOVE:
                raise LedgerConflict("package-required", "Send the package first: PUT packages/{digest}.")
            database.execute(
                "INSERT INTO operations VALUES (?, ?, ?, ?, ?, ?, 'accepted', '', ?, ?)",
                (key, *content, _now(), due_at),
            )
            row = database.execute("SELECT * FROM operations WHERE key = ?", (key,)).fetchone()
        return _accepted(row), True

    def start(self, key: str) -> None:
        with self._transaction() as database:
            database.execute(
                "UPDATE operations SET state='running', updated_at=? WHERE key=? AND state='accepted'",
                (_now(), key),
            )

    def fail(self, key: str, message: str) -> None:
        with self._transaction() as database:
            _end(database, key, OperationState.FAILED, message)

    def make_effective(self, key: str) -> Accepted:
        """Finish an operation: one row in the ledger, unless a newer command overtook it (then it fails)."""
        with self._transaction() as database:
            row = database.execute("SELECT * FROM operations WHERE key = ?", (key,)).fetchone()
            if row["state"] in ("accepted", "running"):
                newest = _newest_number(database, row["connector"])
                if newest > row["number"]:
                    _end(database, key, OperationState.FAILED, f"Overtaken by deployment {newest}.")
                else:
                    _append(database, row)
                    _end(database, key, OperationState.SUCCEEDED, "")
            row = database.execute("SELECT * FROM operations WHERE key = ?", (key,)).fetchone()
        return _accepted(row)

    def find(self, key: str) -> Accepted | None:
        rows = self._rows("SELECT * FROM operations WHERE key = ?", key)
        return _accepted(rows[0]) if rows else None

    def unfinished(self) -> list[Accepted]:
        rows = self._rows("SELECT * FROM operations WHERE state IN ('accepted', 'running') ORDER BY due_at")
        return [_accepted(row) for row in rows]

    def current(self, connector: str) -> CurrentVersion | None:
        query = "SELECT * FROM effective WHERE connector = ? ORDER BY number DESC LIMIT 1"
        rows = self._rows(query, connector)
        return _current(rows[0]) if rows and rows[0]["action"] != REMOVE else None

    def deployed(self) -> list[CurrentVersion]:
        """The current version of every connector in the region."""
        query = """SELECT * FROM effective AS one WHERE number =
                   (SELECT max(number) FROM effective WHERE connector = one.connector) ORDER BY connector"""
        return [_current(row) for row in self._rows(query) if row["action"] != REMOVE]

    def history(self) -> list[dict[str, object]]:
        """Every effective deployment, in the order in which they took effect."""
        return [dict(row) for row in self._rows("SELECT * FROM effective ORDER BY seq")]

    def spool(self, batch_id: str, body: str) -> None:
        """Keep a telemetry batch until the portal confirms it; the oldest make room beyond the limit."""
        with self._transaction() as database:
            database.execute(
                "INSERT INTO outgoing_batches (batch_id, body, created_at) VALUES (?, ?, ?)",
                (batch_id, body, time.time()),
            )
            database.execute(
                """DELETE FROM outgoing_batches WHERE rowid NOT IN
                   (SELECT rowid FROM outgoing_batches ORDER BY rowid DESC LIMIT ?)""",
                (MAX_SPOOLED_BATCHES,),
            )

    def oldest_batch(self) -> tuple[str, str] | None:
        query = "SELECT batch_id, body FROM outgoing_batches WHERE refused = '' ORDER BY rowid LIMIT 1"
        rows = self._rows(query)
        return (rows[0]["batch_id"], rows[0]["body"]) if rows else None

    def confirm_batch(self, batch_id: str) -> None:
        with self._transaction() as database:
            database.execute("DELETE FROM outgoing_batches WHERE batch_id = ?", (batch_id,))

    def park_batch(self, batch_id: str, reason: str) -> None:
        """Set aside a batch that the portal will never take, so that it does not block the others."""
        with self._transaction() as database:
            database.execute("UPDATE outgoing_batches SET refused = ? WHERE batch_id = ?", (reason, batch_id))


def _newest_number(database: sqlite3.Connection, connector: str) -> int:
    query = "SELECT coalesce(max(number), 0) FROM operations WHERE connector = ?"
    return int(database.execute(query, (connector,)).fetchone()[0])


def _may_go_untrusted(database: sqlite3.Connection, request: dict[str, object]) -> bool:
    if request["action"] != Action.ROLLBACK.value:
        return request["action"] == REMOVE
    query = "SELECT 1 FROM effective WHERE connector = ? AND digest = ? AND action <> ?"
    values = (request["connector"], request["digest"], REMOVE)
    return database.execute(query, values).fetchone() is not None


def _append(database: sqlite3.Connection, row: sqlite3.Row) -> None:
    database.execute(
        """INSERT INTO effective (key, connector, number, action, version, digest, effective_at)
           VALUES (?, ?, ?, ?, ?, ?, ?)""",
        (*(row[name] for name in ("key", "connector", "number", "action", "version", "digest")), _now()),
    )


def _end(database: sqlite3.Connection, key: str, state: OperationState, message: str) -> None:
    database.execute(
        """UPDATE operations SET state = ?, message = ?, updated_at = ?
           WHERE key = ? AND state IN ('accepted', 'running')""",
        (state.value, message, _now(), key),
    )


def _accepted(row: sqlite3.Row) -> Accepted:
    values = {name: row[name] for name in row.keys()}  # noqa: SIM118 - iterating a Row gives values
    return Accepted(**{**values, "state": OperationState(values["state"])})


def _current(row: sqlite3.Row) -> CurrentVersion:
    return CurrentVersion(
        connector=row["connector"],
        version=row["version"],
        digest=row["digest"],
        deployment_number=row["number"],
        deployed_at=datetime.fromisoformat(row["effective_at"]),
    )
