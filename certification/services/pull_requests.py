"""Pull requests of bound repositories: seeing them, and checking what they do to the connectors they touch.

Nothing is called inside a transaction. Whatever is stored about a commit is replaced by the next one.
"""

from __future__ import annotations

from collections.abc import Iterable

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from certification.forges import Forge, ForgeError, ForgeMissing, Proposal, RateLimited
from certification.models import ForgeConnection, PullRequest, PullRequestAnswer, PullRequestCheck
from certification.queries.review_mirrors import active_mirrors
from certification.services.forges import connection_of, note_error, note_pause, open_forge
from certification.services.pull_request_rows import Judged, judge
from connectors import policies
from connectors.models import Repository, RepositoryBinding
from connectors.repositories import Comparison, RepositoryError, compare, proposals, pull_number
from connectors.repository_words import told
from connectors.services.repository_fetching import limits, place_of
from portal.accounts.models import User
from portal.shared import audit, outbox
from portal.shared.policy import require

log = structlog.get_logger(__name__)

MOST_AT_ONCE = 50
"""Refs of a plain Git server that are looked at in one turn; the rest has its turn after them."""
_BRANCHES = "refs/heads/"


def look(repository_id: str, number: int = 0) -> None:
    """See which pull requests there are, by asking the forge, or by the refs of a server that is only Git.

    With `number` only that one, where the forge can be asked. A failure is noted for the page and looked at
    again in the next turn. Raises `outbox.Retry` when the forge asks for patience.
    """
    repository = Repository.objects.filter(pk=repository_id).first()
    branches = _followed(repository) if repository else []
    if repository is None or not branches:
        return
    connection = connection_of(repository)
    try:
        if connection.kind == ForgeConnection.Kind.GIT:
            _look_at_refs(repository, connection, branches)
        else:
            _look_at_forge(repository, open_forge(connection), branches, number)
            _have_comments_read(repository, number)
    except RateLimited as limit:
        raise note_pause(connection, limit) from None
    except (ForgeError, RepositoryError) as error:
        log.warning("pull_requests_failed", repository=str(repository.pk), kind=type(error).__name__)
        note_error(connection, told(error) if isinstance(error, RepositoryError) else error.message)
        return
    note_error(connection, "")


def _followed(repository: Repository) -> list[str]:
    return sorted(set(repository.bindings.values_list("branch", flat=True)))


def _look_at_forge(repository: Repository, forge: Forge, branches: list[str], number: int) -> None:
    if number:
        _take_in(repository, forge.proposal(number), branches)
        return
    seen = set()
    for branch in branches:
        for proposal in forge.open_proposals(branch):
            seen.add(proposal.number)
            _take_in(repository, proposal, branches)
    known = repository.pull_requests.filter(state=PullRequest.State.OPEN, number__isnull=False)
    for gone in known.exclude(number__in=seen)[:MOST_AT_ONCE]:
        assert gone.number is not None, "asked for above"
        try:
            _take_in(repository, forge.proposal(gone.number), branches)
        except ForgeMissing:
            _close([gone], PullRequest.State.CLOSED)


def _have_comments_read(repository: Repository, number: int) -> None:
    """Where reviewers' threads are told there: a webhook that was lost is made good at the next turn."""
    with transaction.atomic():
        for mirror in active_mirrors().filter(pull_request__repository=repository):
            if number in {0, mirror.pull_request.number}:
                outbox.emit("reviewmirror.sync", id=str(mirror.pk))


def _take_in(repository: Repository, proposal: Proposal, branches: list[str]) -> None:
    """Note how it stands now, and have a commit that was not checked yet checked."""
    known = repository.pull_requests.filter(number=proposal.number)
    _close(known.filter(state="open").exclude(base=proposal.base), PullRequest.State.CLOSED)
    if proposal.base not in branches:
        return
    if proposal.state != "open":
        found = known.filter(base=proposal.base, state="open")
        _close(found, PullRequest.State(proposal.state), merged_sha=proposal.merged_sha)
        return
    now_known = {
        "number": proposal.number,
        "title": proposal.title,
        "author": proposal.author,
        "head_label": proposal.head_label,
        "url": proposal.url,
    }
    _note_open(repository, proposal.ref, proposal.base, proposal.head_sha, **now_known)


