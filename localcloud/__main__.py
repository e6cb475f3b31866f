"""The command `python -m localcloud`: `run` deploys a package and keeps it running; the others act on that."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localcloud import clock, fire, lose
from localcloud.cloud import LocalCloud, PortTakenError
from localcloud.functions.pace import Pace
from localcloud.run_file import NoneRunsError, RunsAlreadyError, published, refuse_another
from localcloud.stacks.deploy import DeploymentError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

USAGE_ERROR = 2
OTHERS = {"lose": lose.run, "clock": clock.run, "fire": fire.run}

INSTRUCTIONS = """
AWS API   {aws_endpoint}   (all services; account {account_id}, region {region})
HTTP API  {api_url}
domain    {domain}   (hosted zone {hosted_zone_id})
logs      {logs}

boto3:    boto3.client("ec2", endpoint_url="{aws_endpoint}", region_name="{region}",
                       aws_access_key_id="{access_key}", aws_secret_access_key="{secret_key}")
aws-cli:  export AWS_ENDPOINT_URL={aws_endpoint} AWS_DEFAULT_REGION={region} \\
                 AWS_ACCESS_KEY_ID={access_key} AWS_SECRET_ACCESS_KEY={secret_key}
          aws ec2 describe-instances
          aws route53 list-resource-record-sets --hosted-zone-id {hosted_zone_id}
{buckets}lose:     .venv/bin/python -m localcloud lose s3://bucket/key   (as S3 may lose an object)
clock:    .venv/bin/python -m localcloud clock 2027-01-31T08:00Z   (another time for functions, snapshots, events)
fire:     .venv/bin/python -m localcloud fire {stack}-sweep-snapshots   (a schedule, now)

Ctrl-C stops it.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0 stopped, 1 not deployed, 2 cannot start; others have their own."""
    options = _parser().parse_args(arguments)
    if options.command in OTHERS:
        return _act(options)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    stopping = threading.Event()
    try:
        _check(options)
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return USAGE_ERROR
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    try:
        _run(options, stopping)
    except (PortTakenError, RunsAlreadyError) as error:
        sys.stderr.write(f"{error}\n")
        return USAGE_ERROR
    except DeploymentError as error:
        sys.stderr.write(f"not deployed: {error}\n")
        return 1
    except LookupError as error:
        sys.stderr.write(f"--fire: {error}\n")
        return USAGE_ERROR
    return 0


def _act(options: argparse.Namespace) -> int:
    """Act on the cloud that runs, and return what the command returns."""
    try:
        return OTHERS[options.command](options)
    except NoneRunsError as error:
        sys.stderr.write(f"{error}\n")
        return USAGE_ERROR


class UsageError(Exception):
    """The command line asks for something that cannot be."""


def _check(options: argparse.Namespace) -> None:
    if not (options.package / "sam.json").is_file():
        raise UsageError(f"there is no package in {options.package}: sam.json is missing")
    _filled(options.parameter, {"hosted_zone_id": "", "domain": ""})


def _run(options: argparse.Namespace, stopping: threading.Event) -> None:
    refuse_another(options.workdir / "run.json")
    cloud = LocalCloud(
        aws_port=options.aws_port,
        api_port=options.api_port,
        region=options.region,
        workdir=options.workdir,
        pace=Pace(failed_message=options.retry_after),
    )
    with cloud:
        facts = _facts(cloud, options)
        for bucket in options.bucket:
            cloud.create_bucket(bucket)
        cloud.deploy(options.package, options.stack, _filled(options.parameter, facts))
        for rule in options.fire:
            cloud.fire_schedule(rule)
        with published(options.workdir / "run.json", facts):
            buckets = "".join(f"bucket    s3://{bucket}\n" for bucket in options.bucket)
            sys.stdout.write(INSTRUCTIONS.format(**facts, logs=options.workdir / "logs", buckets=buckets))
            sys.stdout.write("ready\n")
            sys.stdout.flush()
            stopping.wait()


def _facts(cloud: LocalCloud, options: argparse.Namespace) -> dict[str, Any]:
    facts = cloud.facts(options.stack)
    facts |= {"hosted_zone_id": cloud.create_zone(options.zone), "domain": options.zone}
    if options.private_zone:
        facts["private_hosted_zone_id"] = cloud.create_zone(options.private_zone, private=True)
    return facts


def _filled(parameters: Sequence[str], facts: Mapping[str, Any]) -> dict[str, str]:
    """Return the stack's parameters with placeholders filled in."""
    known = {
        "zone_id": facts["hosted_zone_id"],
        "private_zone_id": facts.get("private_hosted_zone_id", ""),
        "domain": facts["domain"],
    }
    filled = {}
    for parameter in parameters:
        name, equals, value = parameter.partition("=")
        if not (name and equals):
            raise UsageError(f"--parameter {parameter}: Key=Value is wanted")
        try:
            filled[name] = value.format(**known)
        except (KeyError, IndexError, ValueError) as error:
            places = ", ".join(f"{{{each}}}" for each in known)
            raise UsageError(f"--parameter {parameter}: the placeholders are {places}") from error
    return filled


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="localcloud", description="An AWS account on this machine.")
    commands = parser.add_subparsers(required=True, dest="command")
    losing = commands.add_parser("lose", help="make the cloud that runs lose objects, as S3 may lose them")
    losing.add_argument("urls", nargs="+", metavar="s3://bucket/key", help="the key as it is, nothing encoded")
    firing = commands.add_parser("fire", help="fire a schedule of the cloud that runs now")
    firing.add_argument("name", help="the rule's name, or its function's")
    setting = commands.add_parser("clock", help="tell what time it is in the cloud that runs, or change it")
    setting.add_argument("moment", nargs="?", help="ISO 8601, in UTC if nothing else is said; or real: real time again")
    run = commands.add_parser("run", help="deploy a package and keep it running")
    run.add_argument("--package", type=Path, required=True, help="what `chalice package` wrote")
    run.add_argument("--stack", required=True, help="name of the stack")
    run.add_argument("--zone", required=True, help="domain of the hosted zone to make")
    run.add_argument("--private-zone", help="domain of a private hosted zone to make")
    run.add_argument("--bucket", action="append", default=[], help="a bucket to make")
    run.add_argument(
        "--parameter",
        action="append",
        default=[],
        help="Key=Value for the stack; {zone_id}, {private_zone_id} and {domain} are filled in",
    )
    run.add_argument(
        "--fire", action="append", default=[], help="a schedule that fires once at the start, named by its function"
    )
    run.add_argument("--region", default="us-east-1")
    run.add_argument("--aws-port", type=int, default=_port("AWS_PORT", 4566), help="AWS_PORT, or 4566")
    run.add_argument("--api-port", type=int, default=_port("API_PORT", 8000), help="API_PORT, or 8000")
    for command in (run, losing, setting, firing):
        command.add_argument("--workdir", type=Path, default=Path(".localcloud"), help="logs and run.json")
    run.add_argument("--retry-after", type=int, help="seconds until a failed queue message is tried again")
    return parser


def _port(variable: str, default: int) -> int:
    text = os.environ.get(variable) or str(default)
    if not (text.isdecimal() and int(text) < 65536):
        sys.stderr.write(f"{variable}={text} is not a port\n")
        raise SystemExit(USAGE_ERROR)
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
