"""Home Assistant from outside: log in, set up the PBX through its real config flow, read states, call actions."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import aiohttp
from processes import DemoError, Process
from systems import Entry

type Json = dict[str, Any]
type Listener = Callable[[Json | None, Json | None], None]


@dataclass
class HomeAssistant:
    """A running Home Assistant, over its REST and WebSocket interfaces."""

    url: str
    states: dict[str, Json] = field(default_factory=dict)
    """The newest state of every entity, kept up to date by the events."""

    async def __aenter__(self) -> Self:
        """Open the HTTP session; ``connect`` does the rest."""
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60))
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._listeners: list[Listener] = []
        self._changed = asyncio.Condition()
        self._id = 0
        self._token = ""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close everything."""
        if self._reader is not None:
            self._reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reader
        if self._socket is not None:
            await self._socket.close()
        await self._http.close()

    # ------------------------------------------------------------------------------------------------- logging in

    async def wait_until_up(self, process: Process, timeout: float) -> None:
        """Wait until it answers and has started completely."""
        try:
            async with asyncio.timeout(timeout):
                while True:
                    process.check()
                    with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                        if not self._token:
                            await self.log_in()
                        if (await self.get("/api/config"))["state"] == "RUNNING":
                            return
                    await asyncio.sleep(0.2)
        except TimeoutError:
            raise DemoError(
                f"Home Assistant was not up within {timeout:.0f} seconds. The end of {process.log}:\n{process.tail()}"
            ) from None

    async def log_in(self) -> None:
        """Log in as the demo's user, whom Home Assistant lets in from this machine."""
        client = f"{self.url}/"
        async with self._http.post(
            f"{self.url}/auth/login_flow",
            json={"client_id": client, "handler": ["trusted_networks", None], "redirect_uri": client},
        ) as answer:
            answer.raise_for_status()
            code = (await answer.json())["result"]
        async with self._http.post(
            f"{self.url}/auth/token", data={"grant_type": "authorization_code", "code": code, "client_id": client}
        ) as answer:
            answer.raise_for_status()
            self._token = (await answer.json())["access_token"]

    # -------------------------------------------------------------------------------------------------------- REST

    async def get(self, path: str) -> Any:
        """GET, as the demo's user."""
        return await self._request("GET", path)

    async def post(self, path: str, body: Json) -> Any:
        """POST, as the demo's user."""
        return await self._request("POST", path, body)

    async def delete(self, path: str) -> Any:
        """DELETE, as the demo's user."""
        return await self._request("DELETE", path)

    async def _request(self, method: str, path: str, body: Json | None = None) -> Any:
        async with self._http.request(
            method, self.url + path, json=body, headers={"Authorization": f"Bearer {self._token}"}
        ) as answer:
            if answer.status >= 400:
                raise DemoError(f"Home Assistant refused {method} {path} ({answer.status}): {await answer.text()}")
            return await answer.json()

    # ---------------------------------------------------------------------------------------------------- WebSocket

    async def connect(self) -> None:
        """Open the WebSocket and follow every state from now on."""
        self._socket = await self._http.ws_connect(f"{self.url}/api/websocket", max_msg_size=0)
        await self._socket.receive_json()
        await self._socket.send_json({"type": "auth", "access_token": self._token})
        if (answer := await self._socket.receive_json())["type"] != "auth_ok":
            raise DemoError(f"Home Assistant does not accept the demo's user: {answer}")
        self._reader = asyncio.create_task(self._read(self._socket))
        await self.command("subscribe_events", event_type="state_changed")
        for state in await self.command("get_states"):
            self.states.setdefault(state["entity_id"], state)

    async def command(self, type_: str, **fields: Any) -> Any:
        """Send a command and return its result."""
        assert self._socket is not None
        self._id += 1
        answer = self._answers[self._id] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": self._id, "type": type_, **fields})
        async with asyncio.timeout(60):
            return await answer

    async def action(
        self, name: str, *, entity: str | list[str] | None = None, respond: bool = False, **data: Any
    ) -> Any:
        """Call an action, and return its response."""
        domain, _, service = name.partition(".")
        fields: Json = {"domain": domain, "service": service, "service_data": data, "return_response": respond}
        if entity is not None:
            fields["target"] = {"entity_id": entity}
        return (await self.command("call_service", **fields)).get("response")

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            if message.type is not aiohttp.WSMsgType.TEXT:
                continue
            content = message.json()
            if content["type"] == "result":
                answer = self._answers.pop(content["id"])
                if answer.done():
                    continue
                if content["success"]:
                    answer.set_result(content["result"])
                else:
                    answer.set_exception(DemoError(content["error"]["message"]))
            elif content["type"] == "event":
                await self._on_event(content["event"]["data"])

    async def _on_event(self, data: Json) -> None:
        old, new = data["old_state"], data["new_state"]
        if new is None:
            self.states.pop(data["entity_id"], None)
        else:
            self.states[data["entity_id"]] = new
        for listener in tuple(self._listeners):
            listener(old, new)
        async with self._changed:
            self._changed.notify_all()

    @contextlib.contextmanager
    def listening(self, listener: Listener) -> Any:
        """Call the listener with the old and the new state of every change."""
        self._listeners.append(listener)
        try:
            yield
        finally:
            self._listeners.remove(listener)

    def state(self, entity: str) -> str:
        """Return the state of an entity, or ``missing``."""
        return str(self.states[entity]["state"]) if entity in self.states else "missing"

    async def wait_for(self, condition: Callable[[], bool], what: str, timeout: float = 30) -> None:
        """Wait until something holds; it is checked again after every state change."""
        try:
            async with asyncio.timeout(timeout), self._changed:
                await self._changed.wait_for(condition)
        except TimeoutError:
            raise DemoError(f"After {timeout:.0f} seconds still not: {what}.") from None

    # ---------------------------------------------------------------------------------------------------- the PBX

    async def pbx_entries(self) -> list[Json]:
        """Return the config entries of the PBXs."""
        entries: list[Json] = await self.get("/api/config/config_entries/entry?domain=pbx")
        return entries

    async def set_up_pbx(self, entry: Entry) -> str:
        """Set up a PBX with all its lines, through the config flow that a user sees; return the entry's id."""
        flow = await self.post("/api/config/config_entries/flow", {"handler": "pbx"})
        lines = [{"all_lines": True}] if entry.chooses_lines else []
        system = "o2g" if entry.kind.startswith("o2g") else "istra"
        for answer in ({"next_step_id": system}, {"next_step_id": entry.kind}, entry.account, *lines):
            flow = await self._step("flow", flow, answer)
        if flow["type"] != "create_entry":
            raise DemoError(f"{entry.title} could not be set up: {flow['type']} {flow.get('reason', '')}")
        entry_id: str = flow["result"]["entry_id"]
        title = entry.title
        await self.command("config_entries/update", entry_id=entry_id, title=title)
        # Home Assistant named the PBX after its address; the dashboard calls it by its title.
        for entity in await self.command("config/entity_registry/list"):
            if entity["config_entry_id"] == entry_id and entity["unique_id"].endswith("_connected"):
                await self.command(
                    "config/entity_registry/update", entity_id=entity["entity_id"], new_entity_id=entry.connection
                )
                await self.command("config/device_registry/update", device_id=entity["device_id"], name_by_user=title)
        return entry_id

    async def move_pbx(self, entry_id: str, account: Json) -> None:
        """Reconfigure how the PBX is reached, through the same form that a user sees."""
        flow = await self.post("/api/config/config_entries/flow", {"handler": "pbx", "entry_id": entry_id})
        flow = await self._step("flow", flow, account)
        if flow.get("reason") != "reconfigure_successful":
            raise DemoError(f"The PBX could not be reconfigured: {flow['type']} {flow.get('reason', '')}")

    async def _step(self, kind: str, flow: Json, answer: Json) -> Json:
        """Answer a step of a flow."""
        following: Json = await self.post(f"/api/config/config_entries/{kind}/{flow['flow_id']}", answer)
        if following.get("errors"):
            raise DemoError(f"The PBX: {following['errors']} {following.get('description_placeholders', {})}")
        return following
