"""Every order in which several runs can meet in what they share."""

from collections.abc import Callable

from greenlet import getcurrent, greenlet


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


class Actor(greenlet):
    """Somebody who waits before each call until it is his turn."""

    def __init__(self, act: Callable[[], object]) -> None:
        super().__init__(act)
        self.switch()

    def step(self) -> bool:
        """Let him make one call; return whether he goes on; raise what he raises."""
        self.switch()
        return not self.dead

    def abandon(self) -> None:
        """Let him go."""
        self.throw()


def wait_for_turn() -> None:
    """Stand between an actor and his call."""
    if isinstance(actor := getcurrent(), Actor) and actor.parent:
        actor.parent.switch()
