"""The verdict on one instance: by what it is, how old it is, and what CloudWatch has of its days."""

from collections.abc import Iterable
from datetime import UTC, date, timedelta

from chalicelib.definition.forms import shown
from chalicelib.idle import marks
from chalicelib.idle.findings import Judgement
from chalicelib.idle.model import SAMPLES_A_DAY, Day, Instance, Usage, Verdict, Window
from chalicelib.idle.rules import MB, Limit, Preset, Rules

# Tags that AWS's services put on the instances that they start for others, and by which those are known.
MEMBERS = {
    "aws:autoscaling:groupName": "an Auto Scaling group",
    "aws:ec2:fleet-id": "an EC2 Fleet",
    "aws:ec2spot:fleet-request-id": "a Spot Fleet",
    "aws:eks:cluster-name": "an EKS cluster",
    "eks:cluster-name": "an EKS cluster",
    "AmazonECSManaged": "an ECS cluster",
    "aws:ecs:clusterName": "an ECS cluster",
    "AWSBatchServiceTag": "AWS Batch",
    "aws:elasticmapreduce:job-flow-id": "an EMR cluster",
    "parallelcluster:cluster-name": "a ParallelCluster",
    "AWSElasticDisasterRecoveryManaged": "AWS Elastic Disaster Recovery",
    "AWSApplicationMigrationServiceManaged": "AWS Application Migration Service",
    "AWSRDSCustom": "RDS Custom",
}
MEMBER_PREFIXES = {"kubernetes.io/cluster/": "a Kubernetes cluster"}


def exemption(instance: Instance, rules: Rules, today: date) -> str:
    """Return why an instance is not to be judged; empty where it is."""
    return (
        marks.wish(instance, today).kept
        or not_to_be_stopped(instance)
        or next((f"it has the tag {shown(key)}" for key in sorted(rules.exempt_tags) if key in instance.tags), "")
    )


def not_to_be_stopped(instance: Instance) -> str:
    """Return why nobody should stop an instance, idle or not: it cannot be, or others start another one for it."""
    return (
        _membership(instance)
        or (f"{instance.operator} operates it" if instance.operator else "")
        or ("it is a spot instance" if instance.lifecycle == "spot" else "")
        or (f"it is of a {instance.lifecycle} purchase" if instance.lifecycle else "")
        or ("it is on a dedicated host, which is paid for as a whole" if instance.tenancy == "host" else "")
        or ("its root is an instance store, so it cannot be stopped" if instance.root != "ebs" else "")
    )


def _membership(instance: Instance) -> str:
    for key in instance.tags:
        of = MEMBERS.get(key) or next((of for start, of in MEMBER_PREFIXES.items() if key.startswith(start)), None)
        if of:
            return f"it belongs to {of}, by its tag {shown(key)}"
    return ""


def excuse(instance: Instance, rules: Rules, window: Window) -> Judgement | None:
    """Return the verdict on an instance that needs no look at its metrics; None where it does."""
    if why := exemption(instance, rules, window.today):
        return Judgement(instance, Verdict.EXEMPT, why)
    age = window.now - instance.since
    if age < timedelta(days=rules.youngest):
        because = f"it is {_days(age)} old, and is judged from {rules.youngest} days on"
        return Judgement(instance, Verdict.TOO_YOUNG, because)
    return None


def judge(instance: Instance, usage: Usage, window: Window, rules: Rules) -> Judgement:
    """Return the verdict by an instance's days; that it is busy needs no coverage, that it is idle does."""
    return _Judge(instance, usage, window, rules).verdict()


def busy_since(judgement: Judgement, preset: Preset, since: date) -> Day | None:
    """Return a day since then, that day and today included, on which an instance was not idle."""
    return next((day for day in judgement.usage if day.day >= since and is_busy(day, preset)), None)


def is_busy(day: Day, preset: Preset) -> bool:
    """Say whether a day is beyond a limit, as far as is known."""
    return _beyond(day.cpu, preset.cpu) or (preset.network is not None and _beyond(day.network, preset.network))


def _beyond(value: float | None, limit: Limit) -> bool:
    return value is not None and not limit.admits(value)


