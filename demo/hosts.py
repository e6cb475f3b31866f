"""The scenes of clients without DNS: they poll the names over HTTPS, claim names, and install what they get."""

import stat
from pathlib import Path

from demo.stage import DOMAIN, Stage

ORIGINAL = "127.0.0.1 localhost\n10.1.1.1 nas.home.example   # mine\n"
PRINTER = f"printer.{DOMAIN}"
WEB = f"web.{DOMAIN}"
CONFIG = "laptop.conf"


def play(stage: Stage) -> None:
    """Play every scene."""
    token = _a_token(stage)
    _polls(stage, token)
    hosts = stage.folder / "hosts"
    _a_claim(stage, token, hosts)
    _an_agent(stage, hosts)
    _names_go(stage, token, hosts)


def _a_token(stage: Stage) -> Path:
    stage.scene("A laptop that cannot use this DNS gets a token of its own")
    token = stage.folder / "laptop.token"
    scopes = ("--scope", "hosts:read:private", "--scope", "claims:write:printer*")
    made = stage.run("groundskeeper", "tokens", "create", "laptop", *scopes, "--local", shown="> laptop.token")
    token.write_text(made.stdout)
    token.chmod(stat.S_IRUSR | stat.S_IWUSR)
    stage.expect("it was printed once, alone", lambda: made.stdout.startswith("gk_") and made.stdout.count("\n") == 1)
    stage.run("groundskeeper", "tokens", "list", "--local", echo=True)
    return token


def _polls(stage: Stage, token: Path) -> None:
    stage.scene("It polls: the whole list once, then only whether there is news")
    stage.launch("cache")
    stage.launch("queue")
    url = f"{stage.cloud.api_url}/hosts/private"
    bearer = ("-H", f"Authorization: Bearer {token.read_text().strip()}")
    curl = ("curl", "--silent", "--show-error", "--include", url)
    say = "curl -i …/hosts/private -H 'Authorization: Bearer …'"

    def first_line(*more: str) -> str:
        return stage.run(*curl, *more, quiet=True).stdout.partition("\n")[0].strip()

    def body() -> str:
        return stage.run(*curl, *bearer, quiet=True).stdout

    stage.expect(
        "the new names are in the document", lambda: f"queue.{DOMAIN}" in body() and f"cache.{DOMAIN}" in body()
    )
    stage.say(f"$ {say}")
    answer = body()
    shown = ("HTTP", "ETag", "Groundskeeper", "#", "127", "::1", "10.")
    stage.say("\n   ".join(line.strip() for line in answer.splitlines() if line.startswith(shown)))
    etag = next(line.split(": ", 1)[1].strip() for line in answer.splitlines() if line.startswith("ETag"))
    stage.say(f"$ {say} -H 'If-None-Match: {etag}'")
    news = first_line(*bearer, "-H", f"If-None-Match: {etag}")
    stage.say(news)
    stage.expect("nothing new is 304, without a body", lambda: " 304 " in news)
    stage.expect("without a token it is 401", lambda: " 401 " in first_line())


def _a_claim(stage: Stage, token: Path, hosts: Path) -> None:
    stage.scene("A printer outside EC2 claims a name, for thirty seconds at a time")
    settings = {"url": stage.cloud.api_url, "token-file": token, "suffix": DOMAIN, "file": hosts}
    lines = ["[groundskeeper-hosts]", *(f"{name} = {value}" for name, value in settings.items())]
    lines.append(f"state-dir = {stage.folder / 'state'}")
    (stage.folder / CONFIG).write_text("\n".join(lines) + "\n")
    stage.say("\n   ".join([f"$ cat {CONFIG}", *lines]))
    _agent(stage, "claim", "printer", "--private", "10.20.30.40", "--lease", "30", "--once")
    stage.expect(f"{PRINTER} is in the document", lambda: f"10.20.30.40\t{PRINTER}" in stage.document(token))


def _an_agent(stage: Stage, hosts: Path) -> None:
    stage.scene("The agent installs the names into a hosts file, and nothing else in it changes")
    hosts.write_text(ORIGINAL)
    _agent(stage, "sync")
    stage.say("\n   ".join(hosts.read_text().splitlines()))
    stage.expect("the names are in it", lambda: {WEB, PRINTER} <= set(hosts.read_text().split()))
    stage.expect("the lines that were there are as they were", lambda: hosts.read_text().startswith(ORIGINAL))
    before = hosts.stat().st_mtime_ns
    _agent(stage, "sync")
    stage.expect("a second run writes nothing", lambda: hosts.stat().st_mtime_ns == before)


def _names_go(stage: Stage, token: Path, hosts: Path) -> None:
    stage.scene("An instance stops, and the printer's lease ends: both names go")
    web = next(label for label, value in stage.names().items() if label != "web" and value == stage.names()["web"])
    stage.ec2.stop_instances(InstanceIds=[web])
    stage.say(f"$ aws ec2 stop-instances --instance-ids {web}")
    stage.expect(f"{WEB} is gone from the document", lambda: WEB not in stage.document(token))
    _agent(stage, "sync")
    stage.expect("and from the hosts file", lambda: WEB not in hosts.read_text())
    stage.expect(f"nobody renews the lease: {PRINTER} goes", lambda: PRINTER not in stage.document(token))
    _agent(stage, "sync")
    stage.expect("and from the hosts file", lambda: PRINTER not in hosts.read_text())
    _agent(stage, "uninstall")
    stage.expect("without the agent the file is what it was, to the byte", lambda: hosts.read_text() == ORIGINAL)


def _agent(stage: Stage, command: str, *options: str) -> None:
    stage.run("groundskeeper-hosts", command, *options, "--config", CONFIG, echo=True)
