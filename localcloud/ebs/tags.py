"""Tags that a request brings, checked as EC2 checks them.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from moto.ec2.exceptions import EC2ClientError, TagLimitExceeded
from moto.ec2.responses.tags import TagResponse

from localcloud.ground.patching import replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

MOST = 50
LONGEST_KEY, LONGEST_VALUE = 128, 256
RESERVED = "aws:"


@contextmanager
def tags_checked() -> Iterator[None]:
    """Refuse tags in CreateTags and DeleteTags that EC2 refuses."""
    with (
        replaced(TagResponse, "create_tags", _checked(TagResponse.create_tags)),
        replaced(TagResponse, "delete_tags", _checked(TagResponse.delete_tags)),
    ):
        yield


def given_for(response: Any, kind: str) -> dict[str, str]:
    """Return the tags with which a request makes something of a kind; raise `EC2ClientError`."""
    return given_by_kind(response, (kind,))[kind]


def given_by_kind(response: Any, kinds: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """Return the tags with which a request makes things of some kinds; raise `EC2ClientError`."""
    tags: dict[str, list[dict[str, str]]] = {kind: [] for kind in kinds}
    for specification in response._get_param("TagSpecifications", []):
        wanted = specification.get("ResourceType")
        if wanted not in tags:
            raise invalid(f"'{wanted}' is not a valid taggable resource type for this operation.")
        if not specification.get("Tags"):
            raise invalid("Tag specification must have at least one tag")
        tags[wanted] += specification["Tags"]
    return {kind: as_dict(each) for kind, each in tags.items()}


def as_dict(tags: Iterable[dict[str, str]]) -> dict[str, str]:
    """Return a list of tags as a dict; raise `EC2ClientError`."""
    found: dict[str, str] = {}
    for tag in tags:
        key, value = tag.get("Key", ""), tag.get("Value", "")
        if key in found:
            raise invalid(f"Duplicate tag key '{key}' specified.")
        _check(key, value)
        found[key] = value
    check_count(found)
    return found


def check_count(tags: Iterable[str]) -> None:
    """Refuse more tags than a resource may have."""
    if sum(not key.startswith(RESERVED) for key in tags) > MOST:
        raise TagLimitExceeded


def copied_from(source: Any) -> dict[str, str]:
    """Return the tags of a volume that its snapshots may have too."""
    return {key: value for key, value in source.ec2_backend.tags.get(source.id, {}).items() if not _reserved(key)}


def invalid(message: str) -> EC2ClientError:
    """Return the refusal of a parameter's value."""
    return EC2ClientError("InvalidParameterValue", message)


def _check(key: str, value: str) -> None:
    if not key:
        raise invalid("Tag key cannot be empty")
    if _reserved(key):
        raise invalid("Tag keys starting with 'aws:' are reserved for internal use")
    if len(key) > LONGEST_KEY:
        raise invalid(f"Tag key exceeds the maximum length of {LONGEST_KEY} characters")
    if len(value) > LONGEST_VALUE:
        raise invalid(f"Tag value exceeds the maximum length of {LONGEST_VALUE} characters")


def _reserved(key: str) -> bool:
    return key.lower().startswith(RESERVED)


def _checked(change_tags: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def change(response: Any) -> Any:
        as_dict(response._get_param("Tags", []))
        return change_tags(response)

    return change
