"""Recovery: which snapshot brings a volume back as it was, by which commands, and what stands in the way."""

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.snapshots.labels import APPLICATION
from chalicelib.snapshots.model import Snapshot, Volume, World

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
    here = [Source(each, world.region) for each in world.snapshots if not each.label.copy_of]
    all_of_it = [each for each in (*here, *copies) if each.snapshot.volume == volume_id]
    whole = [each for each in all_of_it if each.snapshot.is_completed]
    fit = [each for each in whole if each.snapshot.taken <= at]
    if not fit:
        return Recovery(None, obstacles=(_why_none(volume_id, all_of_it, whole),))
    source = max(fit, key=lambda each: (each.snapshot.taken, not each.snapshot.label.copy_of))
    volume = world.volumes.get(volume_id)
    return Recovery(
        source,
        tuple(_commands(source, volume, world)),
        tuple(_obstacles(source, volume, all_of_it, at, world)),
        tuple(_siblings(source.snapshot, world.snapshots)),
    )


def _why_none(volume_id: str, every: list[Source], whole: list[Source]) -> str:
    if whole:
        first = min(whole, key=lambda each: each.snapshot.taken).snapshot
        return f"the first completed snapshot of {volume_id} is {first.id}, taken {first.taken:%Y-%m-%d %H:%M:%S} UTC"
    if every:
        states = ", ".join(f"{each.snapshot.id} is {each.snapshot.state}" for each in every)
        return f"no snapshot of {volume_id} is completed: {states}"
    return f"there is no snapshot of {volume_id} that we made"


def _commands(source: Source, volume: Volume | None, world: World) -> Iterable[str]:
    """Yield what to type; words in capitals are for the reader to fill in."""
    zone = volume.zone if volume and source.region == world.region else "AVAILABILITY-ZONE"
    kind = ["--volume-type", volume.type] if volume else []
    made = ["create-volume", "--region", source.region, "--snapshot-id", source.snapshot.id]
    yield _aws(*made, "--availability-zone", zone, *kind)
    yield _aws("wait", "volume-available", "--region", source.region, "--volume-ids", "NEW-VOLUME")
    instance = next((id_ for id_ in volume.instances if id_ in world.instances), "") if volume else ""
    is_root = bool(instance) and world.instances[instance].root_volume == (volume.id if volume else "")
    if instance and source.region == world.region:
        if is_root or source.snapshot.label.product_codes:
            yield _aws("stop-instances", "--region", source.region, "--instance-ids", instance)
        if volume:
            yield _aws("detach-volume", "--region", source.region, "--volume-id", volume.id)
    attached = ["--instance-id", instance or "INSTANCE", "--device", "DEVICE"]
    yield _aws("attach-volume", "--region", source.region, "--volume-id", "NEW-VOLUME", *attached)


def _obstacles(source: Source, volume: Volume | None, every: list[Source], at: datetime, world: World) -> Iterable[str]:
    snapshot = source.snapshot
    if volume is None:
        yield f"{snapshot.volume} is gone: choose the availability zone, and an instance there"
    if source.region != world.region:
        yield f"the snapshot is in {source.region}: so will be the volume, and the instance must be there too"
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
    if later := [each.snapshot for each in every if each.snapshot.is_pending and each.snapshot.started <= at]:
        yield f"{later[-1].id} is newer, and still pending ({later[-1].progress or 'no progress yet'})"


def _siblings(snapshot: Snapshot, others: Iterable[Snapshot]) -> Iterable[Snapshot]:
    label = snapshot.label
    for other in others:
        of_one_call = (other.label.instance, other.label.slots) == (label.instance, label.slots)
        is_together = of_one_call and abs(other.started - snapshot.started) < ONE_INSTANT
        if label.instance and is_together and other.id != snapshot.id:
            yield other


def _aws(*words: str) -> str:
    return shlex.join(["aws", "ec2", *words])
