"""What a job knows of the lease under which it runs."""

from typing import Protocol


class Turn(Protocol):
    """The time in which no other run does the same work."""

    def check(self, seconds: float = ...) -> None:
        """Raise TryAgain unless there is time for one more request, or for what takes so many seconds."""
