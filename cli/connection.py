"""How the command reaches a deployed stack: its settings are those of the stack's own sweep function."""

import json
import os
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import settings
from chalicelib.errors import BadSettings
from chalicelib.inventory import dnsname
from chalicelib.settings import Settings
from chalicelib.wiring.base import Base

DEFAULT_STACK = "groundskeeper-dev"
RUN_FILE = Path(".localcloud/run.json")


def session(*, local: bool, region: str | None, profile: str | None) -> tuple[boto3.Session, dict[str, Any]]:
    """Return a session, and what a local cloud says of itself if one is meant.

    A local cloud's address goes into AWS_ENDPOINT_URL, so that sessions made later go there too.

    Raises:
        BadSettings: no local cloud runs, or there is no such profile or no region.
    """
    if not local:
        try:
            made = boto3.Session(profile_name=profile, region_name=region)
        except BotoCoreError as error:
            raise BadSettings(str(error)) from error
        if not made.region_name:
            raise BadSettings("no region: give --region, or set AWS_DEFAULT_REGION")
        return made, {}
    try:
        run: dict[str, Any] = json.loads(RUN_FILE.read_text())
    except FileNotFoundError as error:
        raise BadSettings(f"no local cloud runs here ({RUN_FILE} is missing): start one with `make run`") from error
    os.environ["AWS_ENDPOINT_URL"] = run["aws_endpoint"]
    return boto3.Session(run["access_key"], run["secret_key"], region_name=run["region"]), run


def environment(made: boto3.Session, stack: str) -> dict[str, str] | None:
    """Return the environment of a stack's sweep function, or None where there is no such stack."""
    try:
        function = made.client("lambda").get_function_configuration(FunctionName=f"{stack}-sweep-names")
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return None
        raise
    return function["Environment"]["Variables"]


def still_writes(made: boto3.Session, stack: str, zone_id: str, domain: str) -> bool:
    """Say whether a stack exists and writes names below this domain of this zone.

    The stack's roles are looked for, since they are the account's and not a region's.
    """
    try:
        made.client("iam").get_role(RoleName=f"{stack}-sweep-names")
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchEntity":
            return False
        raise
    there = environment(made, stack)
    if there is None:
        return True  # in another region
    zones = {there.get("HOSTED_ZONE_ID"), there.get("PRIVATE_HOSTED_ZONE_ID")}
    return zone_id in zones and dnsname.canonical(domain) == dnsname.canonical(there.get("DOMAIN", ""))


def deployed_settings(made: boto3.Session, stack: str) -> Settings:
    """Return the settings of a deployed stack; raise BadSettings where there is none to read."""
    variables = environment(made, stack)
    if variables is None:
        raise BadSettings(f"there is no stack {stack} in {made.region_name}: name it with --stack and --region")
    return settings.read({**variables, "AWS_REGION": made.region_name})


def connect(*, stack: str | None, local: bool, region: str | None, profile: str | None) -> Base:
    """Return the base of the wiring of a deployed stack; raise BadSettings where it cannot be reached."""
    made, run = session(local=local, region=region, profile=profile)
    return Base(deployed_settings(made, stack or run.get("stack", DEFAULT_STACK)), made)
