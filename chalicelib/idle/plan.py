"""The plan: which instances are flagged, un-flagged and parked, by their verdicts and what their tags say."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from chalicelib.idle import marks
from chalicelib.idle.changes import Flag, Park, Plan, Standing, Unflag
from chalicelib.idle.findings import Judgement
from chalicelib.idle.judging import busy_since
from chalicelib.idle.model import FLAG, NOTICED, WISH, Verdict
from chalicelib.idle.rules import Rules
from chalicelib.problem import Problem

LEFT = f"nothing, unless its people agree to parking by the tag {WISH}={marks.PARK}"
NOT_BY_US = "nothing: the stack does not stop idle instances (IdleParking or IdleFlags is 0)"
NOW = "it is stopped now"
UNLESS = "unless it is busy until then or somebody objects"


def plan(judgements: Iterable[Judgement], rules: Rules, now: datetime, *, parking: bool) -> Plan:
    """Return what is to be done; ``parking`` says whether the stack may stop instances at all."""
    judgements = list(judgements)
    idle = {each.instance.id: each for each in judgements if each.verdict is Verdict.IDLE}
    standing = {id_: _standing(each, rules, now, parking=parking) for id_, each in idle.items()}
    return Plan(
        tuple(_flag(each, standing[id_]) for id_, each in idle.items() if marks.flag(each.instance, now) is None),
        tuple(unflag for each in judgements if (unflag := _unflag(each))),
        tuple(_park(each, standing[id_]) for id_, each in idle.items() if standing[id_].is_due),
        standing,
        tuple(
            Problem(each.instance.id, fault)
            for each in judgements
            if (fault := marks.wish(each.instance, now.date()).fault)
        ),
    )


def _standing(judgement: Judgement, rules: Rules, now: datetime, *, parking: bool) -> Standing:
    assert judgement.idle_since  # noqa: S101  whatever is idle is so since a day
    flag = marks.flag(judgement.instance, now)
    if flag is None:
        flag = marks.Flag(now, rules.preset.name, judgement.idle_since, judgement.because)
    notice = marks.notice(judgement.instance, flag, now)
    if not parking:
        return Standing(flag, notice, NOT_BY_US)
    if not marks.wish(judgement.instance, now.date()).parks:
        return Standing(flag, notice, LEFT)
    if judgement.cannot_park:
        return Standing(flag, notice, f"it is not stopped: {judgement.cannot_park}")
    if busy := busy_since(judgement, rules.preset, flag.at.date()):
        said = f"it is not stopped, since it was busy on {busy.day}, after it had been flagged"
        return Standing(flag, notice, said)
    return _to_be_stopped(flag, notice, rules, now)


def _to_be_stopped(flag: marks.Flag, notice: marks.Notice | None, rules: Rules, now: datetime) -> Standing:
    """Return when an idle instance is stopped whose people agree to that: its owner must have been told of the stop."""
    grace = timedelta(days=rules.grace)
    if notice is None or not notice.announces_stop:
        said = f"it is stopped on {now + grace:%Y-%m-%d} if its owner is told today, {UNLESS}"
        return Standing(flag, notice, said, announces_stop=True)
    if (due := notice.at + grace) <= now:
        return Standing(flag, notice, NOW, announces_stop=True, is_due=True)
    return Standing(flag, notice, f"it is stopped on {due:%Y-%m-%d}, {UNLESS}", announces_stop=True)


def _flag(judgement: Judgement, standing: Standing) -> Flag:
    return Flag(judgement.instance, standing.flag.value(judgement.instance.id), judgement.because)


def _unflag(judgement: Judgement) -> Unflag | None:
    """Return what takes a flag away that is not true; where data are missing, nothing speaks against it."""
    instance = judgement.instance
    if judgement.verdict in (Verdict.IDLE, Verdict.INSUFFICIENT_DATA) or not {FLAG, NOTICED} & instance.tags.keys():
        return None
    return Unflag(instance, f"it is {judgement.verdict}: {judgement.because}")


def _park(judgement: Judgement, standing: Standing) -> Park:
    assert standing.notice  # noqa: S101  nothing is stopped without one
    told = f"its owner was told on {standing.notice.at:%Y-%m-%d}, and the days of grace are over"
    return Park(judgement.instance, f"it has been idle since {standing.flag.since}, {told}")