def _note_open(repository: Repository, ref: str, base: str, head: str, **about: object) -> None:
    with transaction.atomic():
        pull, is_new = PullRequest.objects.select_for_update().get_or_create(
            repository=repository, ref=ref, base=base, defaults={**about, "head_sha": head}
        )
        changed = {"state": "open", "closed_at": None, **about}
        if pull.head_sha != head or pull.state != PullRequest.State.OPEN:
            changed |= {"head_sha": head, "seen_at": timezone.now()}
        if not is_new:
            PullRequest.objects.filter(pk=pull.pk).update(**changed)
        if is_new or pull.head_sha != head:
            _have_checked(pull)
        elif pull.checked_sha != head:
            outbox.emit("pullrequest.check", id=str(pull.pk))


def _have_checked(pull: PullRequest) -> None:
    """Inside a transaction. It is said that the check has begun before anything is fetched."""
    outbox.emit("pullrequest.post", id=str(pull.pk))
    outbox.emit("pullrequest.check", id=str(pull.pk))


def _close(pulls: Iterable[PullRequest], state: PullRequest.State, merged_sha: str = "") -> None:
    keys = [pull.pk for pull in pulls]
    PullRequest.objects.filter(pk__in=keys, state=PullRequest.State.OPEN).update(
        state=state, merged_sha=merged_sha, closed_at=timezone.now()
    )


def _look_at_refs(repository: Repository, connection: ForgeConnection, branches: list[str]) -> None:
    """What there is at the first look is taken as given: only what comes or moves later is a proposal."""
    refs = proposals(place_of(repository))
    followed = {f"{_BRANCHES}{name}" for name in branches}
    before: dict[str, str] = connection.refs
    others = [ref for ref in refs if ref not in followed]
    moved = [ref for ref in others if before.get(ref) != refs[ref]] if before else []
    for ref in moved[:MOST_AT_ONCE]:
        for branch in branches:
            _note_open(repository, ref, branch, refs[ref], **_named_after(ref))
    left = set(moved[MOST_AT_ONCE:])
    _follow_known(repository, refs, {ref for ref in followed if before.get(ref) != refs.get(ref)})
    kept = {ref: sha for ref, sha in refs.items() if ref not in left}
    kept |= {ref: before[ref] for ref in left if ref in before}
    ForgeConnection.objects.filter(pk=connection.pk).update(refs=kept)


def _named_after(ref: str) -> dict[str, object]:
    return {"number": pull_number(ref) or None, "head_label": ref.removeprefix(_BRANCHES)[:200]}


def _follow_known(repository: Repository, refs: dict[str, str], moved_bases: set[str]) -> None:
    """Close what has gone; look again at what a branch that moved may have taken in."""
    opened = list(repository.pull_requests.filter(state=PullRequest.State.OPEN))
    _close([pull for pull in opened if pull.ref not in refs], PullRequest.State.CLOSED)
    again = [
        pull
        for pull in opened
        if pull.ref in refs and (f"{_BRANCHES}{pull.base}" in moved_bases or not pull.is_checked)
    ]
    with transaction.atomic():
        for pull in again[:MOST_AT_ONCE]:
            outbox.emit("pullrequest.check", id=str(pull.pk))


def check_again(check: PullRequestCheck, *, actor: User) -> None:
    """Check the newest commit once more, under the rules as they are now."""
    require(policies.can_bind_repository, actor, check.binding.connector)
    pull, connector = check.pull_request, check.binding.connector
    with transaction.atomic():
        PullRequest.objects.filter(pk=pull.pk).update(checked_sha="")
        audit.record(
            "pullrequest.check_again", connector, actor=actor, data={"pull_request": pull.label[:80]}
        )
        _have_checked(pull)


