"""Private servers for the tests that are written in Python: started here, on ports of 127.0.0.1, and stopped again."""

import contextlib
import hashlib
import os
import re
import secrets
import signal
import socket
import subprocess
import time
from pathlib import Path


class Refused(Exception):
    """An error that Redis answered."""


class Redis:
    """One connection: commands as words, replies as Python has them."""

    def __init__(self, port: int, user: str, password: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.file = self.socket.makefile("rb")
        self("AUTH", user, password)

    def __call__(self, *words: str) -> object:
        parts = [b"*%d\r\n" % len(words)]
        for word in map(str.encode, words):
            parts.append(b"$%d\r\n%b\r\n" % (len(word), word))
        self.socket.sendall(b"".join(parts))
        reply = self.reply()
        if isinstance(reply, Refused):
            raise reply
        return reply

    def reply(self) -> object:
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("Redis hung up")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            return Refused(rest.decode())
        if kind == b"+":
            return rest.decode()
        if kind == b":":
            return int(rest)
        if int(rest) < 0:
            return None
        if kind == b"$":
            return self.file.read(int(rest) + 2)[:-2].decode()
        return [self.reply() for _ in range(int(rest))]


def free_port() -> int:
    """Below the ephemeral range, so that no outgoing connection takes it before the server does."""
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as s, contextlib.suppress(OSError):
            s.bind(("127.0.0.1", port))
            return port


@contextlib.contextmanager
def started(command: list, log: Path, **env: str):
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env={**os.environ, **env}, cwd=log.parent
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def until(what: str, look, seconds: float = 30):
    """What `look` gives, as soon as it gives something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError, Refused):
            if found := look():
                return found
        time.sleep(0.05)
    raise SystemExit(f"error: {what}: not within {seconds} s")


def with_passwords(shipped: str, passwords: dict[str, str]) -> str:
    """As docs/operate/deployment.md has it done."""
    for user, password in passwords.items():
        digest = hashlib.sha256(password.encode()).hexdigest()
        shipped = re.sub(f"^user {user} on", rf"\g<0> #{digest}", shipped, flags=re.MULTILINE)
    return shipped


def pairs(flat: list) -> dict:
    return dict(zip(flat[::2], flat[1::2], strict=True))
