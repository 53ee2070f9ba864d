"""A private Redis, a private PostgreSQL, and two jumun servers that reach them through proxies. Each may be killed,
frozen and started again. Started in the main thread only: a child gets its signal when the thread that made it ends."""

import contextlib
import json
import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from private import Redis, Refused, free_port, until  # noqa: F401
from proxy import Network, Proxy
from receiver import Receiver

NAMESPACE, PARTITIONS, LEASE = "jumun", 4, 2
PAYMENT_WINDOW = 8
INSTANCES = ("a", "b")
KEEP = "86400"  # nothing is trimmed while it runs, so that everything can be judged


class Program:
    """A process that may end and be started again."""

    def __init__(self, name: str, command: list, log: Path, env: dict[str, str], user: str = "") -> None:
        become = ["setpriv", "--pdeathsig", "KILL"]
        if user:
            become += ["--reuid", user, "--regid", str(pwd.getpwnam(user).pw_gid), "--init-groups"]
        self.name, self.command, self.log, self.env = name, [*become, "--", *command], log, env
        self.process: subprocess.Popen | None = None
        self.down = False  # on purpose

    def start(self) -> None:
        self.down = False
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd="/", env={**os.environ, **self.env}
            )

    def signal(self, what: signal.Signals) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(what)

    def ended(self, seconds: float = 30) -> int | None:
        """Its status, once it has ended; `None` where it doesn't."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.process.wait(seconds) if self.process else 0
        return None

    def kill(self) -> None:
        self.down = True
        self.signal(signal.SIGKILL)
        self.ended()

    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def state(self) -> str:
        """As the system has it: `T` is stopped."""
        return Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] if self.runs() else "-"


class RedisServer(Program):
    def __init__(self, here: Path) -> None:
        self.port, self.password = free_port(), secrets.token_hex(16)
        data = here / "redis"
        data.mkdir(mode=0o700)
        version = subprocess.run(["redis-server", "--version"], capture_output=True, text=True, check=True).stdout
        found = re.search(r"v=(\d+)", version)
        self.may_debug = bool(found) and int(found[1]) >= 7
        # auto-rewriting is off since a rewrite is one of the faults
        lines = [f"port {self.port}", "bind 127.0.0.1", f"dir {data}", f"requirepass {self.password}", 'save ""',
                 "maxmemory-policy noeviction", "appendonly yes", "appendfsync everysec",
                 "auto-aof-rewrite-min-size 1gb"]  # fmt: skip
        if self.may_debug:
            lines.append("enable-debug-command local")
        config = data / "redis.conf"
        config.touch(0o600)
        config.write_text("\n".join(lines) + "\n")
        super().__init__("Redis", ["redis-server", config], here / "redis.log", {})

    def connect(self) -> Redis:
        """Past the proxy."""
        return Redis(self.port, "default", self.password)

    def start(self) -> None:
        super().start()
        until("Redis answers", lambda: self.connect()("PING"))

    def url(self, port: int) -> str:
        return f"redis://default:{self.password}@127.0.0.1:{port}"


class PostgresServer(Program):
    def __init__(self, here: Path) -> None:
        self.port, self.password = free_port(), secrets.token_hex(16)
        homes = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: float(p.parts[-3]))
        initdb = homes[-1] if homes else Path(shutil.which("initdb") or "initdb")
        user = ""
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            names = {entry.pw_name for entry in pwd.getpwall()}
            user = "postgres" if "postgres" in names else "nobody"
        log, data = here / "postgres.log", here / "postgres"
        data.mkdir(mode=0o700)
        secret = data / "password"
        secret.touch(0o600)
        secret.write_text(self.password)
        if user:
            for path in (data, secret):
                shutil.chown(path, user)
        make = Program(
            "initdb",
            [initdb, "-D", data / "data", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync",
             "--auth=scram-sha-256", f"--pwfile={secret}"],
            log, {}, user,
        )  # fmt: skip
        make.start()
        if make.ended(120) != 0:
            raise SystemExit(f"error: initdb failed: {log.read_text()[-2000:]}")
        command = [initdb.with_name("postgres"), "-D", data / "data", "-p", str(self.port), "-c", "max_connections=100",
                   "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={data}"]  # fmt: skip
        super().__init__("PostgreSQL", command, log, {}, user)
        # in the environment, since a command line can be read by everybody
        self.environment = {
            **os.environ, "PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": "postgres",
            "PGDATABASE": "postgres", "PGPASSWORD": self.password, "PGAPPNAME": "chaos", "PGCONNECT_TIMEOUT": "5",
        }  # fmt: skip

    def start(self) -> None:
        super().start()
        until("PostgreSQL answers", lambda: self.sql("SELECT 1"))

    def psql(self, query: str) -> list[str]:
        """A command that asks it."""
        return ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", query]

    def sql(self, query: str, seconds: float = 60) -> list[str]:
        """The lines of its answer."""
        done = subprocess.run(
            self.psql(query), env=self.environment, capture_output=True, text=True, timeout=seconds, check=False
        )
        if done.returncode:
            raise OSError(done.stderr.strip())
        return done.stdout.splitlines()

    def rows(self, query: str) -> list[dict]:
        return [json.loads(line) for line in self.sql(f"SELECT row_to_json(q) FROM ({query}) AS q", 300)]

    def url(self, port: int, user: str = "postgres") -> str:
        return f"postgres://{user}:{self.password}@127.0.0.1:{port}/postgres?sslmode=disable"


class Shop:
    """All of it. `with` stops what was started."""

    def __init__(self, jumun: Path, here: Path) -> None:
        self.jumun_binary, self.here = jumun, here
        here.chmod(0o711)  # PostgreSQL's user has to pass through
        self.started: list[Program] = []
        self.deaths: list[str] = []
        self.redis_came_back: Callable[[], None] = lambda: None  # after a kill
        network = Network()
        self.redis = self._up(RedisServer(here))
        self.postgres = self._up(PostgresServer(here))
        self.networks = {"Redis": Proxy(network, self.redis.port), "PostgreSQL": Proxy(network, self.postgres.port)}
        self.receiver = Receiver(here)
        self.jumun = {name: self._jumun(name) for name in INSTANCES}

    def _up(self, program: "Program") -> "Program":
        self.started.append(program)
        try:
            program.start()
        except BaseException:
            self.stop()
            raise
        return program

    def places(self, redis: int, postgres: int, user: str = "postgres") -> dict[str, str]:
        database = self.postgres.url(postgres, user)
        return {"REDIS_URL": self.redis.url(redis), "DATABASE_URL": database, "NO_COLOR": "1"}

    def _jumun(self, name: str) -> Program:
        door, user = free_port(), f"server_{name}"
        # by its own user, so that the database can tell who wrote what
        self.postgres.sql(f"CREATE ROLE {user} SUPERUSER LOGIN PASSWORD '{self.postgres.password}'")
        env = {
            **self.places(self.networks["Redis"].port, self.networks["PostgreSQL"].port, user),
            "JUMUN_NO_AUTH": "true", "JUMUN_LISTEN": f"127.0.0.1:{door}", "JUMUN_INSTANCE": name,
            "JUMUN_PARTITIONS": str(PARTITIONS), "JUMUN_LEASE": str(LEASE), "JUMUN_KEEP_COMMANDS": KEEP, "JUMUN_KEEP_ANSWERS": KEEP,
            "JUMUN_KEEP_EVENTS": KEEP, "JUMUN_PAYMENT_WINDOW": str(PAYMENT_WINDOW), "JUMUN_PAYMENTS": "simulated",
            "JUMUN_WEBHOOKS": str(self.receiver.settings),
        }  # fmt: skip
        return self._up(Program(name, [self.jumun_binary, "serve"], self.here / f"jumun-{name}.log", env))

    def tend(self) -> None:
        """Starts again whoever ended unasked, as a supervisor does; it is told."""
        for program in self.jumun.values():
            if program.process and program.process.poll() is not None and not program.down:
                last = program.log.read_text(errors="replace").splitlines()[-1:]
                self.deaths.append(f"jumun {program.name} ended by itself, status {program.process.returncode}: {last}")
                program.start()

    def verify(self) -> tuple[int, str]:
        """What `jumun verify` says of it."""
        done = subprocess.run(
            [self.jumun_binary, "verify", "--json"], capture_output=True, text=True, check=False, timeout=600,
            env={**os.environ, **self.places(self.redis.port, self.postgres.port)},
        )  # fmt: skip
        return done.returncode, done.stdout or done.stderr

    def stop(self) -> None:
        for program in reversed(self.started):
            program.signal(signal.SIGCONT)
            program.signal(signal.SIGINT if program.name == "PostgreSQL" else signal.SIGTERM)
        for program in reversed(self.started):
            if program.ended(10) is None:
                program.kill()

    def __enter__(self) -> "Shop":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def now_ms() -> int:
    """As stream entries are stamped."""
    return int(time.time() * 1000)
