"""The command `python -m localcloud lose`: a running local cloud loses objects, as S3 may lose some some day."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from localcloud.own_api_client import LOSE, ask
from localcloud.run_file import running

if TYPE_CHECKING:
    import argparse

USAGE_ERROR = 2


def run(options: argparse.Namespace) -> int:
    """Lose the objects; return 0 if all were lost, 1 if one is not there, 2 for what is no URL; raise NoneRunsError."""
    try:
        wanted = [_split(url) for url in options.urls]
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return USAGE_ERROR
    facts = running(options.workdir / "run.json")
    answers = [ask(facts, LOSE, {"bucket": bucket, "key": key}) for bucket, key in wanted]
    for url, answer in zip(options.urls, answers, strict=True):
        if "error" in answer:
            sys.stderr.write(f"{url}: {answer['error']}\n")
        else:
            sys.stdout.write(f"lost {url}: {_told(answer['told'])}\n")
    return int(any("error" in answer for answer in answers))


def _split(url: str) -> tuple[str, str]:
    """Return bucket and key of s3://bucket/key; raise ValueError. A key is taken as it is, with nothing encoded."""
    bucket, _, key = url.removeprefix("s3://").partition("/")
    if not (url.startswith("s3://") and bucket and key):
        raise ValueError(f"{url}: s3://bucket/key is wanted")
    return bucket, key


def _told(destinations: int | None) -> str:
    if destinations is None:
        return "nobody is told, because its storage class is not REDUCED_REDUNDANCY"
    if not destinations:
        return "nobody is told, because no notification is configured for s3:ReducedRedundancyLostObject"
    return f"{destinations} destination{'' if destinations == 1 else 's'} told"
