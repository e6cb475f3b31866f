"""Every error that Groundskeeper raises on purpose, named by its remedy.

GroundskeeperError
├── BadSettings    the deployment is wrong: fail at the first invocation, name the setting
├── BadDefinition  a file of definitions is malformed: refuse it whole, name each line and reason
├── BadRequest     the caller sent something unusable: tell the caller what and why
├── Forbidden      the caller's token does not reach that far: tell the caller which scope would
├── NotFound       the caller asks for what is not there: tell the caller so
├── Conflict       somebody else holds what the caller wants: tell the caller who, and until when
├── BadEvent       the trigger cannot be read: log it whole, keep it in the dead-letter queue
├── UnsafePlan     the plan changes too much: change nothing, raise an alarm
├── Refused        AWS will not take this change as it is: look again, then set the bad change aside
├── Unclear        AWS did not say whether it has done it: look, and ask again once it would show
└── TryAgain       AWS, or another writer, said "not now": raise, let the queue retry
"""


class GroundskeeperError(Exception):
    """Anything that Groundskeeper raises on purpose."""


class BadSettings(GroundskeeperError):
    """The deployment is wrong; the message names the setting and what to do."""


class BadDefinition(GroundskeeperError):
    """A file of definitions is malformed; the message names it, and each of its ``faults`` has a line and a reason."""

    def __init__(self, name: str, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join([f"{name} is refused:", *faults]))
        self.faults = faults


class BadRequest(GroundskeeperError):
    """A request cannot be used; the message says what is wrong with it."""


class Forbidden(GroundskeeperError):
    """A token is good, but not for this; the message names the scope that would be."""


class NotFound(GroundskeeperError):
    """What is asked for is not there."""


class Conflict(GroundskeeperError):
    """Somebody else holds what is asked for; the message says who, and until when."""


class BadEvent(GroundskeeperError):
    """A trigger cannot be read; the message says what is missing."""


class UnsafePlan(GroundskeeperError):
    """A plan would take away ``removals`` things, which is more than is safe without a person's word."""

    def __init__(self, message: str, removals: int) -> None:
        super().__init__(message)
        self.removals = removals


class Refused(GroundskeeperError):
    """AWS refused a change, or a batch of them as a whole; none of it was carried out."""


class Unclear(GroundskeeperError):
    """AWS did not answer a request that must not be carried out twice; perhaps it was carried out."""


class TryAgain(GroundskeeperError):
    """Nothing is wrong with the work, but it cannot be done now; in some seconds, perhaps."""

    def __init__(self, message: str, seconds: int = 5) -> None:
        super().__init__(message)
        self.seconds = seconds
