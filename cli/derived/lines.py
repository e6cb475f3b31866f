"""How a campaign's steps look on a terminal, and as JSON: one line for each thing, whatever is in its key."""

import json
import sys
from collections import Counter
from collections.abc import Iterator

from rich.text import Text

from chalicelib.derived.audit import Fault, Finding
from chalicelib.derived.keys import Keys
from cli.derived.campaign import Looked, Step
from cli.screen import COLOURS, err, explained, out

SIGNS = {Fault.MISSING: "+", Fault.LOST: "+", Fault.STALE: "~", Fault.ORPHANED: "-", Fault.LEFT_ALONE: "="}
FAILED = "failed"
UNSAID = "the function left it as it is: if the definitions have been changed just now, try again in a minute"


class Report:
    """Prints what becomes of sources, and counts it; the counts are by word."""

    def __init__(self, keys: Keys, *, acts: bool, as_json: bool) -> None:
        self._keys, self._acts, self._as_json = keys, acts, as_json
        self.sources = 0
        self.counts: Counter[str] = Counter()

    @property
    def faults(self) -> int:
        """Return how much is wrong, or was."""
        return self.counts.total() - self.counts[Fault.LEFT_ALONE]

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong any more."""
        return not self.faults if not self._acts else not self.counts["not done"] + self.counts[FAILED]

    def show(self, step: Step) -> None:
        """Print and count one source; one that is held is shown when it comes again."""
        if step.is_held:
            return
        self.sources += 1
        if step.reason:
            self._failed(step.looked.source_key, step.reason)
        elif not self._acts:
            self._found(step)
        else:
            self._did(step)

    def show_kept(self, looked: Looked) -> None:
        """Print and count what would be deleted, and is not, because it is too much."""
        if self._acts:
            self.sources += 1
            self.counts["kept"] += len(looked.to_do)
        else:
            self.show(Step(looked))

    def summary(self) -> str:
        """Return what all came to, in words."""
        said = [f"{count:,} {word}" for word, count in self.counts.items() if count]
        return (
            f"looked at {self.sources:,} source{'' if self.sources == 1 else 's'}: {', '.join(said) or 'all is right'}"
        )

    def _failed(self, source_key: str, reason: str) -> None:
        self.counts[FAILED] += 1
        if self._as_json:
            _write({"source": source_key, "failed": reason})
        else:
            err.print(Text(f"! {shown(source_key)}: {shown(reason)}", "bold red"))

    def _found(self, step: Step) -> None:
        for finding in step.looked.findings:
            self.counts[finding.fault] += 1
            if self._as_json:
                _write(
                    {
                        "fault": finding.fault,
                        "key": self._keys.spell(finding.key),
                        "source": step.looked.source_key,
                        "because": finding.because,
                    }
                )
            else:
                self._line(finding, f"{finding.fault:10}  ")

    def _did(self, step: Step) -> None:
        done, not_done = list(_done(step)), dict(_not_done(step))
        left = [each for each in step.looked.findings if each not in step.looked.to_do]
        for finding in done:
            self.counts["deleted" if finding.fault is Fault.ORPHANED else "made"] += 1
        for reason in not_done.values():
            self.counts["not done" if reason == UNSAID else "cannot be made"] += 1
        self.counts[Fault.LEFT_ALONE] += len(left)
        if self._as_json:
            if step.looked.findings:
                _write(self._as_object(step, done, not_done, left))
            return
        for finding in done:
            self._line(finding, f"{SIGNS[finding.fault]} ")
        for finding, reason in not_done.items():
            err.print(Text(f"! {self._spelled(finding)}: {shown(reason)}", "bold red"))
        for finding in left:
            err.print(Text(f"= {self._spelled(finding)}: {shown(finding.because)}", "yellow"))

    def _as_object(
        self, step: Step, done: list[Finding], not_done: dict[Finding, str], left: list[Finding]
    ) -> dict[str, object]:
        deleted = [each for each in done if each.fault is Fault.ORPHANED]
        return {
            "source": step.looked.source_key,
            "made": [self._keys.spell(each.key) for each in done if each not in deleted],
            "deleted": [self._keys.spell(each.key) for each in deleted],
            "not_done": {self._keys.spell(each.key): reason for each, reason in not_done.items()},
            "left_alone": {self._keys.spell(each.key): each.because for each in left},
        }

    def _line(self, finding: Finding, head: str) -> None:
        style = COLOURS.get(SIGNS[finding.fault], "yellow")
        _say(explained(f"{head}{self._spelled(finding)}", style, shown(finding.because)))

    def _spelled(self, finding: Finding) -> str:
        return shown(self._keys.spell(finding.key))


def shown(text: str) -> str:
    """Return a text as one line that a terminal shows whole."""
    return text if text.isprintable() else ascii(text)


def _done(step: Step) -> Iterator[Finding]:
    if step.done:
        for finding in step.looked.to_do:
            if finding.key.transformation in step.done.made | step.done.deleted:
                yield finding


def _not_done(step: Step) -> Iterator[tuple[Finding, str]]:
    if step.done:
        for finding in step.looked.to_do:
            name = finding.key.transformation
            if name not in step.done.made | step.done.deleted:
                yield finding, step.done.not_made.get(name, UNSAID)


def _say(line: Text) -> None:
    # A progress bar makes room for what is written to sys.stdout, and a console writes past that.
    with out.capture() as said:
        out.print(line)
    sys.stdout.write(said.get())


def _write(said: dict[str, object]) -> None:
    sys.stdout.write(f"{json.dumps(said)}\n")
