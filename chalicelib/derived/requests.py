"""What a request for derived objects says (docs/derived-request.schema.json), and what is wrong with it."""

import json
from collections.abc import Mapping
from typing import Any

from chalicelib.derived.definitions import Definitions
from chalicelib.derived.job import Task
from chalicelib.derived.keys import LONGEST, Origin
from chalicelib.derived.model import Transformation
from chalicelib.errors import BadRequest

FIELDS = ("bucket", "key", "transformations")
MOST_TRANSFORMATIONS = 64


def parse(body: str | bytes) -> Any:
    """Return JSON; raise BadRequest."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"the request is not JSON: {error}") from error


def task(said: Any, origin: Origin, definitions: Definitions) -> Task:
    """Return the task that a request is for.

    Without transformations it is about all that the rules want of the source, and all that has been made of it.

    Raises:
        BadRequest: it is not such an object; the message names the field and what it must be.
    """
    fields = _object(said)
    bucket = fields.get("bucket", origin.source_bucket)
    if bucket != origin.source_bucket:
        raise BadRequest(f'"bucket" must be {origin.source_bucket!r}, the bucket of sources, and is {bucket!a}')
    key = source_key(fields.get("key"))
    if origin.is_derived(bucket, key):
        raise BadRequest(f'"key" is {key!a}, which is a derived object itself')
    names = fields.get("transformations")
    wanted = definitions.wanted(key) if names is None else _named(names, definitions)
    for transformation in wanted:
        origin.keys.of(key, transformation)
    return Task(key, wanted, whole_family=names is None)


def spell(asked: Task, bucket: str) -> dict[str, Any]:
    """Return a task as a request."""
    names = {} if asked.whole_family else {"transformations": [each.name for each in asked.wanted]}
    return {"bucket": bucket, "key": asked.source_key, **names}


def _object(said: Any) -> Mapping[str, Any]:
    if not isinstance(said, dict):
        raise BadRequest('the request must be a JSON object such as {"key": "photos/cat.jpg"}')
    if unknown := [field for field in said if field not in FIELDS]:
        raise BadRequest(f"there is no field {unknown[0]!a}: there are {', '.join(FIELDS)}")
    return said


def source_key(key: Any) -> str:
    """Return a key that S3 can have; raise BadRequest."""
    if not isinstance(key, str) or not key:
        raise BadRequest('"key" must be the key of an object in the bucket of sources')
    try:
        length = len(key.encode())
    except UnicodeEncodeError as error:
        raise BadRequest(f'"key" is no text that S3 could have: {error}') from error
    if length > LONGEST:
        raise BadRequest(f'"key" has {length} bytes, and S3\'s keys have {LONGEST} at most')
    return key


def _named(names: Any, definitions: Definitions) -> tuple[Transformation, ...]:
    if not isinstance(names, list) or not names or len(names) > MOST_TRANSFORMATIONS:
        raise BadRequest(f'"transformations" must be a list of 1 to {MOST_TRANSFORMATIONS} names')
    known = definitions.transformations
    if unknown := [name for name in names if not isinstance(name, str) or name not in known]:
        raise BadRequest(f"there is no transformation {unknown[0]!a}: there are {', '.join(known)}")
    return tuple(known[name] for name in dict.fromkeys(names))
