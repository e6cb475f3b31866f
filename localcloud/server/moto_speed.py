"""moto where it looks at everything to find one thing: thousands of messages, instances and tags in linear time.

And where it draws an id digit by digit, thousands of them for the images that every region starts with.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from moto.core.utils import camelcase_to_underscores
from moto.ec2 import utils as ec2_utils
from moto.ec2.models.amis import AmiBackend
from moto.ec2.models.core import TaggedEC2Resource
from moto.moto_api._internal import mock_random
from moto.sqs import models as sqs_models
from moto.sqs.models import Queue

from localcloud.ground.patching import replaced


class QueueAttributes(Mapping[str, Any]):
    """A queue's attributes, each found when it is asked for: moto counts all messages for each one sent."""

    def __init__(self, queue: Any) -> None:
        self._queue = queue
        self._names = [
            *queue.BASE_ATTRIBUTES,
            *(queue.FIFO_ATTRIBUTES if queue.fifo_queue else ()),
            *(queue.KMS_ATTRIBUTES if queue.kms_master_key_id else ()),
        ]

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise KeyError(name)
        value = getattr(self._queue, camelcase_to_underscores(name))
        if name == "RedrivePolicy" and value:
            return json.dumps(value)
        return str(value).lower() if isinstance(value, bool) else value

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@contextmanager
def linear_time() -> Iterator[None]:
    """Replace moto's slowest searches."""
    describe_images = AmiBackend.describe_images

    def images(backend: Any, *args: Any, **kwargs: Any) -> Any:
        wanted = kwargs.get("filters")
        if args or kwargs.keys() != {"filters"} or not wanted or wanted.keys() != {"image-id"}:
            return describe_images(backend, *args, **kwargs)
        ids = wanted["image-id"] if isinstance(wanted["image-id"], list) else [wanted["image-id"]]
        if any("*" in each or "?" in each for each in ids):
            return describe_images(backend, *args, **kwargs)
        return [backend.amis[each] for each in ids if each in backend.amis]

    def tags(resource: Any) -> list[dict[str, str]]:
        held = resource.ec2_backend.tags.get(resource.id, {}) if resource.id else {}
        return [{"resource_id": resource.id, "key": key, "value": value} for key, value in held.items()]

    with (
        replaced(sqs_models, "unix_time_millis", lambda: time.time() * 1000),
        replaced(Queue, "attributes", property(QueueAttributes)),
        replaced(AmiBackend, "describe_images", images),
        replaced(TaggedEC2Resource, "get_tags", tags),
        replaced(ec2_utils, "random_resource_id", lambda size=8: f"{mock_random.getrandbits(4 * size):0{size}x}"),
    ):
        yield
