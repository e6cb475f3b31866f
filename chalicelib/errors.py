"""Every error that Groundskeeper raises on purpose, named by its remedy.

GroundskeeperError
├── BadSettings    the deployment is wrong: fail at the first invocation, name the setting
├── BadEvent       the trigger cannot be read: log it whole, keep it in the dead-letter queue
├── UnsafePlan     the plan changes too much: change nothing, raise an alarm
├── Refused        AWS will not take this change batch as it is: look again, then set the bad change aside
└── TryAgain       AWS, or another writer, said "not now": raise, let the queue retry
"""


class GroundskeeperError(Exception):
    """Anything that Groundskeeper raises on purpose."""


class BadSettings(GroundskeeperError):
    """The deployment is wrong; the message names the setting and what to do."""


class BadEvent(GroundskeeperError):
    """A trigger cannot be read; the message says what is missing."""


class UnsafePlan(GroundskeeperError):
    """A plan would take away ``removals`` things, which is more than is safe without a person's word."""

    def __init__(self, message: str, removals: int) -> None:
        super().__init__(message)
        self.removals = removals


class Refused(GroundskeeperError):
    """AWS refused a change batch as a whole; none of it was carried out."""


class TryAgain(GroundskeeperError):
    """Nothing is wrong with the work, but it cannot be done now."""
