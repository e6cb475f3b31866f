"""In-memory stand-ins for EC2 and Route 53, as strict as the job's ports allow."""

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.errors import Refused
from chalicelib.inventory.model import View
from chalicelib.names.batches import weigh
from chalicelib.names.changes import Step, created, deleted
from chalicelib.names.model import Fleet, Instance, Key, Place, RecordSet, Ref, Rules
from chalicelib.names.zone import Zone, zone_of

HERE = Place("123456789012", "eu-west-1")
THERE = Place("123456789012", "us-east-1")
DOMAIN = "example.com"
TYPES = ("A", "AAAA", "CNAME", "MX", "TXT")
OWNER = "groundskeeper-test"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
RULES = Rules(ttl=60, tag="ShortName", reserved=frozenset({"ns", "www"}))


def instance(number: int = 1, tag: str = "", state: str = "running", **changes: Any) -> Instance:
    """Return an instance with a public name, launched ``number`` minutes before ``NOW``."""
    address = f"203.0.113.{number % 256}"
    made = Instance(
        id=f"i-{number:017x}",
        place=HERE,
        state=state,
        launched=NOW - timedelta(minutes=number),
        tag=tag,
        public_dns=f"ec2-{address.replace('.', '-')}.eu-west-1.compute.amazonaws.com" if state == "running" else "",
        public_ip=address if state == "running" else "",
        private_ip=f"10.0.0.{number % 256}",
    )
    return replace(made, **changes)


def cname(label: str, target: str, ttl: int = 60) -> RecordSet:
    return RecordSet(f"{label}.{DOMAIN}", "CNAME", ttl, (target,))


def fleet(*instances: Instance, places: Collection[Place] = (HERE,)) -> Fleet:
    """Return what a look at everything in some places shows."""
    return Fleet({i.id: i for i in instances}, whole=frozenset(places), is_everything=True)


@dataclass
class FakeEc2:
    """Instances that a test can change while a job runs."""

    instances: dict[str, Instance] = field(default_factory=dict)
    places: tuple[Place, ...] = (HERE,)
    unread: dict[Place, str] = field(default_factory=dict)
    looks: int = 0

    def put(self, *instances: Instance) -> None:
        self.instances |= {i.id: i for i in instances}

    def everything(self) -> Fleet:
        self.looks += 1
        whole = frozenset(set(self.places) - set(self.unread))
        seen = {id_: i for id_, i in self.instances.items() if i.place in whole}
        return Fleet(seen, whole, unread=dict(self.unread), is_everything=True)

    def some(self, refs: Collection[Ref]) -> Fleet:
        self.looks += 1
        ours = [ref for ref in refs if ref.place in self.places and ref.place not in self.unread]
        seen = {ref.id: self.instances[ref.id] for ref in ours if ref.id in self.instances}
        unread = {ref.place: self.unread.get(ref.place, "is not ours") for ref in refs if ref not in ours}
        return Fleet(seen, unread=unread)

    def claimants(self, place: Place, labels: Collection[str]) -> Fleet:
        self.looks += 1
        return Fleet(
            {
                k: i
                for k, i in self.instances.items()
                if i.is_up and i.place == place and set(i.tag.split()) & set(labels)
            }
        )


@dataclass
class FakeZone:
    """A hosted zone that takes a batch whole or not at all."""

    records: dict[tuple[str, str], RecordSet] = field(default_factory=dict)
    view: View = View.PUBLIC
    owner: str = OWNER
    batches: list[Sequence[Step]] = field(default_factory=list)
    reads: int = 0
    poison: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, *records: RecordSet) -> None:
        self.records |= {r.key: r for r in records}

    @contextmanager
    def turn(self) -> Iterator["FakeZone"]:
        with self.lock:
            yield self

    def read(self, *, fresh: bool = True) -> Zone:
        self.reads += 1
        return zone_of(DOMAIN, self.view, self.owner, list(self.records.values()))

    def apply(self, steps: Sequence[Step]) -> None:
        """Take the changes in the order in which Route 53 is sent them, all of them or none."""
        after = dict(self.records)
        assert weigh(steps).fits
        for step in steps:
            for gone in filter(None, map(deleted, step.changes)):
                if after.pop(gone.key, None) != gone:
                    raise Refused(f"{gone.name} is not what it was said to be")
            for new in filter(None, map(created, step.changes)):
                self._refuse_unless_it_can_stand(new, after)
                after[new.key] = new
        self.records = after
        self.batches.append(steps)

    def check(self) -> None:
        """There is always time."""

    def _refuse_unless_it_can_stand(self, new: RecordSet, after: dict[Key, RecordSet]) -> None:
        beside = {type_ for type_ in TYPES if (new.name, type_) in after}
        if new.type in beside or (beside and "CNAME" in {new.type, *beside}):
            raise Refused(f"{new.name} {new.type} cannot stand beside {beside}")
        if self.poison and self.poison in new.name:
            raise Refused(f"{new.name} is not to be")

    def names(self) -> dict[str, str]:
        """Return label -> value of every record set but the marks."""
        return {r.name.removesuffix("." + DOMAIN): r.values[0] for r in self.records.values() if r.type != "TXT"}