def run_again(repository: Repository, head_sha: str) -> int:
    """Check a commit once more because its server asks for it ("Re-run"); how many pull requests it is the
    head of. One that is being checked already is left to that.

    The server has taken back what was answered, so all is posted anew, also when nothing has changed.
    """
    with transaction.atomic():
        opened = repository.pull_requests.select_for_update().filter(state="open", head_sha=head_sha)
        pulls = [pull for pull in opened if pull.is_checked or pull.problem]
        keys = [pull.pk for pull in pulls]
        PullRequest.objects.filter(pk__in=keys).update(checked_sha="", problem="")
        PullRequestAnswer.objects.filter(pull_request__in=keys, head_sha=head_sha).update(
            digest="", reruns=F("reruns") + 1
        )
        for pull in pulls:
            _have_checked(pull)
    return len(pulls)


def check(pull_request_id: str) -> None:
    """Fetch the head and where it left its base, judge every bound folder that it touches, and store that.

    Bears being run twice, at once and after a crash anywhere. Raises OSError when the rules could not be
    started, which is worth another attempt.
    """
    pull = PullRequest.objects.select_related("repository").filter(pk=pull_request_id).first()
    if pull is None or pull.state != PullRequest.State.OPEN:
        return
    bindings = {
        binding.folder: binding
        for binding in pull.repository.bindings.filter(branch=pull.base).select_related(
            "connector__publisher"
        )
    }
    try:
        found = compare(
            place_of(pull.repository),
            ref=pull.ref,
            branch=pull.base,
            folders=list(bindings),
            most_bytes=settings.MAX_UPLOAD_BYTES,
            limits=limits(),
        )
    except RepositoryError as error:
        PullRequest.objects.filter(pk=pull.pk).update(problem=told(error)[:300])
        return
    if found.is_merged and pull.repository.forge.kind == ForgeConnection.Kind.GIT:
        _settle_merged(pull)
    elif found.head != pull.checked_sha or found.merge_base != pull.merge_base:
        judged = {
            binding: judge(binding, *found.folders[folder])
            for folder, binding in bindings.items()
            if folder in found.folders
        }
        _record(pull, found, judged)


def _settle_merged(pull: PullRequest) -> None:
    """A server that knows only Git tells a merge by its branch. A ref that never went anywhere is no row."""
    if pull.checks.exists():
        _close([pull], PullRequest.State.MERGED, merged_sha=pull.head_sha)
    else:
        pull.delete()


def _record(pull: PullRequest, found: Comparison, judged: dict[RepositoryBinding, Judged]) -> None:
    with transaction.atomic():
        row = PullRequest.objects.select_for_update().filter(pk=pull.pk).first()
        if row is None or row.head_sha not in {pull.head_sha, found.head}:
            # A newer commit was seen meanwhile: its own job is under way.
            return
        row.checks.exclude(binding__in=judged).delete()
        is_only_git = row.repository.forge.kind == ForgeConnection.Kind.GIT
        if is_only_git and not judged:
            row.delete()
            return
        for binding, outcome in judged.items():
            PullRequestCheck.objects.update_or_create(
                pull_request=row,
                binding=binding,
                defaults={"head_sha": found.head, "checked_at": timezone.now(), **outcome.columns()},
            )
        row.head_sha = row.checked_sha = found.head
        row.merge_base, row.problem = found.merge_base, ""
        if is_only_git:
            row.title, row.author = found.commit["summary"], found.commit["author"]
        row.save()
        outbox.emit("pullrequest.post", id=str(row.pk))
        if any(binding.mirrors_threads for binding in judged):
            outbox.emit("pullrequest.mirror", id=str(row.pk))
