"""What is on a page: an independent reader, which takes nothing that is not well-formed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "br", "col"}  # of those that HTML has, the ones that the page uses
INVISIBLE = {"style", "title"}


@dataclass
class Element:
    """An element, with what is in it."""

    tag: str
    attributes: Mapping[str, str]
    children: list["Element | str"] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Return the text in it, without white space around."""
        parts = [each if isinstance(each, str) else each.text for each in self.children]
        return " ".join(" ".join(parts).split())

    @property
    def classes(self) -> set[str]:
        """Return its classes."""
        return set(self.attributes.get("class", "").split())

    def all(self, tag: str = "", **attributes: str) -> list["Element"]:
        """Return what is in it, at any depth, by tag, class (``class_``) and other attributes."""
        found = []
        for each in self.children:
            if isinstance(each, Element):
                if each._is(tag, attributes):
                    found.append(each)
                found += each.all(tag, **attributes)
        return found

    def one(self, tag: str = "", **attributes: str) -> "Element":
        """Return the only such thing in it."""
        (found,) = self.all(tag, **attributes)
        return found

    def _is(self, tag: str, attributes: Mapping[str, str]) -> bool:
        wanted = dict(attributes)
        class_ = wanted.pop("class_", None)
        return (
            tag in ("", self.tag)
            and (class_ is None or class_ in self.classes)
            and all(self.attributes.get(name) == value for name, value in wanted.items())
        )


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        assert len(attributes) == len(attrs), f"an attribute comes twice: {tag} {attrs}"
        element = Element(tag, attributes)
        self._open[-1].children.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert "svg" in {element.tag for element in self._open}, f"{tag} closes itself outside of an SVG"
        self.handle_starttag(tag, attrs)
        self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open[-1].tag == tag, f"</{tag}> closes {self._open[-1].tag}"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)

    def handle_decl(self, decl: str) -> None:
        assert decl == "DOCTYPE html"
        assert not self.root.children

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"an instruction: {data}")

    def close(self) -> None:
        super().close()
        assert [element.tag for element in self._open] == [""], "not all is closed"


def read(html: str) -> Element:
    """Read a page; whatever is left open, or closed too often, is an error."""
    reader = _Reader()
    reader.feed(html.lstrip())
    reader.close()
    return reader.root.one("html")
