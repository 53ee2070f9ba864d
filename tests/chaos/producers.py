"""Producers that write down what they send before they send it, and a reader of the answers, as a checkout has them."""

import contextlib
import heapq
import json
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from load import REPLY_TO, Send
from servers import NAMESPACE, PARTITIONS, Refused, RedisServer

TRIES_MAX = 6  # of a command that was told to come again
PAUSE = 0.1


@dataclass
class Sent:
    """One XADD: `in` with its entry, as answers name it, where Redis said so, else `unknown`, or `refused`."""

    partition: int
    body: str
    entry: str = ""
    fate: str = "unknown"
    number: int = 0
    stream: str = "commands"


PRODUCED = ("commands", "checkout")


def stream(partition: int, name: str = "commands") -> str:
    return f"{NAMESPACE}:{{{partition}}}:{name}"


def named(name: str, entry: str) -> str:
    """An entry as answers name it: one of `checkout` with its stream."""
    return entry if name == "commands" else f"{name}/{entry}"


class Journal:
    """Every XADD: in a file before it is sent, and what came of it."""

    def __init__(self, path: Path) -> None:
        self.sent: list[Sent] = []
        self.file, self.lock = path.open("w"), threading.Lock()

    def begin(self, partition: int, body: str, name: str) -> Sent:
        with self.lock:
            one = Sent(partition, body, number=len(self.sent), stream=name)
            self.sent.append(one)
            self._write({"number": one.number, "partition": partition, "stream": name, "body": body})
        return one

    def end(self, one: Sent, fate: str, entry: str = "") -> None:
        with self.lock:
            one.fate, one.entry = fate, entry
            self._write({"number": one.number, "fate": fate, "entry": entry})

    def _write(self, line: dict) -> None:
        self.file.write(json.dumps(line) + "\n")
        self.file.flush()


def xadd(redis: object, journal: Journal, partition: int, body: str, name: str = "commands") -> Sent:
    """Raises what the connection raises; then it is unknown whether it came in."""
    one = journal.begin(partition, body, name)
    try:
        journal.end(one, "in", named(name, redis("XADD", stream(partition, name), "*", "command", body)))
    except Refused:
        journal.end(one, "refused")
        raise
    return one


class Producer(threading.Thread):
    """Sends what is due, in order of time. What was not received for certain is sent again, the same bytes."""

    def __init__(self, server: RedisServer, journal: Journal, sends: list[Send], began: float) -> None:
        super().__init__(daemon=True)
        self.server, self.journal, self.began = server, journal, began
        self.due = list(sends)
        heapq.heapify(self.due)
        self.lock, self.over = threading.Lock(), threading.Event()
        self.retries = 0

    def again(self, sent: Sent, after: float) -> None:
        with self.lock:
            self.retries += 1
            at = time.monotonic() - self.began + after
            heapq.heappush(self.due, Send(at, -self.retries, sent.partition, sent.body, sent.stream))

    def run(self) -> None:
        redis = None
        while not self.over.is_set():
            with self.lock:
                now = time.monotonic() - self.began
                one = heapq.heappop(self.due) if self.due and self.due[0].at <= now else None
            if one is None:
                self.over.wait(0.01)
                continue
            while not self.over.is_set():
                try:
                    redis = redis or self.server.connect()
                    xadd(redis, self.journal, one.partition, one.body, one.stream)
                    break
                except Refused:
                    self.over.wait(PAUSE)
                except OSError:
                    redis = None
                    self.over.wait(PAUSE)


class Reader(threading.Thread):
    """Follows the answers of all partitions, and remembers when each partition answered."""

    def __init__(self, server: RedisServer, again) -> None:
        super().__init__(daemon=True)
        self.server, self.again, self.over = server, again, threading.Event()
        names = ("answers", f"answers:{REPLY_TO}")
        self.position = {stream(p, name): "0-0" for p in range(PARTITIONS) for name in names}
        self.partition = {stream(p, name): p for p in range(PARTITIONS) for name in names}
        self.times: list[list[int]] = [[] for _ in range(PARTITIONS)]
        self.answered: dict[str, str] = {}
        self.tries: dict[str, int] = {}

    def run(self) -> None:
        redis = None
        while not self.over.is_set():
            try:
                redis = redis or self.server.connect()
                keys = list(self.position)
                reply = redis("XREAD", "COUNT", "200", "BLOCK", "200", "STREAMS", *keys, *self.position.values())
            except (OSError, Refused):
                redis = None
                self.over.wait(PAUSE)
                continue
            for key, entries in reply or []:
                for entry, fields in entries:
                    self.position[key] = entry
                    self.times[self.partition[key]].append(int(entry.split("-")[0]))
                    for answer in json.loads(fields[1]):
                        self.hear(answer)

    def hear(self, answer: dict) -> None:
        self.answered[answer["command_id"]] = answer["outcome"]
        if answer.get("reason") == "try_again":
            tries = self.tries[answer["command_id"]] = self.tries.get(answer["command_id"], 0) + 1
            if tries < TRIES_MAX:
                self.again(answer)

    def first_after(self, ms: int) -> list[int | None]:
        """Of each partition: when the first answer came that was given after that time."""
        found: list[int | None] = []
        for times in self.times:
            later = None
            for at in reversed(times[:]):
                if at < ms:
                    break
                later = at if later is None else min(at, later)
            found.append(later)
        return found


class Load:
    """Two producers, each for half of the partitions, so that an order's commands keep their order; and a reader."""

    def __init__(self, server: RedisServer, journal: Journal, sends: list[Send]) -> None:
        self.journal = journal
        self.began = time.monotonic()
        self.producers = [
            Producer(server, journal, [s for s in sends if s.partition % 2 == half], self.began) for half in (0, 1)
        ]
        self.reader = Reader(server, self.again)
        for thread in (*self.producers, self.reader):
            thread.start()

    def again(self, answer: dict) -> None:
        """The bytes that were answered so, once more, after a second."""
        with contextlib.suppress(StopIteration):
            sent = next(s for s in reversed(self.journal.sent[-20_000:]) if s.entry == answer["entry"]
                        and answer["command_id"] in s.body)  # fmt: skip
            self.producers[sent.partition % 2].again(sent, 1.0)

    def stop_sending(self) -> None:
        for producer in self.producers:
            producer.over.set()
        for producer in self.producers:
            producer.join(15)
