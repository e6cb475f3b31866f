"""Stamps as S3 keeps them: user metadata, which is ASCII and 2 KB at the most.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
"""

from collections.abc import Mapping
from urllib.parse import quote, unquote

from chalicelib.derived.model import Stamp

ETAG, DIGEST, ENGINE = "groundskeeper-source-etag", "groundskeeper-transformation", "groundskeeper-engine"
BUCKET, KEY, REASON = "groundskeeper-source-bucket", "groundskeeper-source-key", "groundskeeper-reason"
LONGEST_KEY = 1200  # characters: a key of 1,024 bytes may need three times as many, and stands in the object's own key
LONGEST_REASON = 300  # characters, encoded


def metadata(stamp: Stamp, bucket: str, source_key: str, reason: str = "") -> dict[str, str]:
    """Return a stamp as an object's metadata, with where the source is."""
    said = {ETAG: stamp.source_etag, DIGEST: stamp.digest, ENGINE: stamp.engine, BUCKET: bucket}
    if len(key := quote(source_key)) <= LONGEST_KEY:
        said[KEY] = key
    if reason:
        said[REASON] = quote(reason, safe=" ,;:'()/")[:LONGEST_REASON]
    return said


def stamp(said: Mapping[str, str]) -> Stamp | None:
    """Return the stamp that metadata holds, or None where it is not ours."""
    if not {ETAG, DIGEST} <= said.keys():
        return None
    return Stamp(said[ETAG], said[DIGEST], said.get(ENGINE, ""))


def is_of(said: Mapping[str, str], bucket: str, source_key: str) -> bool:
    """Say whether metadata are those of what is derived of this very source, and no copy's or other stack's."""
    return said.get(BUCKET) == bucket and unquote(said.get(KEY, quote(source_key))) == source_key


def reason(said: Mapping[str, str]) -> str:
    """Return why a tombstone stands."""
    return unquote(said.get(REASON, ""))
