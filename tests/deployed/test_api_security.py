"""The API as those meet it who may not, or who try to write where they should not."""

import json
import re
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from ipaddress import IPv4Address, IPv6Address
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from groundskeeper_hosts.document import parse
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.access import tokens
from chalicelib.hosts.entries import address_of
from chalicelib.hosts.render import FORMATS
from localcloud.cloud import LocalCloud
from tests.deployed import api as shared
from tests.deployed.api import is_problem, look, told
from tests.deployed.conftest import Deployment, eventually, launch

MINE, THEIRS = "sec-mine", "sec-theirs"


class Guarded(Deployment):
    """A stack that remembers every token it gave out."""

    shown: list[str]

    def token(self, *scopes: str, lifetime: float = 3600) -> str:
        """Return a new token with these scopes."""
        self.shown = [*getattr(self, "shown", []), text := super().token(*scopes, lifetime=lifetime)]
        return text


@pytest.fixture(scope="module")
def api(cloud: LocalCloud) -> Iterator[Guarded]:
    domain = "guarded.example"
    parameters = {
        "ApiRequestsPerSecond": "10000",
        "ApiBurst": "5000",
        "SourceBucket": shared.source_bucket(cloud, MINE, THEIRS),
    }
    with shared.stack(Guarded(cloud, domain, cloud.create_zone(domain), parameters)) as made:
        yield shared.settled(made)


@pytest.fixture(scope="module")
def owner(api: Deployment) -> str:
    return api.token(*shared.EVERY_SCOPE)


# Who may do what.


@dataclass(frozen=True)
class Asked:
    """A request, and the sets of scopes one of which it takes."""

    method: str
    path: str
    body: dict[str, str] | None
    needs: list[list[str]] | None


def requested() -> Iterator[Asked]:
    """Yield each method and path that API Gateway is given, for what is mine and for what is theirs.

    What it takes is what docs/openapi.yaml says; None stands for a request that needs no token.
    """
    for method, path in sorted(shared.operations(shared.packaged())):
        needs = shared.described()["paths"][path][method].get("security", [])
        for view, name in (("private", MINE), ("public", THEIRS)):
            alternatives = [[scope.format(view=view) for scope in each["token"]] for each in needs]
            said = [[scope.replace("PATTERN", name) for scope in each] for each in alternatives]
            where = path.format(view=view, name=name, key=f"{name}/square.webp")
            body = {"put": {"private": "10.66.0.1"}, "post": {"key": name}}.get(method)
            yield Asked(method, where, body, said if needs else None)


def suffices(scope: str, needs: list[list[str]] | None) -> bool:
    return needs is None or any(all(fnmatchcase(need, scope) for need in each) for each in needs)


PATTERNS = ("claims:write:sec-m*", "derived:read:sec-m*", "derived:write:sec-m*")


@pytest.mark.parametrize("scope", ["hosts:read:private", "hosts:read:public", "claims:force", *PATTERNS])
def test_a_token_of_one_scope_is_good_for_that_and_nothing_else(api: Deployment, scope: str):
    token = api.token(scope)
    for asked in requested():
        answer = api.ask(asked.method, asked.path, token, json=asked.body)
        if suffices(scope, asked.needs):
            assert answer.status_code in (200, 201, 202, 204, 307, 404), asked
        elif asked.method == "head":
            assert answer.status_code == 403, asked
        else:
            is_problem(answer, 403)


def test_the_table_of_who_may_do_what_is_not_empty():
    rows = list(requested())
    assert len(rows) == 2 * len(shared.operations(shared.packaged()))
    for scope in ("hosts:read:private", "hosts:read:public", *PATTERNS):
        assert {suffices(scope, row.needs) for row in rows} == {True, False}


