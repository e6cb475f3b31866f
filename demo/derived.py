"""The scenes of derived objects: made, lost and healed, asked for, and gone with their source."""

from functools import partial
from pathlib import Path

from botocore.exceptions import ClientError

from demo import media, sheet
from demo.stage import RESULTS, SOURCES, STACK, Stage

PHOTO, VIDEO, DOCUMENT = "photos/grace hopper.jpg", "videos/down.mp4", "documents/grace.pdf"
THUMBNAIL = f"derived/{PHOTO}/thumbnail.jpg"


def play(stage: Stage) -> None:
    """Play every scene."""
    bucket = stage.outputs["DerivedBucketName"]
    _connects(stage)
    _made(stage, bucket)
    _healed(stage, bucket)
    _asked_for(stage, bucket)
    _shown(stage, bucket)
    _gone(stage, bucket)


def _connects(stage: Stage) -> None:
    stage.scene("S3 is told to tell the stack about a bucket of photographs, videos and documents")
    stage.run("groundskeeper", "derived", "connect", "--local", echo=True)


def _made(stage: Stage, bucket: str) -> None:
    stage.scene("A photograph, a video and a document come: smaller pictures are made of each")
    for key, body in ((PHOTO, media.photograph()), (VIDEO, media.video()), (DOCUMENT, media.document())):
        stage.s3.put_object(Bucket=SOURCES, Key=key, Body=body)
        stage.say(f"$ aws s3 cp … 's3://{SOURCES}/{key}'   ({len(body) / 1000:.0f} kB)")
    for key, leaves in ((PHOTO, "large.jpg thumbnail.jpg"), (VIDEO, "poster.jpg"), (DOCUMENT, "cover.jpg")):
        wanted = {f"derived/{key}/{leaf}" for leaf in leaves.split()}
        stage.expect(f"{leaves} of {key}", partial(_are_there, stage, bucket, wanted))
    shown = stage.s3.head_object(Bucket=bucket, Key=THUMBNAIL)
    stage.say(f"$ aws s3api head-object --bucket {bucket} --key '{THUMBNAIL}'")
    facts = {name: shown[name] for name in ("StorageClass", "ContentType", "CacheControl", "ContentLength")}
    stage.say("\n   ".join(f"  {name}: {value}" for name, value in (facts | shown["Metadata"]).items()))


def _healed(stage: Stage, bucket: str) -> None:
    stage.scene("S3 loses a thumbnail, and says so: it is made again from its source")
    before = _read(stage, bucket, THUMBNAIL)
    stage.cloud.lose_object(bucket, THUMBNAIL)
    answer = _answer(stage, bucket)
    stage.say(f"$ python -m localcloud lose 's3://{bucket}/{THUMBNAIL}'")
    stage.say(f"$ aws s3api head-object --bucket {bucket} --key '{THUMBNAIL}'   → {answer}")
    stage.expect(
        "it has been made again, says the log, because S3 has lost it",
        lambda: any("S3 has lost it" in line for line in stage.cloud.logs(f"{STACK}-on-object-lost")),
    )
    stage.expect("not a byte is different", lambda: _read(stage, bucket, THUMBNAIL) == before)


def _asked_for(stage: Stage, bucket: str) -> None:
    stage.scene("A client asks for a picture that nobody has made yet")
    made = stage.run(
        *("groundskeeper", "tokens", "create", "gallery", "--scope", "derived:read:photos/*", "--local"),
        shown="> gallery.token",
    )
    path = f"{PHOTO.replace(' ', '%20')}/square.webp"
    stage.say(f"$ curl -L …/derived/{path} -H 'Authorization: Bearer …' -o square.webp")
    url, bearer = f"{stage.cloud.api_url}/derived/{path}", f"Authorization: Bearer {made.stdout.strip()}"
    where = ("--output", "square.webp", "--write-out", "%{http_code} %{content_type} %{size_download} bytes")
    got = stage.run("curl", "--silent", "--location", url, "-H", bearer, *where, quiet=True)
    stage.say(got.stdout)
    stage.expect("it is made while the client waits, and sent from S3", lambda: got.stdout.startswith("200 image/webp"))
    kept = f"derived/{PHOTO}/square.webp"
    stage.expect("it stays, for the next one who asks", lambda: kept in _keys(stage, bucket))


def _shown(stage: Stage, bucket: str) -> None:
    stage.scene("These are the results")
    pictures = {key.removeprefix("derived/"): _read(stage, bucket, key) for key in _keys(stage, bucket)}
    for key, body in pictures.items():
        path = RESULTS / "derived" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        stage.say(f"{path.relative_to(Path.cwd(), walk_up=True)}")
    contact = RESULTS / "contact-sheet.png"
    sheet.draw(pictures, contact)
    stage.say(f"{contact.relative_to(Path.cwd(), walk_up=True)}   has them side by side")


def _gone(stage: Stage, bucket: str) -> None:
    stage.scene("The photograph is deleted: what was made of it goes with it, and nothing else")
    stage.s3.delete_object(Bucket=SOURCES, Key=PHOTO)
    stage.say(f"$ aws s3 rm 's3://{SOURCES}/{PHOTO}'")
    left = {f"derived/{VIDEO}/poster.jpg", f"derived/{DOCUMENT}/cover.jpg"}
    stage.expect(
        "its pictures are gone; the video's and the document's stay", lambda: set(_keys(stage, bucket)) == left
    )
    stage.say("\n   ".join(_keys(stage, bucket)))
    audit = stage.run("groundskeeper", "derived", "audit", "--local", echo=True)
    stage.expect("an audit finds nothing wrong", lambda: audit.returncode == 0)


def _are_there(stage: Stage, bucket: str, wanted: set[str]) -> bool:
    return wanted <= set(_keys(stage, bucket))


def _keys(stage: Stage, bucket: str) -> list[str]:
    return [found["Key"] for found in stage.s3.list_objects_v2(Bucket=bucket).get("Contents", ())]


def _read(stage: Stage, bucket: str, key: str) -> bytes:
    try:
        return bytes(stage.s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    except ClientError:
        return b""


def _answer(stage: Stage, bucket: str) -> str:
    try:
        stage.s3.head_object(Bucket=bucket, Key=THUMBNAIL)
    except ClientError as error:
        return f"{error.response['Error']['Code']} {error.response['Error']['Message']}"
    return "200: healed already"
