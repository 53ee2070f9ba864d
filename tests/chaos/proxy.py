"""A TCP proxy that can be cut, refuse, go deaf, forget its connections and delay: what networks do."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine

CHUNK = 65_536


class Network:
    """The thread that all proxies run in."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def do(self, work: Coroutine) -> int:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(10)


class Link:
    """One connection, from client to server."""

    def __init__(self, writers: list[asyncio.StreamWriter]) -> None:
        self.writers = writers
        self.lost = False

    def cut(self) -> None:
        for writer in self.writers:
            writer.transport.abort()


class Proxy:
    """Listens at `port` of 127.0.0.1 and passes on to another one there."""

    def __init__(self, network: Network, to: int) -> None:
        self.network, self.to, self.port, self.delay = network, to, 0, 0.0
        self.links: set[Link] = set()
        self.listener: asyncio.Server | None = None
        network.do(self._listen())

    def cut(self) -> int:
        """Resets every connection; how many there were."""
        return self.network.do(self._cut())

    def refuse(self) -> int:
        """Cuts, and takes no connection until `mend`."""
        return self.network.do(self._refuse())

    def deaf(self) -> int:
        """Passes nothing on until `mend`; what was said meanwhile arrives then."""
        return self.network.do(self._deaf())

    def lose(self) -> int:
        """Forgets the connections without a word, for ever, as a firewall does; new ones are well."""
        return self.network.do(self._lose())

    def slow(self, seconds: float) -> int:
        """Holds back whatever comes, until `mend`."""
        self.delay = seconds
        return len(self.links)

    def mend(self) -> None:
        self.delay = 0.0
        self.network.do(self._mend())

    async def _listen(self) -> int:
        self.open = asyncio.Event()
        self.open.set()
        self.listener = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self.listener.sockets[0].getsockname()[1]
        return 0

    async def _cut(self) -> int:
        links = list(self.links)
        for link in links:
            link.cut()
        return len(links)

    async def _refuse(self) -> int:
        if self.listener:
            self.listener.close()
            self.listener = None
        return await self._cut()

    async def _deaf(self) -> int:
        self.open.clear()
        return len(self.links)

    async def _lose(self) -> int:
        for link in self.links:
            link.lost = True
        return len(self.links)

    async def _mend(self) -> int:
        self.open.set()
        if not self.listener:
            await self._listen()
        return 0

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.to)
        except OSError:
            writer.transport.abort()
            return
        link = Link([writer, back])
        self.links.add(link)
        await asyncio.gather(self._pump(link, reader, back), self._pump(link, there, writer))
        self.links.discard(link)

    async def _pump(self, link: Link, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await source.read(CHUNK):
                await self.open.wait()
                if self.delay:
                    await asyncio.sleep(self.delay)
                if not link.lost:
                    target.write(chunk)
                    await target.drain()
        link.cut()