def bad_tokens(api: Deployment) -> dict[str, str]:
    """Return Authorization headers that are worth nothing."""
    good, other = api.token("hosts:read:private"), api.token("hosts:read:private")
    _, foreign = tokens.create("another stack's", ("hosts:read:private",), time.time(), 3600)
    revoked = api.token("hosts:read:private")
    kept = api.tokens.get(tokens.id_of(f"Bearer {revoked}") or "")
    assert kept
    api.tokens.replace(kept, replace(kept, revoked=time.time()))
    head, secret = good.rsplit("_", 1) if good.count("_") == 2 else (good[:15], good[16:])
    digest = api.tokens.get(head.removeprefix("gk_"))
    assert digest
    return {
        "empty": "",
        "no token": "Bearer",
        "no token but a space": "Bearer ",
        "no scheme": good,
        "another scheme": f"Basic {good}",
        "a made-up scheme": f"Token {good}",
        "a wrong secret": f"Bearer {head}_{'A' * 43}",
        "another token's secret": f"Bearer {head}_{other[16:]}",
        "the digest for a secret": f"Bearer {head}_{digest.secrets[0].digest[:43]}",
        "no secret": f"Bearer {head}",
        "truncated": f"Bearer {good[:-1]}",
        "too long by one": f"Bearer {good}A",
        "capitals": f"Bearer {head.upper()}_{secret}",
        "another stack's": f"Bearer {foreign}",
        "revoked": f"Bearer {revoked}",
        "run out": f"Bearer {api.token('hosts:read:private', lifetime=-1)}",
        "two": f"Bearer {good} {good}",
        "a list": f"Bearer {good}, Basic x",
        "a tab": f"Bearer\t{good}",
        "quoted": f'Bearer "{good}"',
        "with its wildcard": "Bearer gk_*_*",
        "very long": f"Bearer gk_{'a' * 8000}",
        "not ASCII": f"Bearer gk_ñ{good[4:]}".encode().decode("latin-1"),
    }


def test_a_token_that_is_no_good_is_refused_everywhere_and_nothing_is_said_of_why(api: Deployment):
    protected = [asked for asked in requested() if asked.needs is not None]
    bodies = set()
    for what, header in bad_tokens(api).items():
        for asked in protected:
            answer = api.ask(asked.method, asked.path, headers={"Authorization": header}, json=asked.body)
            assert answer.status_code == 401, (what, asked)
            assert answer.headers["WWW-Authenticate"] == "Bearer"
            if asked.method != "head":
                is_problem(answer, 401)
                bodies.add(answer.text)
    assert len(bodies) == 1
    for asked in protected:
        assert api.ask(asked.method, asked.path).status_code == 401


def test_the_schemes_case_and_its_spaces_do_not_matter(api: Deployment):
    token = api.token("hosts:read:private")
    for header in (f"bearer {token}", f"BEARER {token}", f"Bearer  {token}"):
        assert api.ask("GET", "/hosts/private", headers={"Authorization": header}).status_code == 200


def test_a_token_is_taken_from_its_header_only(api: Deployment):
    token = api.token("hosts:read:private")
    for query in (f"access_token={token}", f"Authorization=Bearer%20{token}"):
        is_problem(api.ask("GET", f"/hosts/private?{query}"), 401)
    is_problem(api.ask("GET", "/hosts/private", headers={"Cookie": f"Authorization=Bearer {token}"}), 401)


@pytest.mark.parametrize(
    "lines",
    [
        "Authorization: Bearer {token}\r\n folded",
        "Authorization: Bearer {token}\r\n\tX-Scopes: claims:force",
        "Authorization: Basic eA==\r\nX-Authorization: Bearer {token}",
        "Authorization : Bearer {token}",
    ],
)
def test_headers_that_no_client_makes_let_nobody_in(api: Deployment, lines: str):
    sent = lines.format(token=api.token("hosts:read:private"))
    assert _raw(api, "/hosts/private", sent).startswith((b"HTTP/1.0 401", b"HTTP/1.1 401", b"HTTP/1.1 400"))


def test_a_client_cannot_write_what_the_authorizer_says(api: Deployment):
    token = api.token("hosts:read:private")
    headers = {"scopes": "claims:force", "principalId": "x", "X-Amzn-Authorizer-Scopes": "hosts:read:public"}
    is_problem(api.ask("GET", "/hosts/public?scopes=hosts:read:public", token, headers=headers), 403)


def _raw(api: Deployment, path: str, lines: str) -> bytes:
    """Send headers as they are, which no library would."""
    url = urlsplit(f"{api.api_url}{path}")
    with socket.create_connection((url.hostname or "", url.port or 0), timeout=60) as connection:
        request = f"GET {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\nConnection: close\r\n{lines}\r\n\r\n"
        connection.sendall(request.encode())
        return connection.makefile("rb").read()


# What may be written into documents.


def _names(api: Deployment) -> dict[str, set[str]]:
    return shared.names(shared.document(api), api.domain)


