"""The plan: which instances are flagged, un-flagged and parked, by their verdicts and what their tags say."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from chalicelib.idle import marks
from chalicelib.idle.changes import Flag, Note, Park, Plan, Standing, Unflag
from chalicelib.idle.findings import Judgement
from chalicelib.idle.judging import busy_since
from chalicelib.idle.model import FLAG, NOTICED, WISH, Verdict
from chalicelib.idle.rules import Rules
from chalicelib.problem import Problem

LEFT = f"nothing, unless its people agree to parking by the tag {WISH}={marks.PARK}"
NOT_BY_US = "nothing: the stack does not stop idle instances (IdleParking or IdleFlags is 0)"
NOW = "it is stopped now"
UNLESS = "unless it is busy until then or somebody objects"
MOST_UNSEEN = 2  # days on which nobody looks before a notice counts no more; runs are daily


@dataclass(frozen=True, slots=True)
class Parking:
    """Whether the stack may stop instances now: ``denied`` and ``held`` say why not, and are empty where it may.

    What is denied is not to come, and notices of it are taken back; what is held comes later, and they stand.
    """

    denied: str = ""
    held: str = ""


MAY_PARK, MAY_NOT_PARK = Parking(), Parking(NOT_BY_US)


def plan(judgements: Iterable[Judgement], rules: Rules, now: datetime, parking: Parking) -> Plan:
    """Return what is to be done."""
    judgements = list(judgements)
    idle = {each.instance.id: each for each in judgements if each.verdict is Verdict.IDLE}
    standing = {id_: _standing(each, rules, now, parking) for id_, each in idle.items()}
    today = now.astimezone(UTC).date()
    return Plan(
        tuple(_flag(each, standing[id_]) for id_, each in idle.items() if marks.flag(each.instance, now) is None),
        tuple(unflag for each in judgements if (unflag := _unflag(each))),
        tuple(note for id_, each in idle.items() if (note := _note(each, standing[id_], today))),
        tuple(_park(each, standing[id_], today) for id_, each in idle.items() if standing[id_].is_due),
        standing,
        tuple(
            Problem(each.instance.id, fault)
            for each in judgements
            if (fault := marks.wish(each.instance, now.date()).fault)
        ),
    )


def _standing(judgement: Judgement, rules: Rules, now: datetime, parking: Parking) -> Standing:
    assert judgement.idle_since  # noqa: S101  whatever is idle is so since a day
    flag = marks.flag(judgement.instance, now)
    if flag is None:
        flag = marks.Flag(now, rules.preset.name, judgement.idle_since, judgement.because)
    notice = marks.notice(judgement.instance, flag, now)
    if parking.denied:
        return Standing(flag, notice, parking.denied)
    if not marks.wish(judgement.instance, now.date()).parks:
        return Standing(flag, notice, LEFT)
    if judgement.cannot_park:
        return Standing(flag, notice, f"it is not stopped: {judgement.cannot_park}")
    if busy := busy_since(judgement, rules.preset, flag.at.date()):
        said = f"it is not stopped, since it was busy on {busy.day}, after it had been flagged"
        return Standing(flag, notice, said)
    return _to_be_stopped(flag, notice, rules, now, judgement.unknown or parking.held)


def _to_be_stopped(flag: marks.Flag, notice: marks.Notice | None, rules: Rules, now: datetime, held: str) -> Standing:
    """Return when an idle instance is stopped whose people agree to that: its owner must have been told of the day.

    That day comes no earlier than was said, whatever has become of the rules, and later where they want that.
    """
    today, grace = now.astimezone(UTC).date(), timedelta(days=rules.grace)
    if notice and not _holds(notice, rules, today):
        notice = notice.of_flag_alone
    if notice is None or notice.stop is None:
        stop = today + grace
        return Standing(flag, notice, f"it is stopped on {stop} if its owner is told today, {UNLESS}", stop)
    stop = max(notice.stop, notice.at.date() + grace)
    if stop > today:
        return Standing(flag, notice, f"it is stopped on {stop}, {UNLESS}", stop)
    if held:
        return Standing(flag, notice, f"it is not stopped now: {held}", stop, held=held)
    return Standing(flag, notice, NOW, stop, is_due=True)


def _holds(notice: marks.Notice, rules: Rules, today: date) -> bool:
    """Say whether no day is unseen since the notice: where nobody looked, an instance may have been busy meanwhile."""
    unseen = timedelta(days=min(MOST_UNSEEN, rules.preset.days))
    return notice.idle_on is not None and today - unseen <= notice.idle_on <= today


def _flag(judgement: Judgement, standing: Standing) -> Flag:
    return Flag(judgement.instance, standing.flag.value(judgement.instance.id), judgement.because)


def _unflag(judgement: Judgement) -> Unflag | None:
    """Return what takes a flag away that is not true; where data are missing, nothing speaks against it."""
    instance = judgement.instance
    if judgement.verdict in (Verdict.IDLE, Verdict.INSUFFICIENT_DATA) or not {FLAG, NOTICED} & instance.tags.keys():
        return None
    return Unflag(instance, f"it is {judgement.verdict}: {judgement.because}")


def _note(judgement: Judgement, standing: Standing, today: date) -> Note | None:
    """Return what keeps a notice of a stop true: that it was idle today; or takes it back where no such stop comes.

    Where the stop is due now, that is for those who look again before it.
    """
    if standing.notice is None or standing.is_due:
        return None
    holds = standing.stop and standing.notice.stop
    wanted = replace(standing.notice, idle_on=today, is_stopping=False) if holds else standing.notice.of_flag_alone
    written = judgement.instance.tags.get(NOTICED)
    return None if written == wanted.value else Note(judgement.instance, wanted.value)


def _park(judgement: Judgement, standing: Standing, today: date) -> Park:
    assert standing.notice  # noqa: S101  nothing is stopped without one
    told = f"its owner was told on {standing.notice.at:%Y-%m-%d}, and the days of grace are over"
    notice = replace(standing.notice, idle_on=today)
    return Park(judgement.instance, notice, f"it has been idle since {standing.flag.since}, {told}")
