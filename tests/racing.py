"""Every order in which several runs can meet in what they share."""

from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread, current_thread


def every_order(run: Callable[[Callable[[int], int]], None]) -> int:
    """Call ``run`` once for each way in which its choices (one of so many) can be made; return how many ways."""
    path: list[tuple[int, int]] = []
    ways = 0
    while True:
        ways, made = ways + 1, list[tuple[int, int]]()

        def choose(options: int, path: list[tuple[int, int]] = path, made: list[tuple[int, int]] = made) -> int:
            made.append((path[len(made)][0] if len(made) < len(path) else 0, options))
            return made[-1][0]

        run(choose)
        while made and made[-1][0] + 1 == made[-1][1]:
            made.pop()
        if not made:
            return ways
        path = [*made[:-1], (made[-1][0] + 1, made[-1][1])]


class Abandoned(BaseException):
    """Nobody wants to know how it goes on."""


class Actor:
    """Somebody who waits before each call until it is his turn."""

    def __init__(self, act: Callable[[], object]) -> None:
        self._act, self._turn, self._waits = act, SimpleQueue[bool](), SimpleQueue[bool]()
        self._error: Exception | None = None
        self._thread = Thread(target=self._run, name="actor", daemon=True)
        self._thread.actor = self  # type: ignore[attr-defined]
        self._thread.start()
        self._waits.get()

    def _run(self) -> None:
        try:
            self._act()
        except Abandoned:
            return
        except Exception as error:
            self._error = error
        self._waits.put(False)

    def wait(self) -> None:
        """Let the others act."""
        self._waits.put(True)
        if not self._turn.get():
            raise Abandoned

    def step(self) -> bool:
        """Let him make one call; return whether he goes on; raise what he raises."""
        self._turn.put(True)
        if self._waits.get():
            return True
        self._thread.join()
        if self._error:
            raise self._error
        return False

    def abandon(self) -> None:
        """Let him go."""
        self._turn.put(False)
        self._thread.join()


def wait_for_turn() -> None:
    """Stand between an actor and his call."""
    if actor := getattr(current_thread(), "actor", None):
        actor.wait()
