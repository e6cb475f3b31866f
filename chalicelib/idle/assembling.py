"""The report is made of what each region's run has seen: verdicts get prices, owners, and what happens next."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime

from chalicelib.economics.prices import HOURS_A_MONTH, RegionPrices
from chalicelib.economics.quotes import Quote
from chalicelib.errors import GroundskeeperError
from chalicelib.idle.changes import Standing
from chalicelib.idle.findings import NOBODY, Finding, Judgement, Report, Stopped, Suggestion
from chalicelib.idle.job import Outcome
from chalicelib.idle.model import Instance, Verdict
from chalicelib.idle.money import ASSUMPTION, hourly, waste
from chalicelib.idle.plan import UNLESS
from chalicelib.idle.rules import Rules
from chalicelib.problem import Problem

HOURS_A_WEEK = 168


def report(
    outcomes: Mapping[str, Outcome],
    errors: Mapping[str, GroundskeeperError],
    quotes: Mapping[str, Quote],
    rules: Rules,
    account: str,
    at: datetime,
) -> Report:
    """Return the report on what was found."""
    return Report(
        at,
        account,
        rules,
        tuple(
            finding(region, judgement, outcome, quotes[region].prices, rules, at)
            for region, outcome in outcomes.items()
            for judgement in outcome.judgements
        ),
        {region: str(error) for region, error in errors.items()},
        tuple(
            Stopped(region, _owner(instance, rules), instance, notice.idle_on)
            for region, outcome in outcomes.items()
            for instance, notice in outcome.stopped
            if notice.idle_on
        ),
        (*(problem for outcome in outcomes.values() for problem in outcome.problems), *_unused(quotes)),
        {region: quote.prices.origin for region, quote in quotes.items()},
        ASSUMPTION,
    )


def _unused(quotes: Mapping[str, Quote]) -> tuple[Problem, ...]:
    """Return why AWS's Price List, where it should have been used, was not; each reason once."""
    reasons = dict.fromkeys(quote.unused for quote in quotes.values() if quote.unused)
    return tuple(Problem("prices", f"AWS's Price List was not used: {reason}") for reason in reasons)


def finding(
    region: str, judgement: Judgement, outcome: Outcome, prices: RegionPrices, rules: Rules, at: datetime
) -> Finding:
    """Return what the report says of one instance."""
    instance = judgement.instance
    owner = _owner(instance, rules)
    suggestion = outcome.suggestions.get(instance.id)
    if judgement.verdict is not Verdict.IDLE:
        return Finding(region, owner, judgement, suggestion=suggestion and priced(suggestion, instance, prices))
    standing = outcome.plan.standing[instance.id]
    judgement = replace(judgement, idle_since=_since(judgement, standing, rules))
    volumes = [outcome.volumes[id_] for id_ in instance.volumes if id_ in outcome.volumes]
    return Finding(
        region,
        owner,
        judgement,
        waste(judgement, volumes, prices, at),
        None if instance.id in outcome.lacking else standing.flag.at.date(),
        standing.notice.at.date() if standing.notice and not standing.is_news else None,
        next_step(instance.id, standing, outcome),
    )


def _owner(instance: Instance, rules: Rules) -> str:
    return instance.tags.get(rules.owner_tag, "").strip() or NOBODY


def _since(judgement: Judgement, standing: Standing, rules: Rules) -> date | None:
    """Return since when it is idle: the window ends, but a flag remembers, where its preset lets no busy day pass."""
    preset = rules.preset
    if judgement.idle_since is None or preset.idle_days or standing.flag.preset != preset.name:
        return judgement.idle_since
    return min(judgement.idle_since, max(standing.flag.since, judgement.instance.since.astimezone(UTC).date()))


def next_step(id_: str, standing: Standing, outcome: Outcome) -> str:
    """Return what happens to an idle instance if nobody objects, or what has happened now."""
    if not (standing.is_due and outcome.carried_out):
        return standing.next_step
    if any(each.instance.id == id_ for each in outcome.parked.landed):
        return "it was stopped now"
    if outcome.unsafe:
        return f"it was not stopped: {outcome.unsafe}"
    for each, reason in outcome.parked.postponed:
        if each.instance.id == id_:
            return f"it was not stopped yet, and is by the next run, {UNLESS}: {reason}"
    for each, reason in outcome.parked.refused:
        if each.instance.id == id_:
            return f"it was not stopped: {reason}"
    return "it was not stopped: it had changed when it was looked at again"


def priced(suggestion: Suggestion, instance: Instance, prices: RegionPrices) -> Suggestion:
    """Return a suggestion with what it would save a month: the hours that the instance is off."""
    hour = hourly(instance, prices)
    off = suggestion.off_hours_a_week / HOURS_A_WEEK * HOURS_A_MONTH
    return suggestion if hour is None else replace(suggestion, net=hour * off)
