"""How the commands reach a stack that derives, and by which definitions it does."""

from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib.derived.aws.sources import OpenObject
from chalicelib.derived.job import Workplace
from chalicelib.derived.listing import Family
from chalicelib.errors import BadDefinition, BadSettings
from chalicelib.wiring.base import Base
from chalicelib.wiring.for_derived import DerivedWiring
from cli import connection
from cli.derived import resuming


@dataclass(frozen=True)
class Reached:
    """A deployed stack that derives: how to reach AWS, and what derived objects are made of."""

    base: Base
    wiring: DerivedWiring

    def workplace(self) -> Workplace[OpenObject]:
        """Return what is worked with; raise BadSettings where the definitions in force are malformed, TryAgain."""
        try:
            return self.wiring.workplace()
        except BadDefinition as error:
            said = f"put other definitions in force with `groundskeeper derived define`: {error}"
            raise BadSettings(said) from error

    def families(self, after: str, prefix: str) -> Iterator[Family]:
        """Yield the families of a prefix that a bookmark has not passed; raise TryAgain."""
        return resuming.from_behind(after, prefix, self.wiring.families(after, prefix=prefix), self.alone)

    def alone(self, source_key: str) -> Family | None:
        """Return the family of one source, or None where there is neither source nor child; raise TryAgain."""
        return resuming.alone(self.wiring.sources, self.wiring.store, self.wiring.origin, source_key)


def deriving(stack: str | None, local: bool, region: str | None, profile: str | None) -> Reached:
    """Return a deployed stack that derives; raise BadSettings where it cannot be reached, or does not."""
    return on(connection.connect(stack=stack, local=local, region=region, profile=profile))


def on(base: Base) -> Reached:
    """Return a deployed stack that derives; raise BadSettings where it does not."""
    wiring = DerivedWiring(base)
    if not wiring.is_on:
        raise BadSettings(f"stack {wiring.stack} has no SourceBucket, so nothing is derived: deploy it with one")
    return Reached(base, wiring)