class _Judge:
    """Judges one instance."""

    def __init__(self, instance: Instance, usage: Usage, window: Window, rules: Rules) -> None:
        self._instance, self._window, self._rules = instance, window, rules
        self._preset = rules.preset
        first, today = window.first, window.today
        self._usage = tuple(day for day in usage if day.day >= first)  # CloudWatch rounds starts down
        self._whole = [day for day in self._usage if day.day < today]
        self._lived = max(0, (today - max(first, self._made)).days)  # whole days, and the part of one when it was made
        self._coverage = self._covered()

    def verdict(self) -> Judgement:
        busy = [day for day in self._usage if is_busy(day, self._preset)]
        if self._preset.idle_days is None:
            if busy:
                return self._say(Verdict.ACTIVE, self._how_busy(busy))
            if not self._is_covered:
                return self._say(Verdict.INSUFFICIENT_DATA, self._what_is_missing())
            return self._say(Verdict.IDLE, f"{self._peaks()}, {self._on_all_days()} and today")
        return self._by_idle_days(self._preset.idle_days)

    def _by_idle_days(self, needed: int) -> Judgement:
        idle = [day for day in self._whole if self._is_idle(day)]
        said = f"idle on {len(idle)} of {self._window.days} days, and {needed} are needed"
        if len(idle) >= needed:
            return self._say(Verdict.IDLE, f"{said}: on those {self._peaks(idle)}")
        if self._is_covered:
            return self._say(Verdict.ACTIVE, said)
        return self._say(Verdict.INSUFFICIENT_DATA, f"{said}, but {self._what_is_missing()}")

    def _say(self, verdict: Verdict, because: str) -> Judgement:
        return Judgement(
            self._instance,
            verdict,
            because,
            self._coverage,
            _peak(day.cpu for day in self._usage),
            _peak(day.network for day in self._usage),
            self._idle_since() if verdict is Verdict.IDLE else None,
            self._usage,
        )

    @property
    def _is_covered(self) -> bool:
        return self._coverage >= self._rules.coverage

    def _covered(self) -> float:
        """Return how many percent are there of the samples of the whole days that the instance has lived to see."""
        minutes = (self._window.end - max(self._window.start, self._instance.since)) / timedelta(minutes=1)
        if minutes <= 0:
            return 0.0
        return min(100.0, 100.0 * sum(map(self._samples, self._whole)) / minutes)

    def _samples(self, day: Day) -> float:
        """Return how many samples of a day say all that the preset asks about."""
        if day.cpu is None or (self._preset.network is not None and day.network is None):
            return 0.0
        return min(day.samples, SAMPLES_A_DAY)

    def _is_idle(self, day: Day) -> bool:
        return self._samples(day) * 100 >= self._rules.coverage * SAMPLES_A_DAY and not is_busy(day, self._preset)

    def _idle_since(self) -> date:
        """Return the day after the last busy one; without any, the first of the window, or of the instance."""
        last_busy = max((day.day for day in self._whole if is_busy(day, self._preset)), default=None)
        if last_busy:
            return last_busy + timedelta(days=1)
        return max(self._window.first, self._made)

    def _how_busy(self, busy: list[Day]) -> str:
        """Return what the busiest day was like; the last one counts, since it says how fresh that is."""
        day = busy[-1]
        said = []
        if _beyond(day.cpu, self._preset.cpu):
            said.append(f"{self._statistic} CPU {day.cpu:.2f} %")
        if self._preset.network and day.network is not None and _beyond(day.network, self._preset.network):
            said.append(f"network {day.network / MB:,.2f} MB")
        others = len(busy) - 1
        more = f", and on {others} other day{'' if others == 1 else 's'}" if others else ""
        return f"{' and '.join(said)} on {day.day}{' (today)' if day.day == self._window.today else ''}{more}"

    def _peaks(self, days: Iterable[Day] | None = None) -> str:
        days = self._usage if days is None else list(days)
        cpu = f"{self._statistic} CPU {_peak(day.cpu for day in days) or 0.0:.2f} %"
        if self._preset.network is None:
            return f"{cpu} at the most"
        return f"{cpu} and network {(_peak(day.network for day in days) or 0.0) / MB:,.2f} MB a day at the most"

    def _on_all_days(self) -> str:
        if self._lived == self._window.days:
            return f"on all {self._lived} days"
        return f"on {'the' if self._lived == 1 else 'all'} {_counted(self._lived)} that it has lived to see"

    def _what_is_missing(self) -> str:
        if not self._lived:
            return "it was made today, and only whole days make an instance idle"
        nothing = max(0, self._lived - sum(self._samples(day) > 0 for day in self._whole))
        if not any(day.samples for day in self._usage):
            return f"CloudWatch has nothing of it in {_counted(self._lived)}"
        return (
            f"CloudWatch has {self._coverage:.0f} % of the data, and {self._rules.coverage:.0f} % are wanted; "
            f"{nothing} of {_counted(self._lived)} have none"
        )

    @property
    def _made(self) -> date:
        return self._instance.since.astimezone(UTC).date()

    @property
    def _statistic(self) -> str:
        return "peak" if self._preset.statistic == "Maximum" else "average"


def _peak(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _days(age: timedelta) -> str:
    return _counted(age.days) if age.days > 0 else "less than a day"


def _counted(days: int) -> str:
    return f"{days} day{'' if days == 1 else 's'}"
