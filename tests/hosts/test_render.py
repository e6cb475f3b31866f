"""Each format says the same names, in words that its readers take."""

import json

from chalicelib.hosts.model import Entry, ViewContent
from chalicelib.hosts.render import FORMATS, documents
from chalicelib.inventory.model import View

ENTRIES = (
    Entry("10.0.0.1", "db.fleet.example", "i-1"),
    Entry("10.0.0.1", "web.fleet.example", "i-1"),
    Entry("fd00::1", "web.fleet.example", None),
)
SHEET = ViewContent("gk-test", View.PRIVATE, 9100, ENTRIES)


def text(format_: str, content: ViewContent = SHEET) -> str:
    return next(document.text for document in documents(content) if document.format == format_)


def test_a_hosts_file_is_whole_with_localhost_in_it():
    assert text("hosts") == (
        "# Groundskeeper stack gk-test, private view\n"
        "127.0.0.1\tlocalhost\n"
        "::1\tlocalhost ip6-localhost ip6-loopback\n"
        "10.0.0.1\tdb.fleet.example\n"
        "10.0.0.1\tweb.fleet.example\n"
        "fd00::1\tweb.fleet.example\n"
    )


def test_json_lists_every_entry():
    said = json.loads(text("json"))
    assert said["view"] == "private"
    assert said["entries"][0] == {"address": "10.0.0.1", "name": "db.fleet.example", "instance": "i-1"}
    assert said["entries"][2] == {"address": "fd00::1", "name": "web.fleet.example", "instance": None}
    assert len(said["entries"]) == 3


def test_prometheus_finds_each_machine_once():
    first, second = json.loads(text("prometheus"))
    assert first["targets"] == ["10.0.0.1:9100"]
    assert second["targets"] == ["[fd00::1]:9100"]
    assert first["labels"]["__meta_groundskeeper_names"] == ",db.fleet.example,web.fleet.example,"
    assert first["labels"]["__meta_groundskeeper_instance_id"] == "i-1"
    assert second["labels"]["__meta_groundskeeper_instance_id"] == ""


def test_dnsmasq_gets_a_record_for_each_entry():
    assert text("dnsmasq").splitlines()[1:] == [
        "host-record=db.fleet.example,10.0.0.1",
        "host-record=web.fleet.example,10.0.0.1",
        "host-record=web.fleet.example,fd00::1",
    ]


def test_ssh_gets_a_block_for_each_name_with_its_first_address_and_a_key_that_goes_with_the_instance():
    assert "\nHost web.fleet.example web\n    HostName 10.0.0.1\n    HostKeyAlias i-1\n" in text("ssh_config")
    assert text("ssh_config").count("\nHost ") == 2
    claimed = ViewContent("gk-test", View.PRIVATE, 9100, (Entry("10.9.9.9", "api.fleet.example", None),))
    assert text("ssh_config", claimed).endswith("\nHost api.fleet.example api\n    HostName 10.9.9.9\n")


def test_a_view_without_a_name_is_still_a_document_in_every_format():
    empty = ViewContent("gk-test", View.PUBLIC, 9100, ())
    assert text("hosts", empty).count("\n") == 3
    assert json.loads(text("json", empty))["entries"] == []
    assert json.loads(text("prometheus", empty)) == []
    assert len(documents(empty)) == len(FORMATS)
    assert all(document.text.endswith("\n") for document in documents(empty))
