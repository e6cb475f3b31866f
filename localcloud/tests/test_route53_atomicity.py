"""A batch applies wholly, as a model of a few lines says, or leaves the zone as it was."""

import copy

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localcloud.server.aws import AwsServer
from localcloud.tests.zones import APEX, Zone, change

NAMES = ["a.ex.test.", "b.ex.test.", "ex.test."]
VALUES = {"A": ["192.0.2.1", "192.0.2.2"], "CNAME": ["x.test", "y.test"], "TXT": ['"x"', "unquoted"]}
changes = st.sampled_from(sorted(VALUES)).flatmap(
    lambda kind: st.tuples(
        st.sampled_from(["CREATE", "UPSERT", "DELETE"]),
        st.sampled_from(NAMES),
        st.just(kind),
        st.sampled_from(VALUES[kind]),
        st.sampled_from([60, 300]),
    )
)
batches = st.lists(st.lists(changes, min_size=1, max_size=5), min_size=1, max_size=4)


class Model:
    """What a zone holds, by name and type."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], tuple[str, int]] = {}

    def send(self, batch: list[tuple[str, str, str, str, int]]) -> bool:
        """Carry out a batch; tell whether it was accepted."""
        after = copy.copy(self.held)
        seen: dict[tuple[str, str], list[str]] = {}
        for action, name, kind, value, ttl in batch:
            seen.setdefault((name, kind), []).append(action)
            others = {other for held, other in after if held == name and other != kind}
            fine = value != "unquoted"
            if action == "DELETE":
                fine = fine and after.pop((name, kind), None) == (value, ttl)
            else:
                fine = fine and not (action == "CREATE" and (name, kind) in after)
                fine = fine and not (kind == "CNAME" and (others or name == "ex.test.")) and "CNAME" not in others
                after[name, kind] = (value, ttl)
            if not fine:
                return False
        if any(len(done) > 1 and done not in (["DELETE", "CREATE"], ["DELETE", "UPSERT"]) for done in seen.values()):
            return False
        self.held = after
        return True


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches)
def test_a_batch_applies_wholly_or_not_at_all(
    aws: AwsServer, sequence: list[list[tuple[str, str, str, str, int]]]
) -> None:
    zone, model = Zone(aws), Model()
    for batch in sequence:
        accepted = not zone.faults(*(change(*each[:4], ttl=each[4]) for each in batch))
        assert accepted == model.send(batch)
        held = {
            (record["Name"], record["Type"]): (record["ResourceRecords"][0]["Value"], record["TTL"])
            for record in zone.listed()
            if (record["Name"], record["Type"]) not in APEX
        }
        assert held == model.held