FORMS = {
    "hosts": r"# Groundskeeper stack [\w-]+, \w+ view|127\.0\.0\.1\tlocalhost|::1\tlocalhost ip6-localhost ip6-loopback"
    r"|ADDRESS\tNAME",
    "dnsmasq": r"# Groundskeeper stack [\w-]+, \w+ view|host-record=NAME,ADDRESS",
    "ssh_config": r"# Groundskeeper stack [\w-]+, \w+ view||Host NAME [a-z0-9-]+|    HostName ADDRESS"
    r"|    HostKeyAlias [a-z0-9-]+",
    "json": r'\{"stack": "[\w-]+", "view": "\w+", "entries": \['
    r'|\{"address": "ADDRESS", "name": "NAME", "instance": ("[a-z0-9-]+"|null)\},?|\]\}',
    "prometheus": r'\[|\{"targets": \["\[?ADDRESS\]?:9100"\], "labels": \{'
    r'"__meta_groundskeeper_names": ",(NAME,)+", "__meta_groundskeeper_instance_id": "[a-z0-9-]*"\}\},?|\]',
}
REFUSED = r"0\.0\.0\.0|127\.|169\.254\.|22[4-9]\.|255\.255\.|fe80:|::ffff|::1\b|ff0"


def is_clean(api: Deployment) -> None:
    """Check that every line of every document is of a form that names and addresses alone can fill."""
    name = rf"(?!localhost)[a-z0-9]([a-z0-9-]*[a-z0-9])?\.{re.escape(api.domain)}"
    address = rf"(?!{REFUSED})[0-9a-f.:]{{2,39}}"
    assert set(FORMS) == set(FORMATS)
    for format_, form in FORMS.items():
        line = re.compile(form.replace("NAME", name).replace("ADDRESS", address))
        for view in ("private", "public"):
            text = shared.document(api, view, format_)
            for each in text.split("\n")[:-1]:
                assert line.fullmatch(each), (format_, each)
            if format_ == "hosts":
                parse(text.encode(), (api.domain,), frozenset())  # raises where the agent would refuse it


TAGS = [
    "evil localhost",
    "evil\nnewline",
    "ev\til",
    "evil\r\n6.6.6.6\tbank.example",
    "127.0.0.1 localhost",
    "6.6.6.6",
    "évil",
    "\u202eevil",
    "\u212aelvin",
    "*",
    "*.evil",
    "_evil",
    "-evil",
    "evil.example.org",
    "#evil",
    "evil,6.6.6.6",
    "i-0123456789abcdef0",
    "a" * 64,
    "%0aevil",
    "$(evil)",
]


def test_no_tag_of_an_instance_writes_anything_but_names(cloud: LocalCloud, api: Deployment):
    ids = [launch(cloud, f"sec-{number} {tag}") for number, tag in enumerate(TAGS)]
    eventually(lambda: len({f"sec-{number}" for number in range(len(TAGS))} & set(_names(api))) == len(TAGS))
    is_clean(api)
    text = shared.document(api)
    for word in ("bank", "bvil", "kelvin", "6.6.6.6", "example.org"):
        assert word not in text
    cloud.client("ec2").terminate_instances(InstanceIds=ids)


NAMES = [
    "localhost",
    "LOCALHOST",
    "www",
    "i-0123456789abcdef0",
    "evil\n6.6.6.6",
    "evil\t",
    "evil localhost",
    " evil",
    "évil",
    "\u212aelvin",
    "*",
    "_evil",
    "-evil",
    "evil-",
    "evil.",
    "evil..",
    ".",
    "evil.localhost",
    "evil.guarded.example",
    "a" * 64,
    "a" * 6000,
    "%0a",
    "\x00",
    "$(evil)",
]


def test_no_claim_writes_anything_but_a_name(api: Deployment, owner: str):
    for name in NAMES:
        answer = api.ask("PUT", f"/claims/{quote(name, safe='')}", owner, json={"private": "10.66.6.6"})
        assert answer.status_code in (400, 404), (name, answer.text)
        is_problem(answer, answer.status_code)
        assert len(answer.content) < 40_000
    assert api.ask("PUT", "/claims/sec-control", owner, json={"private": "10.66.0.2"}).status_code == 201
    eventually(lambda: told(api, "sec-control"))
    assert "10.66.6.6" not in shared.document(api)
    is_clean(api)


