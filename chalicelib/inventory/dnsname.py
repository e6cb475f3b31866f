"""Domain names in one canonical form, and what may be a short name.

Route 53 stores names in lower case and shows every octet other than a-z 0-9 - _ as ``\\ooo``, an octal escape
(https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html). The canonical form here is the same,
without the trailing dot. Nothing else in the project escapes or folds names.
"""

import re

_ESCAPE = re.compile(rb"\\([0-3][0-7]{2})|\\(.)|(.)", re.DOTALL)
_SIMPLE = re.compile(r"[A-Za-z0-9_.-]*")
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-_")
_RFC_1123 = "a name is 1 to 63 letters, digits and inner hyphens (RFC 1123)"
LOCALHOST = "localhost"
_LDH = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def labels(name: str) -> tuple[bytes, ...]:
    """Return the labels of a name as octets, escapes undone and letters in lower case; the root has none.

    Characters beyond one octet are taken as their UTF-8 octets, as Route 53 would have to be sent them.
    """
    parts, label = [], bytearray()
    for octal, quoted, plain in _ESCAPE.findall(name.encode()):
        if plain == b".":
            parts.append(bytes(label))
            label.clear()
        else:
            label += bytes([int(octal, 8)]) if octal else quoted or plain
    parts.append(bytes(label))
    if parts[-1] == b"":
        parts.pop()
    return tuple(part.lower() for part in parts)


def text(parts: tuple[bytes, ...]) -> str:
    """Return labels as Route 53 shows them, without the trailing dot."""
    return ".".join("".join(chr(o) if o in _PLAIN else f"\\{o:03o}" for o in part) for part in parts)


def canonical(name: str) -> str:
    """Return the one form in which two spellings of a name are equal."""
    if _SIMPLE.fullmatch(name):  # nearly every name, and a zone may have a hundred thousand
        return name.lower().removesuffix(".")
    return text(labels(name))


def is_within(name: str, domain: str) -> bool:
    """Say whether a canonical name is the domain or below it; ``evilexample.com`` is not in ``example.com``."""
    return name == domain or name.endswith("." + domain)


def is_label(text: str) -> bool:
    """Say whether a text is one label in lower case (RFC 1123): letters, digits, and hyphens inside."""
    return _LDH.fullmatch(text) is not None


def is_domain(text: str) -> bool:
    """Say whether a canonical name is a domain whose names may be in a hosts file: labels of RFC 1123, all of them."""
    return all(map(is_label, text.split(".")))


def short_label(token: str, domain: str, reserved: frozenset[str]) -> str:
    """Return the label that one word of a ShortName tag asks for.

    The word may be a label (RFC 1123: letters, digits, hyphens) or that label with the domain behind it.

    Raises:
        ValueError: the word cannot be a short name; the message says why.
    """
    if not token.isascii():
        raise ValueError(_RFC_1123)
    label = token.lower().removesuffix(".").removesuffix("." + domain)
    if label == domain:
        raise ValueError("it is the domain itself")
    if "." in label and "*" not in label and not label.startswith("_"):
        raise ValueError(f"it has a dot, and is not one label below {domain}")
    return free_label(label, reserved)


def free_label(text: str, reserved: frozenset[str]) -> str:
    """Return a label in lower case; raise ValueError that says why it cannot be a short name."""
    label = text.lower() if text.isascii() else ""
    if "*" in label or label.startswith("_"):
        raise ValueError("wildcards and names with a leading underscore are reserved")
    if not is_label(label):
        raise ValueError(_RFC_1123)
    if label.startswith("i-") or label == LOCALHOST or label in reserved:
        raise ValueError("it is reserved")
    return label
