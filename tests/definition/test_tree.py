"""YAML as a tree: what its scalars say, on which lines, and what is refused before it does harm."""

import pytest

from chalicelib.definition import tree
from chalicelib.definition.tree import Items, Malformed, Node, Pairs, Scalar


def plain(node: Node) -> object:
    match node:
        case Scalar():
            return node.text
        case Items():
            return [plain(item) for item in node.items]
        case Pairs():
            return [(plain(key), plain(value)) for key, value in node.pairs]


@pytest.mark.parametrize("text", ["no", "1_000", "0x1f", "1:30", "010", "2026-11-21", "~", "null", "1e3", ".inf", "="])
def test_a_scalar_keeps_its_text(text: str):
    assert plain(tree.read(f"a: {text}")) == [("a", text)]


def test_what_is_not_there_is_not_an_empty_text():
    assert plain(tree.read("a:\nb: \"\"\nc: ''\nd: |\n")) == [("a", None), ("b", ""), ("c", ""), ("d", "")]


def test_every_node_knows_its_line():
    root = tree.read("# first\n\na: b\nc:\n  - d\n\n  - e\n")
    assert isinstance(root, Pairs)
    (_, b), (_, items) = root.pairs
    assert isinstance(items, Items)
    assert [root.line, b.line, items.line, *(item.line for item in items.items)] == [3, 3, 5, 5, 7]


@pytest.mark.parametrize(
    "before",
    [
        pytest.param("# a\r\n# b\r\n", id="lines end as on Windows"),
        pytest.param("# a\r# b\r", id="lines end as on an old Mac"),
        pytest.param("# a\u2028\u2029\x85 \n\n", id="YAML counts lines where editors do not"),
        pytest.param("\ufeff# a\n# b\n", id="there is a byte order mark"),
    ],
)
def test_the_line_is_that_of_an_editor_where(before: str):
    for text in (f"{before}a", f"{before}a".encode()):
        assert tree.read(text) == Scalar(3, "a")


def test_an_alias_repeats_what_its_anchor_marks():
    assert plain(tree.read("a: &x [1, 2]\nb: *x")) == [("a", ["1", "2"]), ("b", ["1", "2"])]


def laughs(levels: int) -> str:
    lines = ["l0: &l0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
    lines += [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        pytest.param("", 1, "the file is empty", id="a file is empty"),
        pytest.param("# nothing\n", 2, "the file is empty", id="a file has comments alone"),
        pytest.param("a: 1\n---\nb: 2", 2, "a second document begins", id="there are two documents"),
        pytest.param(b"a: 1\nb: \xff", 2, "the byte 0xff is not UTF-8", id="it is in Latin-1"),
        pytest.param("a: é".encode("utf-16"), 1, "the byte 0xff is not UTF-8", id="it is in UTF-16"),
        pytest.param("a" * (tree.LARGEST + 1), 1, "262145 bytes, and 262144 are the most", id="it is large"),
        pytest.param("é" * (tree.LARGEST // 2 + 1), 1, "has 262146 bytes", id="it is large in octets"),
        pytest.param("a:\n  - [1\n", 3, "flow sequence that begins on line 2: expected ',' or", id="a bracket is open"),
        pytest.param("a:\n\tb: 1", 2, "indented with spaces, never with tabs", id="a tab indents"),
        pytest.param("a: 1\nb: c: d", 2, "a text with a colon and a space in it wants quotes", id="a colon is bare"),
        pytest.param("a: 1\nb: @c", 2, "found character '@' that cannot start any token", id="an at sign is bare"),
        pytest.param("a: 1\n b: 2", 2, "mapping values are not allowed here", id="a line is indented too far"),
        pytest.param("a: 1\nb: \0", 2, r"the character '\x00' has no place in YAML", id="there is a NUL"),
        pytest.param("a: 1\nb: \ud800", 2, r"the character '\ud800' has no place in YAML", id="a surrogate is bare"),
        pytest.param('a: 1\nb: "\\ud800"', 2, "half of a surrogate pair", id="a surrogate is escaped"),
        pytest.param('- 1\n- "\\UFFFFFFFF"', 2, "out of range", id="an escape is beyond Unicode"),
        pytest.param(f"%YAML {'9' * 5000}.1\n--- a", 1, "out of range", id="a version has 5,000 digits"),
        pytest.param("a: 1\nb: !!int 3", 2, "the tag 'tag:yaml.org,2002:int' means nothing here", id="there is a tag"),
        pytest.param("a: !!python/object/apply:os.abort []", 1, "means nothing here", id="a tag would run code"),
        pytest.param("a: 1\nb: *c", 2, "*c stands for nothing that is complete before it", id="an alias has no anchor"),
        pytest.param("a: &a\n  - *a", 2, "*a stands for nothing that is complete", id="an alias is within its anchor"),
        pytest.param(
            laughs(9), 5, "has more than 100000 parts, with those that aliases", id="aliases stand for a billion"
        ),
        pytest.param("\n" + "[" * 200_000, 2, "is more than 16 levels deep", id="brackets are deep"),
        pytest.param("- " * 100_000, 1, "is more than 16 levels deep", id="dashes are deep"),
        pytest.param("? " * 100_000, 1, "is more than 16 levels deep", id="keys are deep"),
    ],
)
def test_a_text_is_refused_with_its_line_where(text: str | bytes, line: int, reason: str):
    with pytest.raises(Malformed) as caught:
        tree.read(text)
    assert caught.value.line == line
    assert reason in caught.value.reason


def test_what_aliases_repeat_counts_each_time():
    assert tree.read(laughs(4)).size == 1 + 4 + 11 + 111 + 1_111 + 11_111
