"""All event source mappings of queues: a poller for each that is enabled, as the mappings come, change and go."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from localcloud.queues.poller import Poller

if TYPE_CHECKING:
    from localcloud.functions.pace import Pace
    from localcloud.functions.role_clients import RoleClients
    from localcloud.functions.service import Functions
    from localcloud.ground.gate import Gate
    from localcloud.queues.depth import QueueState
    from localcloud.runtime.configuration import LambdaState, QueueMapping


class Queues:
    """Polls the queues of all enabled mappings."""

    def __init__(
        self,
        gate: Gate,
        state: LambdaState,
        queues: QueueState,
        functions: Functions,
        clients: RoleClients,
        pace: Pace,
    ) -> None:
        self._gate = gate
        self._state = state
        self._queues = queues
        self._functions = functions
        self._clients = clients
        self._pace = pace
        self._lock = threading.Lock()
        self._pollers: list[Poller] = []

    @property
    def empty(self) -> bool:
        """Tell whether no polled queue holds a message, be it visible, in flight or delayed."""
        with self._lock:
            return not any(self._queues.size(poller.mapping.queue_arn) for poller in self._pollers)

    def problems(self) -> dict[str, str]:
        """Return what keeps queues from being read, by queue ARN."""
        with self._lock:
            return {each.mapping.queue_arn: each.problem for each in self._pollers if each.problem}

    def follow(self) -> None:
        """Bring the pollers in line with the mappings."""
        with self._lock:
            wanted = {mapping for mapping in self._state.queue_mappings() if mapping.enabled}
            running = {poller.mapping for poller in self._pollers}
            self._stop([poller for poller in self._pollers if poller.mapping not in wanted])
            self._pollers += [self._poller(mapping) for mapping in wanted - running]

    def close(self) -> None:
        """Stop polling."""
        with self._lock:
            self._stop(self._pollers)

    def _stop(self, pollers: list[Poller]) -> None:
        for poller in pollers:
            poller.stop()
        self._gate.changed()
        for poller in pollers:
            poller.join()
        self._pollers = [poller for poller in self._pollers if poller not in pollers]

    def _poller(self, mapping: QueueMapping) -> Poller:
        return Poller(mapping, self._state, self._queues, self._functions, self._clients, self._pace)
