"""What operators define: the rules of idle instances, as YAML in which every fault has a line and a reason."""

import re
from pathlib import Path
from zoneinfo import ZoneInfo

from chalicelib.definition.forms import Form, decimal, did_you_mean, matching, time_zone, whole
from chalicelib.definition.places import Fields, Place, document
from chalicelib.idle.model import OWN_PREFIX
from chalicelib.idle.rules import DEFAULT_PRESET, MB, PRESETS, Limit, Preset, Rules, Statistic

MOST_PRESETS, MOST_TAGS = 32, 50
# CloudWatch keeps datapoints of an hour for 455 days, but rounds starts from 63 days on:
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
LONGEST_WINDOW = 62
DEFAULTS = Rules()
_FIELDS = (
    *("preset", "presets", "coverage", "youngest", "grace", "time-zone", "owner-tag", "exempt-tags"),
    "suggestions",
)


def packaged() -> str:
    """Return the text of the rules that come with the application."""
    return Path(__file__).with_name("rules.yaml").read_text(encoding="utf-8")


def read(text: str | bytes, name: str = "rules.yaml") -> Rules:
    """Return the rules that a text defines.

    Raises:
        BadDefinition: the text is malformed; the message has ``name``, and a line and a reason for each fault.
    """
    with document(text, name) as root:
        said = root.fields("a mapping such as preset: compute-optimizer", _FIELDS)
        preset = _chosen(said)
        grace = said.take("grace", whole(1, 365), DEFAULTS.grace)
        if not preset.sees(grace):
            where = "grace" if "grace" in said else "preset"
            said.fault(where, f"{grace} days of grace are more than the {preset.days} that {preset.name} looks at")
            grace = preset.days
        return Rules(
            preset,
            coverage=said.take("coverage", whole(1, 100), int(DEFAULTS.coverage)),
            youngest=said.take("youngest", whole(0, 365), preset.days),
            grace=grace,
            zone=said.take("time-zone", time_zone(), ZoneInfo("UTC")),
            exempt_tags=frozenset(_tags(said)),
            owner_tag=said.take("owner-tag", _TAG, DEFAULTS.owner_tag),
            suggests=said.take("suggestions", _YES, DEFAULTS.suggests),
        )


def _chosen(said: Fields) -> Preset:
    """Return the preset in force: one of ours, or of the operator's own."""
    place = said.place("presets")
    own = place.entries("a mapping of names to presets", 1, MOST_PRESETS) if place else {}
    presets = {**PRESETS, **{name: _preset(name, entry) for name, entry in own.items()}}
    name = said.take("preset", _TEXT, DEFAULT_PRESET.name)
    if name not in presets:
        said.fault("preset", f"there is no preset of this name: {did_you_mean(name, presets)}")
        return DEFAULT_PRESET
    return presets[name]


def _preset(name: str, place: Place) -> Preset:
    if _NAME.parse(name) is None:
        place.fault_of_key(f"wants a name of {_NAME.wants}")
    if name in PRESETS:
        place.fault_of_key("is one of ours, and stays what it is: take another name")
    said = place.fields("a mapping with the field cpu", ("cpu", "network", "days", "idle-days"))
    days = said.take("days", whole(1, LONGEST_WINDOW), DEFAULT_PRESET.days)
    cpu = said.need_place("cpu", _LIMIT)
    of_cpu = cpu.fields(_LIMIT, ("statistic", "below", "at-most")) if cpu else None
    network = said.place("network")
    of_network = network.fields(_LIMIT, ("below", "at-most")) if network else None
    return Preset(
        name,
        of_cpu.take("statistic", _STATISTIC, Statistic.MAXIMUM) if of_cpu else Statistic.MAXIMUM,
        (_limit(cpu, of_cpu, 100) if cpu and of_cpu else None) or DEFAULT_PRESET.cpu,
        _limit(network, of_network, 1_000_000, MB) if network and of_network else None,
        days,
        said.take("idle-days", whole(1, days), 0) or None,
    )


def _limit(place: Place, said: Fields, most: int, unit: float = 1) -> Limit | None:
    """Return a limit, which is said in one of two ways; None, with a fault noted, where it is not."""
    if ("below" in said) == ("at-most" in said):
        place.fault(f"wants {_LIMIT}")
        return None
    form = decimal(0, most)
    if "below" in said:
        below = said.take("below", form, 0.0)
        if not below and said.is_sound("below"):
            said.fault("below", "nothing is below 0: say at-most: 0")
        return Limit(below * unit)
    return Limit(said.take("at-most", form, 0.0) * unit, is_included=True)


def _tags(said: Fields) -> list[str]:
    place = said.place("exempt-tags")
    items = place.items("a list of tags' keys such as [Production]", MOST_TAGS) if place else []
    return [tag for item in items if (tag := item.scalar(_TAG)) is not None]


def _tag(text: str) -> str | None:
    return text if 1 <= len(text) <= 128 and not text.startswith(OWN_PREFIX) else None


_TEXT = Form("a preset's name", lambda text: text or None)
_NAME = matching(re.compile(r"[a-z0-9-]{1,32}"), "1 to 32 of a-z, 0-9 and -")
_STATISTIC = Form("maximum or average", {"maximum": Statistic.MAXIMUM, "average": Statistic.AVERAGE}.get)
_YES = Form("yes or no", {"yes": True, "no": False}.get)
_TAG = Form(f"a tag's key of 1 to 128 characters, which does not begin with {OWN_PREFIX}", _tag)
_LIMIT = "just one of below and at-most, such as {below: 5}"
