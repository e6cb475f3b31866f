"""`groundskeeper derived define`, `connect` and `disconnect`, against a deployed stack."""

import json
import re

import pytest

from tests.conftest import ROOT
from tests.deployed.conftest import eventually
from tests.deployed.studio import PREFIX, Studio, studio

__all__ = ["studio"]
DEFINED = """
transformations:
  thumbnail: {kind: image, box: 50x50}
  banner: {kind: image, box: 80x10, format: webp}
sources:
  - {prefix: photos/, transformations: [thumbnail]}
  - {prefix: photos/2026/, transformations: [banner]}
"""


def test_definitions_are_put_in_force_shown_and_taken_back(studio: Studio):
    before = studio.types("define", "--show").stdout
    assert before == (ROOT / "chalicelib" / "derived" / "transformations.yaml").read_text()
    bad = studio.types("define", str(studio.define("transformations:\n  a: {kind: imag, box: 3}\n")))
    assert bad.returncode == 2
    assert {"a.kind", "a.box"} <= set(re.findall(r"line 2: transformations\.(\S+):", bad.stderr))
    assert studio.types("define", "--show").stdout == before
    file = studio.define(DEFINED)
    dry = studio.types("define", str(file), "--dry-run").stdout
    defined = studio.types("define", str(file))
    assert dry.splitlines() == defined.stdout.splitlines()[:-1]
    assert "+ banner: new" in dry
    assert "~ thumbnail: changed; all that it has made is stale, and is made anew" in dry
    assert "- square: removed; what it has made stays, and is left alone" in dry
    assert defined.stdout.endswith("groundskeeper derived repair --local\n")
    assert "groundskeeper derived connect" in defined.stderr
    assert studio.types("define", "--show").stdout == DEFINED
    studio.put("photos/2026/cat.jpg")
    assert studio.types("repair").returncode == 0
    assert studio.made() == {"photos/2026/cat.jpg/banner.webp"}
    assert studio.types("define", "--default").returncode == 0
    assert studio.types("define", "--show").stdout == before
    assert studio.types("define").returncode == studio.types("define", str(file), "--show").returncode == 2


def test_definitions_that_functions_do_not_know_yet_are_not_taken_for_done(studio: Studio):
    studio.put("photos/cat.jpg")
    assert studio.types("repair").returncode == 0
    assert studio.types("define", str(studio.define(DEFINED))).returncode == 0
    repaired = studio.types("repair")
    assert repaired.returncode == 1
    assert "thumbnail.jpg: the function left it as it is" in repaired.stderr


def test_once_connected_sources_are_derived_by_themselves_and_others_keep_their_notifications(studio: Studio):
    topic = studio.cloud.client("sns").create_topic(Name=studio.sources)["TopicArn"]
    theirs = {"Id": "theirs", "TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}
    rules = [{"Name": "prefix", "Value": "logs/"}]
    theirs_only = {"TopicConfigurations": [{**theirs, "Filter": {"Key": {"FilterRules": rules}}}]}
    policy = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic,
    }
    studio.cloud.client("sns").set_topic_attributes(
        TopicArn=topic,
        AttributeName="Policy",
        AttributeValue=json.dumps({"Version": "2012-10-17", "Statement": policy}),
    )
    studio.s3.put_bucket_notification_configuration(Bucket=studio.sources, NotificationConfiguration=theirs_only)
    before = studio.configuration(studio.sources)

    in_the_way = studio.types("connect")
    assert (in_the_way.returncode, "notification 'theirs' already" in in_the_way.stderr) == (2, True)
    assert studio.configuration(studio.sources) == before

    assert studio.types("define", str(studio.define(DEFINED))).returncode == 0
    dry = json.loads(studio.types("connect", "--dry-run").stdout)[studio.sources]
    assert [each["Id"] for each in dry["QueueConfigurations"]] == [f"{studio.site.name}.sources-1"]
    assert studio.configuration(studio.sources) == before
    assert studio.types("connect").returncode == 0
    assert "nothing to change" in studio.types("connect").stdout
    studio.put("photos/cat.jpg")
    eventually(lambda: "photos/cat.jpg/thumbnail.jpg" in studio.made())
    studio.s3.delete_object(Bucket=studio.sources, Key="photos/cat.jpg")
    eventually(lambda: not studio.made())

    assert studio.types("disconnect").returncode == 0
    assert studio.configuration(studio.sources) == before
    assert "nothing to change" in studio.types("disconnect").stdout


@pytest.mark.parametrize("studio", [{"DerivedBucketName": "{sources}"}], indirect=True)
def test_a_bucket_of_both_tells_of_sources_and_of_losses_and_derived_objects_are_left_alone(studio: Studio):
    said = studio.types("connect")
    assert (said.returncode, f"the stack ignores what begins with {PREFIX}" in said.stderr) == (0, True)
    found = studio.configuration(studio.sources)
    assert [each["Events"] for each in found["TopicConfigurations"]] == [["s3:ReducedRedundancyLostObject"]]
    studio.put("cat.jpg")
    eventually(lambda: len(studio.made()) == 2)
    assert "looked at 1 source: all is right" in studio.types("audit").stdout
    assert studio.types("disconnect").returncode == 0
    assert studio.configuration(studio.sources) == {}
