"""Checked access to a YAML document, which notes every fault for one error that names them all."""

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from chalicelib.definition import tree
from chalicelib.definition.forms import Form, did_you_mean, shown
from chalicelib.definition.tree import Items, Node, Pairs, Scalar
from chalicelib.errors import BadDefinition

MOST_FAULTS = 100
_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,63}")


@contextmanager
def document(text: str | bytes, name: str) -> Iterator["Place"]:
    """Yield the place at the root of a YAML document; at the end of the block, raise BadDefinition if it has faults."""
    faults = Faults(name)
    try:
        root = tree.read(text)
    except tree.Malformed as malformed:
        faults.add(malformed.line, "", malformed.reason)
        raise faults.error() from None
    yield Place(root, root.line, "", faults)
    if faults.found:
        raise faults.error()


class Faults:
    """What is wrong with a document; more than MOST_FAULTS are not worth the time that finding them takes."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.found: list[tuple[int, str]] = []

    def add(self, line: int, path: str, reason: str) -> None:
        """Note a fault; raise BadDefinition where there are enough of them."""
        self.found.append((line, f"{path}: {reason}" if path else reason))
        if len(self.found) == MOST_FAULTS:
            raise self.error()

    def error(self) -> BadDefinition:
        """Return the error that names all faults in the order of their lines."""
        faults = [f"line {line}: {said}" for line, said in sorted(self.found, key=lambda fault: fault[0])]
        if len(faults) == MOST_FAULTS:
            faults.append(f"there may be more: these are the first {MOST_FAULTS} that were found")
        return BadDefinition(self._name, tuple(faults))


@dataclass(frozen=True)
class Place:
    """A node, where it is (``line``: where its key or its dash is), and how people would call it."""

    node: Node
    line: int
    path: str
    faults: Faults

    def fault(self, reason: str) -> None:
        """Note that something is wrong with what stands here."""
        self.faults.add(self.node.line, self.path, reason)

    def scalar[T](self, form: Form[T]) -> T | None:
        """Return the value that stands here; None, with a fault noted, where it is not of the form."""
        text = self.node.text if isinstance(self.node, Scalar) else None
        found = None if text is None else form.parse(text)
        if found is None:
            self._wants(form.wants)
        return found

    def items(self, wants: str, most: int) -> "list[Place]":
        """Return the places of a list; none, with a fault noted, where this is none."""
        if not isinstance(self.node, Items):
            self._wants(wants)
            return []
        items = self.node.items
        self._count(len(items), 0, most)
        return [Place(item, item.line, f"{self.path}[{at}]", self.faults) for at, item in enumerate(items)]

    def entries(self, wants: str, least: int, most: int) -> "dict[str, Place]":
        """Return the places of a mapping by their keys; none, with a fault noted, where this is none."""
        if not isinstance(self.node, Pairs):
            self._wants(wants)
            return {}
        self._count(len(self.node.pairs), least, most)
        places: dict[str, Place] = {}
        for key, value in self.node.pairs:
            place = Place(value, key.line, self._below(key), self.faults)
            name = key.text if isinstance(key, Scalar) else None
            if name is None:
                place.fault_of_key("a key is a text, and this is " + _seen(key))
            elif name == "<<":
                place.fault_of_key("mappings are not merged here: write its fields out")
            elif name in places:
                place.fault_of_key(f"is said twice, first on line {places[name].line}: leave one out")
            else:
                places[name] = place
        return places

    def fields(self, wants: str, known: Collection[str]) -> "Fields":
        """Return the fields of a mapping; those that are not known are faults."""
        places = self.entries(wants, 0, tree.MOST_NODES)
        for name in [name for name in places if name not in known]:
            places.pop(name).fault_of_key(f"is no field: {did_you_mean(name, known)}")
        return Fields(self, places)

    def fault_of_key(self, reason: str) -> None:
        """Note that something is wrong with the key of what stands here."""
        self.faults.add(self.line, self.path, reason)

    def _count(self, entries: int, least: int, most: int) -> None:
        if entries < least:
            self.fault(f"has {entries} entries, and wants {least} at least")
        if entries > most:
            self.fault(f"has {entries} entries, and {most} are the most: the rest of the file was not looked at")
            raise self.faults.error()

    def _wants(self, wants: str) -> None:
        self.fault(f"wants {wants}, and is {_seen(self.node)}")

    def _below(self, key: Node) -> str:
        name = key.text if isinstance(key, Scalar) and key.text is not None else "?"
        return _joined(self.path, name if _PLAIN.fullmatch(name) else shown(name))


class Fields:
    """The fields of one mapping, and which of them are sound."""

    def __init__(self, place: Place, places: dict[str, Place]) -> None:
        self._place, self._places = place, places
        self._unsound: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._places

    def is_sound(self, name: str) -> bool:
        """Say whether a field, as far as it was read, is as its form wants it; one that is not said is."""
        return name not in self._unsound

    def place(self, name: str) -> Place | None:
        """Return where a field is, if it is said."""
        return self._places.get(name)

    def need_place(self, name: str, wants: str) -> Place | None:
        """Return where a field is; None, with a fault noted, where it is not said."""
        place = self._places.get(name)
        if place is None and isinstance(self._place.node, Pairs):
            self._place.faults.add(self._place.line, _joined(self._place.path, name), f"is missing: wants {wants}")
        return place

    def need[T](self, name: str, form: Form[T]) -> T | None:
        """Return a field's value; None, with a fault noted, where it is missing or not of the form."""
        place = self.need_place(name, form.wants)
        return place.scalar(form) if place else None

    def take[T](self, name: str, form: Form[T], default: T) -> T:
        """Return a field's value, or the default where it is not said, or, with a fault noted, not of the form."""
        place = self._places.get(name)
        value = place.scalar(form) if place else default
        if value is None:
            self._unsound.add(name)
            return default
        return value

    def fault(self, name: str, reason: str) -> None:
        """Note that something is wrong with a field that is said."""
        self._places[name].fault(reason)


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _seen(node: Node) -> str:
    match node:
        case Scalar(text=None):
            return "empty"
        case Scalar(text=str(text)):
            return shown(text)
        case Items():
            return "a list"
        case _:
            return "a mapping"
