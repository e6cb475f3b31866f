"""What each instance would like to be called, and which instance gets a name that several ask for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from chalicelib.inventory import dnsname
from chalicelib.inventory.model import View
from chalicelib.names.changes import Problem
from chalicelib.names.model import Fleet, Instance, RecordSet, Rules
from chalicelib.names.zone import Zone


@dataclass(frozen=True, slots=True)
class Wish:
    """An instance that is up, its values by record type, and the valid labels that its tag asks for."""

    instance: Instance
    values: Mapping[str, str]
    labels: tuple[str, ...]

    def records(self, label: str, domain: str, ttl: int) -> list[RecordSet]:
        """Return the record sets that give the instance this label."""
        return [RecordSet(f"{label}.{domain}", type_, ttl, (value,)) for type_, value in self.values.items()]


def values(instance: Instance, view: View) -> dict[str, str]:
    """Return record type -> value for one side of an instance; empty where it has no address on that side.

    The public side prefers a CNAME to the public DNS name, since inside EC2 that name resolves to the private address
    (https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html).
    """
    if view is View.PUBLIC and instance.public_dns:
        return {"CNAME": instance.public_dns}
    address = instance.public_ip if view is View.PUBLIC else instance.private_ip
    return {type_: value for type_, value in (("A", address), ("AAAA", instance.ipv6)) if value}


def labels(instance: Instance, domain: str, rules: Rules) -> tuple[tuple[str, ...], list[Problem]]:
    """Return the labels that an instance's tag asks for, and a problem for each word that cannot be one."""
    found: dict[str, None] = {}
    problems = []
    for word in filter(None, instance.tag.split(" ")):
        try:
            found[dnsname.short_label(word, domain, rules.reserved)] = None
        except ValueError as reason:
            problems.append(Problem(instance.id, f"tag {rules.tag} asks for {word!a}: {reason}"))
    return tuple(found), problems


def wishes(zone: Zone, fleet: Fleet, rules: Rules) -> tuple[dict[str, Wish], list[Problem]]:
    """Return what each running instance with an address wishes for, by its id, and what is wrong with the others."""
    found, problems = {}, []
    for instance in fleet.instances.values():
        if not instance.is_up:
            continue
        if obstacle := zone.mark_obstacle(instance.id):
            reason = f"stands where the mark of {instance.id} must be: left alone, and {instance.id} gets no name"
            problems.append(Problem(obstacle.name, reason, "foreign"))
            continue
        if not (addresses := values(instance, zone.view)):
            problems.append(Problem(instance.id, f"has no {zone.view} address, so it gets no name", "address"))
            continue
        asked, refused = labels(instance, zone.domain, rules)
        problems += refused
        found[instance.id] = Wish(instance, addresses, asked)
    return found, problems


def elect(zone: Zone, fleet: Fleet, found: Mapping[str, Wish]) -> tuple[dict[str, str], list[Problem]]:
    """Return label -> the instance that gets it, and a problem for each instance that does not.

    A name stays with its live holder, else goes to the latest launch, and then to the greatest id. A holder that was
    not looked at counts as live.
    """
    claims: dict[str, list[Instance]] = {}
    for wish in found.values():
        for label in wish.labels:
            claims.setdefault(label, []).append(wish.instance)
    winners = {label: _winner(zone, fleet, label, claimants) for label, claimants in claims.items()}
    problems = [
        Problem(claimant.id, f"asks for {label}, which {winners[label]} holds", "contested")
        for label, claimants in claims.items()
        for claimant in claimants
        if claimant.id != winners[label]
    ]
    return winners, problems


def _winner(zone: Zone, fleet: Fleet, label: str, claimants: Iterable[Instance]) -> str:
    holder = zone.holder(label)
    if holder is not None and holder not in fleet.instances and not fleet.shows_missing(zone.marks[holder].ref):
        return holder
    by_id = {claimant.id: claimant for claimant in claimants}
    if holder in by_id:
        return holder
    return max(by_id.values(), key=lambda claimant: (claimant.launched, claimant.id)).id
