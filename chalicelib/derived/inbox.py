"""Messages by the batch: read every one, put each source right once, say which messages failed."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.derived import notices
from chalicelib.derived.definitions import Definitions
from chalicelib.derived.job import Outcome, Task
from chalicelib.derived.keys import Origin
from chalicelib.derived.notices import Ignored
from chalicelib.errors import GroundskeeperError
from chalicelib.queues import partial_batch_response


@dataclass
class Handled:
    """What became of one batch: outcomes, what was ignored, and for each message that failed the error."""

    outcomes: list[Outcome] = field(default_factory=list)
    ignored: list[Ignored] = field(default_factory=list)
    failed: dict[str, Exception] = field(default_factory=dict)

    def answer(self) -> dict[str, Any]:
        """Return the partial batch response that Lambda expects."""
        return partial_batch_response(self.failed)


def handle(
    messages: Mapping[str, str], origin: Origin, definitions: Definitions, put_right: Callable[[Task], Outcome]
) -> Handled:
    """Do what messages, by their ids, ask for: one failure spoils none of the others."""
    handled, asked = Handled(), dict[Task, list[str]]()
    for message, body in messages.items():
        try:
            for notice in notices.read(body, origin, definitions):
                if isinstance(notice, Ignored):
                    handled.ignored.append(notice)
                else:
                    asked.setdefault(notice, []).append(message)
        except GroundskeeperError as error:
            handled.failed[message] = error
    for task, senders in _merged(asked).items():
        try:
            handled.outcomes.append(put_right(task))
        except Exception as error:
            handled.failed |= dict.fromkeys(senders, error)
    return handled


def _merged(asked: Mapping[Task, Iterable[str]]) -> dict[Task, list[str]]:
    """Return one task for all that is asked of a source: one read and one decode do for it."""
    merged: dict[tuple[str, bool], tuple[Task, list[str]]] = {}
    for task, messages in asked.items():
        same = (task.source_key, task.whole_family)
        before, senders = merged.get(same, (Task(task.source_key, (), task.whole_family), []))
        wanted = tuple(dict.fromkeys((*before.wanted, *task.wanted)))
        merged[same] = Task(task.source_key, wanted, task.whole_family), [*senders, *messages]
    return dict(merged.values())
