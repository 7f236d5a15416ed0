"""Replicas are replaced one by one while they are asked, over HTTP and over sockets."""

import asyncio
import contextlib
import json
from pathlib import Path

import aiohttp
import pytest

from tests.fleet import Replica, fleet, free_ports
from tests.shop import ROOT

QUERY = json.dumps({"query": "{ products(first: 3) { nodes { name } } }"}).encode()
CLIENTS = 12
STOP_SECONDS = 10.0
# That a busy gateway turns requests away is another rule, and what this machine does beside.
SETTINGS = """
[transport.demand]
mode = "measure"
"""
BOUND = 120.0


class Load:
    """Clients that keep their connections, and go to another replica only where none is begun."""

    def __init__(self, ports: list[int]) -> None:
        self._ports = ports
        self.is_over = False
        self.answered = 0
        self.moves = 0
        self.failures: list[str] = []

    async def client(self, number: int) -> None:
        reader: asyncio.StreamReader | None = None
        writer: asyncio.StreamWriter | None = None
        while not self.is_over:
            if writer is None or reader is None:
                reader, writer = await self._connect(number)
            try:
                if not await self._ask(reader, writer):
                    writer.close()
                    reader = writer = None
                    self.moves += 1
            except (OSError, asyncio.IncompleteReadError) as failure:
                self.failures.append(repr(failure))
                reader = writer = None
        if writer is not None:
            writer.close()

    async def _connect(self, number: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while True:
            for turn in range(len(self._ports)):
                port = self._ports[(number + turn) % len(self._ports)]
                with contextlib.suppress(ConnectionRefusedError):
                    return await asyncio.open_connection("127.0.0.1", port)
            await asyncio.sleep(0.05)

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Ask once; whether the connection may be used again."""
        head = (
            "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(QUERY)}\r\n\r\n"
        )
        writer.write(head.encode() + QUERY)
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:] if line)
        body = json.loads(await reader.readexactly(int(headers["content-length"])))
        if " 200 " not in lines[0] or "errors" in body:
            self.failures.append(f"{lines[0]}: {body}")
        self.answered += 1
        return headers.get("connection") != "close"


async def _follow(url: str, seen: asyncio.Queue[int | None]) -> None:
    """Follow something over a socket, and tell when that has begun, and how the socket ends."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(url, protocols=["graphql-transport-ws"]) as socket,
    ):
        await socket.send_json({"type": "connection_init"})
        assert (await socket.receive_json())["type"] == "connection_ack"
        query = 'subscription { availabilityChanged(skus: ["100001001"]) { cursor } }'
        await socket.send_json({"type": "subscribe", "id": "1", "payload": {"query": query}})
        await socket.send_json({"type": "ping"})
        while (await socket.receive_json())["type"] != "pong":
            pass
        seen.put_nowait(None)
        completed = False
        async for message in socket:
            completed |= json.loads(message.data) == {"type": "complete", "id": "1"}
        assert completed, "the subscription was not completed"
        seen.put_nowait(socket.close_code)


@pytest.mark.long
async def test_replicas_are_replaced_without_a_failed_request(tmp_path: Path) -> None:
    """While each replica is stopped and started again no request fails and sockets are told."""
    ports = free_ports(2)
    config = tmp_path / "gateway.toml"
    text = (ROOT / "gateway.toml").read_text(encoding="utf-8")
    config.write_text(text + SETTINGS, encoding="utf-8")
    with fleet(config, tmp_path) as replicas:
        running = await asyncio.to_thread(replicas.start, *ports)
        load = Load(ports)
        async with asyncio.timeout(BOUND), asyncio.TaskGroup() as group:
            for number in range(CLIENTS):
                group.create_task(load.client(number))
            for place, port in enumerate(ports):
                old: Replica = running[place]
                seen: asyncio.Queue[int | None] = asyncio.Queue()
                group.create_task(_follow(old.url, seen))
                await seen.get()
                took = await asyncio.to_thread(old.stop)
                assert took <= STOP_SECONDS
                assert await seen.get() == 1001
                before = load.answered
                await asyncio.to_thread(replicas.start, port)
                while load.answered < before + 50:  # noqa: ASYNC110 - counted by many
                    await asyncio.sleep(0.01)
            load.is_over = True
        assert load.failures == []
        assert load.moves >= CLIENTS
