"""Run Command's API in place of moto's, where every command has succeeded at once on whatever instance.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetCommandInvocation.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.ssm.exceptions import SSMException
from moto.ssm.responses import SimpleSystemManagerResponse

from localcloud.ssm import orders, wire

if TYPE_CHECKING:
    from localcloud.ssm.agents import Agents, Where
    from localcloud.ssm.commands import Command, Invocation


class RunCommand(SimpleSystemManagerResponse):  # type: ignore[misc]  # moto is untyped here
    """The APIs of commands; all others are moto's."""

    agents: Agents

    def send_command(self) -> ActionResult:
        """Send a command to the instances that are named, all of them or none, or to those that fit."""
        order = orders.read(self)
        chosen = orders.instances(order, self.agents.managed(self._where), self.current_account)
        return ActionResult({"Command": wire.just_sent(self.agents.send(self._where, order, chosen))})

    def get_command_invocation(self) -> ActionResult:
        """Tell of one invocation, though not at once: who asks at once is told that there is none.

        https://github.com/aws/aws-sdk/issues/86
        """
        command = self._command(self._get_param("CommandId"))
        found = _on(command, self._get_param("InstanceId"))
        if not found or not found[0].announced or self._get_param("PluginName", wire.PLUGIN) != wire.PLUGIN:
            for each in found:
                each.announced = True
            raise SSMException("InvocationDoesNotExist", "")
        return ActionResult(wire.invocation(command, found[0]))

    def list_command_invocations(self) -> ActionResult:
        """List a page of invocations, of the latest command first."""
        details = self._get_bool_param("Details", False)
        listed = [
            wire.listed(command, each, details)
            for command in self._commands()
            for each in _on(command, self._get_param("InstanceId"))
        ]
        return self._page("CommandInvocations", listed)

    def list_commands(self) -> ActionResult:
        """List a page of commands, the latest first."""
        instance = self._get_param("InstanceId")
        found = [each for each in self._commands() if instance is None or _on(each, instance)]
        return self._page("Commands", [wire.command(each) for each in found])

    def cancel_command(self) -> ActionResult:
        """Cancel what has not ended."""
        wanted = self._get_param("InstanceIds", [])
        for each in self._command(self._get_param("CommandId")).invocations:
            if each.instance_id in (wanted or [each.instance_id]):
                each.cancel()
        return ActionResult({})

    def describe_instance_information(self) -> ActionResult:
        """List a page of the instances that have an agent."""
        managed = self.agents.managed(self._where)
        for name, values in wire.filters(self):
            if name != "InstanceIds":
                raise SSMException("InvalidFilterKey", f"The filter {name} is not emulated.")
            managed = {each: instance for each, instance in managed.items() if each in values}
        listed = [wire.information(each, self.agents.behaviour(each.id)) for each in managed.values()]
        return self._page("InstanceInformationList", listed)

    @property
    def _where(self) -> Where:
        return self.current_account, self.region

    def _commands(self) -> list[Command]:
        wanted = self._get_param("CommandId")
        return [self._command(wanted)] if wanted else self.agents.commands(self._where)

    def _command(self, wanted: str) -> Command:
        for each in self.agents.commands(self._where):
            if each.id == wanted:
                return each
        raise SSMException("InvalidCommandId", "")

    def _page(self, name: str, items: list[Any]) -> ActionResult:
        first, size = int(self._get_param("NextToken") or 0), self._get_int_param("MaxResults", 50)
        rest = {"NextToken": str(first + size)} if len(items) > first + size else {}
        return ActionResult({name: items[first : first + size], **rest})


def run_command(agents: Agents) -> type[RunCommand]:
    """Return the API of one server: with its agents."""
    return type("RunCommand", (RunCommand,), {"agents": agents})


def _on(command: Command, instance_id: str | None) -> list[Invocation]:
    """Return the invocations on an instance, or all if none is named."""
    return [each for each in command.invocations if instance_id in (None, each.instance_id)]