ADDRESSES = [
    "",
    "localhost",
    "1.2.3.4 evil",
    "1.2.3.4\tevil",
    "1.2.3.4\n6.6.6.6 bank.example",
    "1.2.3.4\n",
    " 1.2.3.4",
    "1.2.3.4#",
    "1.2.3.4,evil",
    "1.2.3.4/32",
    "1.2.3",
    "01.2.3.4",
    "0x7f.1",
    "16909060",
    "\uff11.2.3.4",
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",  # noqa: S104
    "169.254.169.254",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:1.2.3.4",
    "::127.0.0.1",
    "::8.8.8.8",
    "0.0.0.1",
    "0.255.255.255",
    "fe80::1",
    "fe80::1%eth0",
    "fd00::1%eth0",
    "fd00::1%\n6.6.6.6 evil",
    "ff02::1",
    "[fd00::1]",
    "1" * 100_000,
]
BODIES = [
    b"",
    b"null",
    b"[]",
    b"{",
    b"\xff\xfe",
    b'{"private": 1}',
    b'{"private": ["10.66.6.6"]}',
    b'{"private": {"private": "10.66.6.6"}}',
    b'{"private": "10.66.6.6", "name": "evil"}',
    b'{"private": "10.66.6.6", "token": "evil"}',
    b'{"private": "10.66.6.6", "until": 9999999999}',
    b'{"private": "10.66.6.6", "lease": 1e400}',
    b'{"private": "10.66.6.6", "lease": NaN}',
    b'{"private": "10.66.6.6", "lease": -1}',
    b'{"private": "10.66.6.6", "lease": ' + b"9" * 100_000 + b"}",
    b'{"private": "10.66.6.6", "force": "true"}',
    b'{"private": "10.66.6.6", "holder": "a\\nb"}',
    b'{"private": "10.66.6.6", "holder": "a b"}',
    b'{"private": "10.66.6.6", "holder": "host-1\\n"}',
    b'{"private": "10.66.6.6", "holder": {}}',
    b'{"private": "10.66.6.6", "holder": "' + b"a" * 100_000 + b'"}',
    b'{"private": "10.66.6.6", "\\ud800": 1}',
    b'{"private": "\\ud800"}',
    b"[" * 100_000,
    b'{"private":' * 50_000,
]


def test_no_body_of_a_claim_writes_anything_but_addresses(api: Deployment, owner: str):
    wishes = [json.dumps({view: address}).encode() for address in ADDRESSES for view in ("private", "public")]
    for body in [*wishes, *BODIES]:
        json_ = {"Content-Type": "application/json"}
        answer = api.ask("PUT", "/claims/sec-body", owner, data=body, headers=json_)
        is_problem(answer, 400)
        assert len(answer.content) < 10_000, body[:80]
    is_problem(api.ask("GET", "/claims/sec-body", owner), 404)
    for holder in ("a%0Ab", "a%20b", "a" * 65, "%00"):
        is_problem(api.ask("DELETE", f"/claims/sec-body?holder={holder}", owner), 400)
    is_clean(api)


def test_a_body_larger_than_api_gateway_takes_is_a_problem_too(api: Deployment, owner: str):
    body = b'{"private": "' + b"1" * (10 * 1024 * 1024) + b'"}'
    answer = api.ask("PUT", "/claims/sec-body", owner, data=body, headers={"Content-Type": "application/json"})
    is_problem(answer, 413)


@given(st.ip_addresses())
def test_no_address_that_is_accepted_keeps_agents_from_the_whole_document(address: IPv4Address | IPv6Address):
    """The agent refuses a document as a whole for one bad line: no single claim may bring that about."""
    if accepted := address_of(str(address)):
        parse(f"{accepted.compressed}\tx.fleet.example\n".encode(), ("fleet.example",), frozenset())


def test_a_name_that_is_too_long_below_its_domain_is_in_no_document(cloud: LocalCloud):
    domain = ".".join(["d" * 60] * 4)[:200]
    with shared.stack(Deployment(cloud, domain, cloud.create_zone(domain))) as deep:
        shared.settled(deep)
        token = deep.token("claims:write:*")
        for label in ("a" * 63, "a" * 10):
            assert deep.ask("PUT", f"/claims/{label}", token, json={"private": "10.66.0.4"}).status_code == 201
        eventually(lambda: told(deep, "a" * 10))
        assert told(deep, "a" * 63) == set()
        is_clean(deep)


def _side(by: str, *at: str) -> dict[str, Any]:
    return {"M": {"by": {"S": by}, "at": {"L": [{"S": address} for address in at]}}}


