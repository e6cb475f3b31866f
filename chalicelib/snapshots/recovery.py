"""Recovery: which snapshot brings a volume back as it was, by which commands, and what stands in the way."""

import json
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.snapshots.labels import APPLICATION
from chalicelib.snapshots.model import Instance, Snapshot, Volume, World

ONE_INSTANT = timedelta(seconds=60)  # within which EC2 shows the snapshots of one call to have started


@dataclass(frozen=True)
class Source:
    """A snapshot, and the region that it is in."""

    snapshot: Snapshot
    region: str


@dataclass(frozen=True)
class Recovery:
    """How a volume comes back: from which snapshot, by which commands, and what to know before.

    Without a source nothing can be done, and ``obstacles`` say why. ``siblings`` are the snapshots of the instance's
    other volumes at the same instant.
    """

    source: Source | None
    commands: tuple[str, ...] = ()
    obstacles: tuple[str, ...] = ()
    siblings: tuple[Snapshot, ...] = ()


def recover(volume_id: str, at: datetime, world: World, copies: Iterable[Source]) -> Recovery:
    """Return how a volume, alive or gone, comes back as it was at some time: by the last snapshot before that.

    A snapshot in the volume's own region is taken before a copy of the same instant.
    """
    copies = list(copies)
    here = [Source(each, world.region) for each in world.originals]
    all_of_it = [each for each in (*here, *copies) if each.snapshot.volume == volume_id]
    whole = [each for each in all_of_it if each.snapshot.is_completed]
    fit = [each for each in whole if each.snapshot.taken <= at]
    if not fit:
        return Recovery(None, obstacles=(_why_none(volume_id, all_of_it, whole),))
    source = max(fit, key=lambda each: (each.snapshot.taken, not each.snapshot.label.is_copy))
    volume = world.volumes.get(volume_id)
    return Recovery(
        source,
        tuple(_commands(source, volume, world)),
        tuple(_obstacles(source, volume, all_of_it, at, world)),
        tuple(_siblings(source, (*here, *copies))),
    )


def _why_none(volume_id: str, every: list[Source], whole: list[Source]) -> str:
    if whole:
        first = min(whole, key=lambda each: each.snapshot.taken).snapshot
        return f"the first completed snapshot of {volume_id} is {first.id}, taken {first.taken:%Y-%m-%d %H:%M:%S} UTC"
    if every:
        states = ", ".join(f"{each.snapshot.id} is {each.snapshot.state}" for each in every)
        return f"no snapshot of {volume_id} is completed: {states}"
    return f"there is no snapshot of {volume_id} that we made"


def _commands(source: Source, volume: Volume | None, world: World) -> Iterator[str]:
    """Yield what to type; words in capitals are for the reader to fill in."""
    is_here = source.region == world.region
    zone = volume.zone if volume and is_here else "AVAILABILITY-ZONE"
    kind = _kind(volume) if volume else []
    where = ["--region", source.region]
    tags = _tags(volume) if volume else []
    yield _aws("create-volume", *where, "--snapshot-id", source.snapshot.id, "--availability-zone", zone, *kind, *tags)
    yield _aws("wait", "volume-available", *where, "--volume-ids", "NEW-VOLUME")
    instance = _instance(volume, world) if is_here else None
    must_stop = bool(instance) and _must_stop(instance, volume, source)
    if instance and must_stop:
        yield _aws("stop-instances", *where, "--instance-ids", instance.id)
    if instance and (must_stop or instance.state == "stopping"):
        yield _aws("wait", "instance-stopped", *where, "--instance-ids", instance.id)
    if instance and volume:
        for id_ in volume.instances:
            yield _aws("detach-volume", *where, "--volume-id", volume.id, "--instance-id", id_)
        yield _aws("wait", "volume-available", *where, "--volume-ids", volume.id)
    device = instance.devices.get(volume.id, "DEVICE") if instance and volume else "DEVICE"
    to = ["--instance-id", instance.id if instance else "INSTANCE", "--device", device]
    yield _aws("attach-volume", *where, "--volume-id", "NEW-VOLUME", *to)
    if instance and must_stop:
        yield _aws("start-instances", *where, "--instance-ids", instance.id)


