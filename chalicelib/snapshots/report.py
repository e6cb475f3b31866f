"""What snapshots tell their operators: a log line for each change with its because, and metrics."""

from collections.abc import Iterable

from chalicelib import telemetry
from chalicelib.errors import BadDefinition
from chalicelib.problem import Problem
from chalicelib.snapshots.copying import Copied
from chalicelib.snapshots.coverage import Status, Trouble
from chalicelib.snapshots.events import Noticed
from chalicelib.snapshots.job import Outcome
from chalicelib.snapshots.once import Came, Step
from chalicelib.snapshots.retiring import Retired
from chalicelib.snapshots.service import Cleared, Swept
from chalicelib.telemetry import logger


def swept(done: Swept, stack: str, *, is_dry_run: bool) -> None:
    """Report one sweep; raise what went wrong with a region, once all is reported."""
    for region, outcome in done.outcomes.items():
        _log_outcome(region, outcome, is_dry_run=is_dry_run)
    _log_copied(done.copied, is_dry_run=is_dry_run)
    telemetry.left_alone(done.problems)
    _log_troubles(done.troubles)
    rows = [row for some in done.rows.values() for row in some]
    begun = {volume.id for each in done.outcomes.values() for create in each.came.landed for volume in create.volumes}
    uncovered = [row for row in rows if row.is_at_risk and row.volume.id not in begun]
    for row in uncovered:
        extra = {"volume": row.volume.id, "policy": row.policy, "because": row.because}
        logger.warning("not covered", extra=extra)
    problems = [problem for outcome in done.outcomes.values() for problem in _problems(outcome)]
    problems += [problem for copied in done.copied for problem in copied.plan.problems]
    telemetry.count(
        stack,
        SnapshotsCreated=sum(len(create.volumes) for each in done.outcomes.values() for create in each.came.landed),
        SnapshotsCopied=sum(len(each.came.landed) for each in done.copied),
        CopiesLate=sum(copied.plan.late for copied in done.copied),
        SnapshotsInTrouble=len(done.troubles),
        SnapshotProblems=len(problems) + len(done.problems),
        VolumesSelected=sum(row.status is not Status.NO_POLICY for row in rows),
        VolumesUncovered=len(uncovered),
        GoodSnapshotSweeps=int(done.is_good),
    )
    telemetry.raise_first(done.errors)


def followed(noticed: Noticed, done: Swept, stack: str, *, is_dry_run: bool) -> dict[str, object]:
    """Report what was done after a batch of events; return Lambda's partial batch response."""
    for message, reason in noticed.unread.items():
        logger.error("message kept", extra={"message_id": message, "reason": reason})
    _log_copied(done.copied, is_dry_run=is_dry_run)
    _log_troubles(done.troubles)
    copied = sum(len(each.came.landed) for each in done.copied)
    telemetry.count(stack, SnapshotsCopied=copied, SnapshotsInTrouble=len(done.troubles))
    for where, error in done.errors.items():  # no reason to keep the messages: the sweep makes up for it in minutes
        logger.warning("region not dealt with", extra={"region": where, "reason": str(error)})
    return noticed.answer()


def cleared(done: Cleared, stack: str, *, is_dry_run: bool) -> None:
    """Report one retirement; raise what went wrong with a region, once all is reported."""
    for region, retired in done.retired.items():
        _log_retired(region, retired, is_dry_run=is_dry_run)
    watched = done.watched.values()
    for problem in (problem for each in watched for problem in (*each.exposed, *each.unencrypted, *each.unblocked)):
        logger.warning("exposed", extra={"subject": problem.subject, "reason": problem.reason})
    telemetry.left_alone(problem for each in watched for problem in each.strangers)
    telemetry.count(
        stack,
        SnapshotsRetired=sum(len(each.carried.landed) for each in done.retired.values()),
        SnapshotsOwned=sum(len(each.left) for each in done.retired.values()),
        SnapshotsExposed=sum(len(each.exposed) for each in watched),
        SnapshotsUnencrypted=sum(len(each.unencrypted) for each in watched),
        RegionsUnblocked=sum(len(each.unblocked) for each in watched),
        GoodRetirements=int(done.is_good),
    )
    unsafe = {
        f"{region}, policy {policy}": error
        for region, each in done.retired.items()
        for policy, error in each.unsafe.items()
    }
    telemetry.raise_first({**done.errors, **unsafe})


def refused(error: BadDefinition) -> None:
    """Report that the operator's policies are malformed, and that those before them are still in force."""
    logger.error("policies refused: those read before are in force", extra={"reason": str(error)})


def _log_outcome(region: str, outcome: Outcome, *, is_dry_run: bool) -> None:
    for create in outcome.plan.creates if is_dry_run else outcome.came.landed:
        said = "would snapshot" if is_dry_run else "snapshotted"
        about = {"subject": create.subject, "volumes": [volume.id for volume in create.volumes]}
        logger.info(said, extra={"region": region, **about, "because": create.because})
    _log_undone(outcome.came, region)
    for skip in outcome.plan.skips:
        logger.warning("not snapshotted", extra={"region": region, "volume": skip.volume, "because": skip.because})
    telemetry.left_alone(_problems(outcome))


def _log_copied(copied: Iterable[Copied], *, is_dry_run: bool) -> None:
    for each in copied:
        for copy in each.plan.copies if is_dry_run else each.came.landed:
            said = "would copy" if is_dry_run else "copied"
            logger.info(said, extra={"region": each.region, "snapshot": copy.source.id, "because": copy.because})
        _log_undone(each.came, each.region)
        telemetry.left_alone(each.plan.problems)


def _log_undone[S: Step](came: Came[S], region: str) -> None:
    for step, reason in came.refused:
        logger.error("refused", extra={"region": region, "subject": step.subject, "reason": reason})
    for step, reason in came.unclear:
        logger.error("unclear", extra={"region": region, "subject": step.subject, "reason": reason})
    for step, reason in came.postponed:
        logger.warning("postponed", extra={"region": region, "subject": step.subject, "reason": reason})


def _log_retired(region: str, retired: Retired, *, is_dry_run: bool) -> None:
    for delete in retired.safe_deletions if is_dry_run else retired.carried.landed:
        extra = {"region": region, "snapshot": delete.snapshot.id, "volume": delete.snapshot.volume}
        logger.info("would delete" if is_dry_run else "deleted", extra={**extra, "because": delete.because})
    for delete, reason in retired.carried.refused:
        logger.warning("not deleted", extra={"region": region, "snapshot": delete.snapshot.id, "reason": reason})
    for delete, reason in retired.carried.postponed:
        logger.warning("postponed", extra={"region": region, "snapshot": delete.snapshot.id, "reason": reason})


def _log_troubles(troubles: Iterable[Trouble]) -> None:
    for trouble in troubles:
        extra = {"snapshot": trouble.snapshot.id, "volume": trouble.snapshot.volume, "reason": trouble.reason}
        logger.error("in trouble", extra=extra)


def _problems(outcome: Outcome) -> list[Problem]:
    return [*outcome.plan.problems, *outcome.world.strangers, *outcome.problems]
