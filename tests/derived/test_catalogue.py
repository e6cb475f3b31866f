"""What clients are told that there is."""

import json
from dataclasses import replace

from chalicelib.derived import catalogue, definitions
from chalicelib.derived.definitions import Definitions, Rule
from chalicelib.derived.engine.kinds import SourceFormat
from chalicelib.derived.model import Format, Kind, Transformation
from tests.derived.fakes import DEFINITIONS, LARGE, POSTER, THUMB


def test_every_transformation_is_listed_with_what_it_makes_and_the_rules_by_their_prefix():
    shown = catalogue.transformations(DEFINITIONS)
    assert shown["transformations"]["large"] == {
        "kind": "image",
        "box": "1600x1600",
        "fit": "inside",
        "format": "webp",
        "background": "#ffffff",
        "digest": LARGE.digest,
        "quality": 80,
        "animation": "first",
        "copyright": "strip",
    }
    assert list(shown["transformations"]) == ["thumb", "large", "poster"]
    assert shown["sources"] == [{"prefix": "", "transformations": ["thumb", "poster"]}]


def test_each_kind_shows_what_it_alone_has_and_nothing_that_means_nothing():
    kinds = [POSTER, Transformation("cover", Kind.PDF_PAGE, 1, 1), replace(THUMB, name="png", format=Format.PNG)]
    shown = catalogue.transformations(Definitions({each.name: each for each in kinds}, ()))["transformations"]
    own = {"second", "page", "animation", "copyright", "quality"}
    assert {name: set(each) & own for name, each in shown.items()} == {
        "poster": {"second", "quality"},
        "cover": {"page", "quality"},
        "png": {"animation", "copyright"},
    }


def test_what_is_shown_can_be_written_into_a_file_of_definitions():
    """JSON is YAML."""
    for each in (THUMB, LARGE, POSTER, replace(THUMB, name="keep", keep_copyright=True, quality=1)):
        shown = catalogue.transformations(Definitions({each.name: each}, (Rule("a/", (each.name,)),)))
        shown["transformations"][each.name].pop("digest")
        assert definitions.read(json.dumps(shown)).transformations == {each.name: each}


def test_every_format_is_listed_once():
    shown = catalogue.formats()
    accepted = [name for names in shown["sources"].values() for name in names]
    assert sorted(accepted) == sorted(SourceFormat)
    assert set(shown["sources"]) == set(Kind)
    assert shown["derived"]["jpeg"] == {"extension": "jpg", "contentType": "image/jpeg"}
    assert set(shown["derived"]) == set(Format)
    assert json.loads(json.dumps(shown)) == shown