def test_what_is_written_straight_into_the_table_is_checked_again(api: Deployment, owner: str):
    """Whoever may write there can point names elsewhere, but writes no other lines, nor commands for ssh."""
    evil = {
        "sec evil": _side("i-1", "10.66.6.6"),
        "sec\n6.6.6.6 bank": _side("i-1", "10.66.6.6"),
        "SEC": _side("i-1", "10.66.6.6"),
        "*": _side("i-1", "10.66.6.6"),
        "localhost": _side("i-1", "10.66.6.6"),
        "sec-address": _side("i-1", "127.0.0.1", "1.2.3.4 evil", "fe80::1%eth0", "::ffff:127.0.0.1", "6.6.6.6\nx"),
        "sec-holder": _side("x\n    ProxyCommand evil", "10.66.6.6"),
        "sec-holder-too": _side('x"}, {"targets": ["6.6.6.6"', "10.66.6.6"),
    }
    for label, side in evil.items():
        _write(api, label, {"private": side, "public": side})
    _write(api, "sec-written", {"private": _side("i-1", "10.66.0.3")})
    assert api.publish()["error"] is None
    assert told(api, "sec-written") == {"10.66.0.3"}
    is_clean(api)
    for format_ in FORMATS:
        assert "10.66.6.6" not in shared.document(api, "private", format_)
    assert api.logs("publish-hosts").count('"left out"') >= 2 * (len(evil) + 4)
    look(api)  # no zone knows these names, so the sweep takes them out


def test_a_domain_that_is_none_is_never_published(api: Deployment, owner: str):
    table, key = api.stack.outputs["TableName"], {"pk": {"S": "name"}, "sk": {"S": "."}}
    client = api.cloud.client("dynamodb")
    client.update_item(
        TableName=table,
        Key=key,
        UpdateExpression="SET #p = :evil ADD revision :one",
        ExpressionAttributeNames={"#p": "private"},
        ExpressionAttributeValues={":evil": {"S": "x\n6.6.6.6 bank.example"}, ":one": {"N": "1"}},
    )
    assert api.publish()["error"] is None
    assert "names below 'x\\\\n6.6.6.6 bank.example' cannot be in a hosts file" in api.logs("publish-hosts")
    is_clean(api)
    look(api)  # a sweep puts the domain right
    is_clean(api)


def _write(api: Deployment, label: str, sides: dict[str, Any]) -> None:
    """Write an item of the inventory as somebody would who has come by the right to write to the table."""
    client, table = api.cloud.client("dynamodb"), api.stack.outputs["TableName"]
    client.put_item(TableName=table, Item={"pk": {"S": "name"}, "sk": {"S": label}, **sides})
    client.update_item(
        TableName=table,
        Key={"pk": {"S": "name"}, "sk": {"S": "."}},
        UpdateExpression="ADD revision :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )


# What is left behind. This test stays the last: it reads what the others in its process left, and does the most itself.


def test_no_log_has_a_token_or_a_part_of_one(cloud: LocalCloud, api: Guarded, owner: str):
    for header in bad_tokens(api).values():
        api.ask("GET", "/hosts/private", headers={"Authorization": header})
    for asked in requested():
        api.ask(asked.method, asked.path, owner, json=asked.body)
    api.ask("PUT", f"/claims/{owner}", owner, json={"private": owner})
    api.ask("GET", f"/derived/{owner}/square.webp", owner)
    api.ask("POST", "/derived", owner, json={"key": owner, "transformations": [owner]})
    broken = {"headers": {"Authorization": f"Bearer {owner}"}, "authorizationToken": f"Bearer {owner}"}
    for function in ("api", "authorize"):
        api.invoke(function, broken)
    look(api)
    secrets = [text[16:] for text in api.shown]
    digests = [secret.digest for each in api.tokens.everything() for secret in each.secrets]
    assert len(secrets) == len(digests) >= 4
    functions = [f["FunctionName"] for f in cloud.client("lambda").list_functions(MaxItems=1000)["Functions"]]
    mine = [name for name in functions if name.startswith(f"{api.name}-")]
    assert len(mine) == 15
    for name in mine:
        said = "\n".join(cloud.logs(name))
        assert "Bearer" not in said, name
        assert "gk_" not in said, name
        assert "X-Amz-Signature" not in said, name
        assert not [each for each in (*secrets, *digests) if each in said], name
    assert "Unauthorized" in api.logs("authorize")
