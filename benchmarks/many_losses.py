"""Thousands of thumbnails lost at once, and the audit of as many sources: each against a tenth of them."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from benchmarks import bare_healing
from benchmarks.derived_stage import MADE, PATIENCE, Media
from benchmarks.photograph import photograph
from benchmarks.result import Result
from chalicelib.derived.audit import Fault

KINDS = 100
SMALL = (420, 315)  # pixels: 40 kB
SHARE = 10
ROUNDS = 200
LEAST_CALLS = 2  # GET of the source, PUT of what is derived
PAGE = 1_000  # keys of a listing
FAULTS = {fault.value for fault in Fault}


class Healed(NamedTuple):
    """What it took to heal many at once; memory in MiB, of the function's largest process."""

    seconds: float
    emulator: float
    """CPU seconds of the emulator, which does one thing at a time."""
    calls: int
    twice: int
    memory: float


class Audited(NamedTuple):
    """What one audit took; memory in MiB."""

    seconds: float
    calls: int
    memory: float


def run(there: Media, size: int) -> Iterator[Result]:
    """Lose a tenth of all thumbnails, and audit; then all of them."""
    photos = [photograph(*SMALL, seed=seed) for seed in range(KINDS)]
    sources = [(f"photos/{n:06}.jpg", photos[n % KINDS]) for n in range(size)]
    keys = [key for key, _ in sources]
    bare = bare_healing.one_by_one(there, photos[0], ROUNDS)
    there.start_anew()
    some = keys[: size // SHARE]
    there.fill(sources[: len(some)])
    before = _healed(there, some), _audited(there, len(some))
    there.fill(sources[len(some) :])
    yield from _of_losses(size, _healed(there, keys), before[0], bare)
    yield from _of_audit(size, _audited(there, size), before[1])


def _of_losses(size: int, healed: Healed, of_some: Healed, bare: float) -> Iterator[Result]:
    name, some = f"{size:,} lost at once", f"of {size // SHARE:,}"
    one_by_one = size * bare / bare_healing.MILLI
    yield Result(f"{name}: all healed", healed.seconds, "s", "bare GET, engine, PUT, one by one", one_by_one)
    yield Result(f"{name}: CPU of the emulator", healed.emulator, "s", "all healed", healed.seconds)
    rates = size / healed.seconds, size / SHARE / of_some.seconds
    yield Result(f"{name}: heals", rates[0], "1/s", some, rates[1])
    yield Result(f"{name}: calls of the function a heal", healed.calls / size, "calls", "bound", LEAST_CALLS)
    yield Result(f"{name}: made more than once", healed.twice, "objects", "bound", 0)
    yield Result(f"{name}: memory of the largest process", healed.memory, "MiB", some, of_some.memory)


def _of_audit(size: int, audited: Audited, of_some: Audited) -> Iterator[Result]:
    name, some = f"audit of {size:,} sources, {len(MADE)} derived objects each", f"of {size // SHARE:,}"
    objects = size * len(MADE)
    least = objects + -(-size // PAGE) + -(-objects // PAGE)
    yield Result(f"{name}: calls", audited.calls, "calls", "bound: pages, one HEAD an object", least)
    yield Result(f"{name}: seconds", audited.seconds, "s", f"{SHARE} x that {some}", SHARE * of_some.seconds)
    yield Result(f"{name}: memory", audited.memory, "MiB", some, of_some.memory)


def _healed(there: Media, keys: Sequence[str]) -> Healed:
    """Lose these thumbnails, and wait until all are there again, the same of the same photograph; none is given up."""
    calls, lines = there.calls(), len(there.logged("on-object-lost", "made"))
    start, cpu, moment = time.perf_counter(), time.process_time(), time.time()
    there.lose(keys)
    there.cloud.wait_idle(PATIENCE)
    seconds, emulator = time.perf_counter() - start, time.process_time() - cpu
    listed = there.listed()
    found = [listed[there.thumbnail(key)] for key in keys]
    if len({etag for etag, _ in found}) != min(KINDS, len(keys)) or min(made for _, made in found) < int(moment):
        raise AssertionError("not all are there again, or not the same of the same photograph")
    made = Counter(line["source"] for line in there.logged("on-object-lost", "made")[lines:])
    if set(made) != set(keys) or there.dead_letters():
        raise AssertionError(f"{len(made)} of {len(keys)} were made, {there.dead_letters()} given up")
    twice = sum(number > 1 for number in made.values())
    return Healed(seconds, emulator, (there.calls() - calls).total(), twice, there.peak("on-object-lost"))


def _audited(there: Media, size: int) -> Audited:
    """Audit all, of which nothing may be wrong."""
    calls, start = there.calls(), time.perf_counter()
    slices = there.audit()
    seconds = time.perf_counter() - start
    if sum(each["sources"] for each in slices) != size or any(FAULTS & set(each) for each in slices):
        raise AssertionError(f"the audit has found {slices}")
    return Audited(seconds, (there.calls() - calls).total(), there.peak("audit-derived"))
