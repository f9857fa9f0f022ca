"""Links to the agents that are connected now: where `listen` and `drain` are sent. Nothing here is kept; agents come back."""

from collections.abc import Awaitable, Callable, Iterable

from starlette.websockets import WebSocketDisconnect

from reader_drivers.reads import Drain, Message
from server.core.ids import DeviceId

Send = Callable[[Message], Awaitable[None]]


class AgentLinks:
    """At most one link an agent: the newest wins, since the older one is a connection that died unseen."""

    def __init__(self) -> None:
        self._links: dict[DeviceId, Send] = {}

    def open(self, device_id: DeviceId, send: Send) -> None:
        """Remember how to reach an agent."""
        self._links[device_id] = send

    def close(self, device_id: DeviceId, send: Send) -> None:
        """Forget a link, unless a newer one has taken its place."""
        if self._links.get(device_id) == send:
            del self._links[device_id]

    def is_open(self, device_id: DeviceId) -> bool:
        """Whether the agent is connected, as far as we know."""
        return device_id in self._links

    async def tell(self, device_id: DeviceId, message: Message) -> bool:
        """Send `message`. False: the agent is away; it is told everything that is open when it comes back."""
        send = self._links.get(device_id)
        if send is None:
            return False
        try:
            await send(message)
        except (WebSocketDisconnect, RuntimeError):
            # The agent died and its connection has not been noticed yet; it counts as away.
            self.close(device_id, send)
            return False
        return True

    async def drain(self, draining: Iterable[tuple[DeviceId, str]]) -> None:
        """Tell each agent to finish its attachment; one that is away is told when it comes back."""
        for agent, attachment in draining:
            await self.tell(agent, Drain(attachment))