def _kind(volume: Volume) -> list[str]:
    """Return the options that make a volume of the same kind, as fast as it is."""
    iops = ["--iops", str(volume.iops)] if volume.iops and volume.type in ("io1", "io2", "gp3") else []
    throughput = ["--throughput", str(volume.throughput)] if volume.throughput and volume.type == "gp3" else []
    return ["--volume-type", volume.type, *iops, *throughput]


def _tags(volume: Volume) -> list[str]:
    """Return the options that give a volume the tags of another, that of its policy among them."""
    tags = [{"Key": key, "Value": value} for key, value in volume.tags.items() if not key.startswith("aws:")]
    said = json.dumps([{"ResourceType": "volume", "Tags": tags}], separators=(",", ":"))
    return ["--tag-specifications", said] if tags else []


def _instance(volume: Volume | None, world: World) -> Instance | None:
    attached = (world.instances[id_] for id_ in (volume.instances if volume else ()) if id_ in world.instances)
    return next(attached, None)


def _must_stop(instance: Instance | None, volume: Volume | None, source: Source) -> bool:
    """Say whether the instance must be stopped: for its root volume, and for what carries a product code."""
    if instance is None or volume is None or instance.state != "running":
        return False
    return instance.root_volume == volume.id or bool(source.snapshot.label.product_codes)


def _obstacles(source: Source, volume: Volume | None, every: list[Source], at: datetime, world: World) -> Iterator[str]:
    snapshot = source.snapshot
    if volume is None:
        yield f"{snapshot.volume} is gone: choose the availability zone, and an instance there, and tag the new volume"
    if snapshot.is_archived:
        where = ["--region", source.region, "--snapshot-id", snapshot.id]
        restore = _aws("restore-snapshot-tier", *where, "--temporary-restore-days", "7")
        yield f"it is archived: restore it first, which takes up to 72 hours: {restore}"
    if source.region != world.region:
        yield (
            f"the snapshot is in {source.region}: so will be the volume, and the instance must be there too; or bring "
            f"it home first: {_aws('copy-snapshot', '--region', world.region or 'REGION', *_from(source))}"
        )
    if snapshot.label.product_codes:
        codes = ", ".join(snapshot.label.product_codes)
        yield (
            f"it carries the AWS Marketplace code {codes}: the volume attaches only to a stopped instance that is "
            "subscribed to the product, and the snapshot cannot be made public"
        )
    if snapshot.is_encrypted:
        yield "it is encrypted: whoever restores it needs kms:Decrypt and kms:CreateGrant on its key"
    if snapshot.label.consistency != APPLICATION:
        yield "it is crash-consistent: a file system or database on it replays its journal, as after a power failure"
    for each in every:
        later = each.snapshot
        if later.is_pending and snapshot.taken < later.taken <= at:
            yield f"{later.id} is newer, and still pending ({later.progress or 'no progress yet'})"


def _siblings(source: Source, others: Iterable[Source]) -> Iterator[Snapshot]:
    """Yield the snapshots of other volumes that one call has made together with this one, or their copies."""
    label = source.snapshot.label
    for other in others:
        said = other.snapshot.label
        of_one_call = (said.instance, said.slots, said.policy) == (label.instance, label.slots, label.policy)
        is_together = abs(other.snapshot.taken - source.snapshot.taken) < ONE_INSTANT
        is_other = other.region == source.region and other.snapshot.volume != source.snapshot.volume
        is_alike = other.snapshot.is_completed and said.is_copy == label.is_copy
        if label.instance and of_one_call and is_together and is_other and is_alike:
            yield other.snapshot


def _from(source: Source) -> list[str]:
    return ["--source-region", source.region, "--source-snapshot-id", source.snapshot.id]


def _aws(*words: str) -> str:
    return shlex.join(["aws", "ec2", *words])
