"""Have the stack's function put a source right, and look again at what it does not account for."""

from collections.abc import Callable
from functools import reduce
from operator import or_

from botocore.config import Config

from chalicelib.derived.listing import Family
from chalicelib.derived.model import Done
from cli.derived.campaign import Looked
from cli.derived.reach import Reached

LONGEST = 130  # seconds: the function's timeout, and a start


class Acts:
    """Puts sources right, some at once."""

    def __init__(self, reached: Reached, look: Callable[[Family], Looked], at_once: int) -> None:
        wiring = reached.wiring
        config = Config(
            retries={"mode": "standard", "total_max_attempts": 5},
            connect_timeout=5,
            read_timeout=LONGEST,
            max_pool_connections=at_once,
        )
        self._maker = wiring.maker(config)
        self._store, self._alone, self._look = wiring.store, reached.alone, look

    def __call__(self, looked: Looked) -> Done:
        """Put one source right, and return what became of it; raise TryAgain, NotMade."""
        self._store.delete(looked.tombstones)
        done = reduce(or_, map(self._maker.make, looked.tasks))
        unsaid = {each.key.transformation for each in looked.to_do} - done.made - done.deleted - done.not_made.keys()
        return done | self._put_right_meanwhile(looked.source_key, unsaid) if unsaid else done

    def _put_right_meanwhile(self, source_key: str, unsaid: set[str]) -> Done:
        """Return what somebody else has put right since it was looked at."""
        family = self._alone(source_key)
        still = {each.key.transformation for each in self._look(family).to_do} if family else set()
        return Done(made=frozenset(unsaid - still))
