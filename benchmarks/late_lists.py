"""EC2 that is eventually consistent, which the emulator is not: new snapshots are not listed for a while.

https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from localcloud.ebs import listing
from localcloud.ebs.sharing import visible
from localcloud.ground.patching import replaced

LATE = timedelta(minutes=8)  # longer than the five minutes for which AWS advises to look


@contextmanager
def listed_late() -> Iterator[None]:
    """Do not list snapshots in their first minutes, by the cloud's clock; raise AssertionError if none was so young."""
    hidden = 0

    def late(ebs: Any, backend: Any) -> list[Any]:
        nonlocal hidden
        everything = list(visible(ebs, backend))
        old = [each for each in everything if ebs.now() - each.start_time >= LATE]
        hidden += len(everything) - len(old)
        return old

    with replaced(listing, "visible", late):
        yield
    if not hidden:
        raise AssertionError("every snapshot was listed at once")
