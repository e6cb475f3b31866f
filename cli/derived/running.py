"""Carry a campaign through: show each step, remember how far all is done, say how to go on where it is broken off."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.markup import escape
from rich.text import Text

from chalicelib.errors import BadRequest, GroundskeeperError
from cli.derived.campaign import Campaign, Step
from cli.derived.lines import Report, shown
from cli.derived.progress import Watch
from cli.derived.reach import Reached
from cli.derived.resuming import OPTION, Bookmark, go_on
from cli.screen import err, out

INTERRUPTED = 130


class Run:
    """One run of a command over the sources of a prefix; raise BadRequest where it cannot begin where it is told to."""

    def __init__(self, doing: str, prefix: str, start_after: str, as_json: bool) -> None:
        if start_after and not start_after.startswith(prefix):
            raise BadRequest(f"{OPTION} must begin with the prefix {prefix!a}, and is {start_after!a}")
        if prefix.startswith("s3://"):
            raise BadRequest(f"PREFIX is what the sources' keys begin with, without the bucket, and is {prefix!a}")
        self._doing = f"{doing} {escape(shown(prefix)) or 'all sources'}"
        self._prefix, self._start_after, self._as_json = prefix, start_after, as_json

    def carry_through(self, reached: Reached, campaign: Campaign) -> bool:
        """Carry a campaign through; say whether all was right, or is now."""
        report = Report(reached.wiring.origin.keys, acts=campaign.act is not None, as_json=self._as_json)
        bookmark, families = Bookmark(self._start_after), reached.families(self._start_after, self._prefix)
        with (
            _resumable(bookmark, sys.argv[1:]),
            Watch(self._doing, err) as watch,
            closing(campaign.run(families)) as steps,
        ):
            for step in marked(steps, bookmark):
                report.show(step)
                watch.show(report.sources, report.faults)
        self._sum_up(report, campaign)
        return report.is_good and campaign.guard.error is None

    def _sum_up(self, report: Report, campaign: Campaign) -> None:
        for looked in campaign.guard.held:
            report.show_kept(looked)
        if error := campaign.guard.error:
            said = "not deleted" if campaign.act else "a repair would not delete this"
            err.print(Text(f"{said}: {error}; --force deletes it all the same", "bold red"))
        if self._prefix and not report.sources:
            said = f"no source's key begins with {shown(self._prefix)}, and nothing is derived of such"
            err.print(Text(said, "bold yellow"))
        else:
            (err if self._as_json else out).print(Text(report.summary(), "bold"))


def marked(steps: Iterable[Step], bookmark: Bookmark) -> Iterator[Step]:
    """Yield steps, and note each once it has been dealt with; what fails in a row is passed when something succeeds."""
    failed: list[str] = []
    for step in steps:
        key = step.looked.source_key
        if step.is_held or step.reason:
            bookmark.hold(key)
        yield step
        if step.reason:
            failed.append(key)
        elif not step.is_held:
            for each in (*failed, key):
                bookmark.done(each)
            failed.clear()


@contextmanager
def _resumable(bookmark: Bookmark, words: Sequence[str]) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt as error:
        _say(bookmark, words)
        raise typer.Exit(INTERRUPTED) from error
    except (GroundskeeperError, ClientError, BotoCoreError):
        if bookmark.after:
            _say(bookmark, words)
        raise


def _say(bookmark: Bookmark, words: Sequence[str]) -> None:
    sys.stdout.flush()
    err.print(Text(f"go on with: {go_on(words, bookmark.after)}", "bold yellow"))
