"""CreateTags and DeleteTags of instances: all that are named are there, or none gets or loses a tag.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateTags.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from moto.ec2.exceptions import InvalidInstanceIdError
from moto.ec2.responses.tags import TagResponse

from localcloud.ec2.named import ID, all_instances
from localcloud.ground.patching import replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def tagged_whole() -> Iterator[None]:
    """Refuse tags of instances that are not there, which moto keeps."""
    with ExitStack() as stack:
        for name in ("create_tags", "delete_tags"):
            stack.enter_context(replaced(TagResponse, name, _whole(vars(TagResponse)[name])))
        yield


def _whole(change_tags: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def change(response: Any) -> Any:
        named = [each for each in response._get_param("Resources", []) if ID.fullmatch(each)]
        known = {each.id for each in all_instances(response.ec2_backend)} if named else set()
        if unknown := [each for each in named if each not in known]:
            raise InvalidInstanceIdError(unknown)
        return change_tags(response)

    return change
