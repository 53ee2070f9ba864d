"""The faults: what each does to the shop, how it is undone, and which come in which order from a seed."""

import random
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from load import skus
from servers import INSTANCES, LEASE, PARTITIONS, Refused, Shop

TWO_AT_ONCE = 0.3
TABLES = ("tb_od_ord", "tb_od_ord_hist", "tb_pd_unt", "tb_pd_unt_ldgr", "tb_sy_lane", "tb_sy_otbx", "tb_od_stlm")


class NotDone(Exception):
    """A fault that could not be brought about."""


def must(done: object, what: str) -> str:
    if not done:
        raise NotDone(what)
    return what


@dataclass
class Fault:
    """`what` is its kind, `on` whom it meets, `seconds` how long it lasts."""

    what: str
    on: str
    seconds: float
    amount: float = 0
    kept: list = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.what} ({self.on})" if self.on else self.what

    def starts(self) -> bool:
        """Whether it is undone by starting a program: its recovery counts from there, not from when that is ready."""
        return END.get(self.what) in (start, redis_start, postgres_start)

    def begin(self, shop: Shop) -> str:
        """Brings it about; what shows that it happened."""
        return BEGIN[self.what](self, shop)

    def end(self, shop: Shop) -> None:
        """Undoes it, where it doesn't pass by itself."""
        if undo := END.get(self.what):
            undo(self, shop)


def met(fault: Fault) -> tuple[str, ...]:
    return INSTANCES if fault.on == "both" else (fault.on,)


def kill(fault: Fault, shop: Shop) -> str:
    for name in met(fault):
        shop.jumun[name].kill()
    return must(all(shop.jumun[n].ended(0) == -signal.SIGKILL for n in met(fault)), "killed")


def terminate(fault: Fault, shop: Shop) -> str:
    program = shop.jumun[fault.on]
    program.down = True
    program.signal(signal.SIGTERM)
    status = program.ended(30)
    if status is None:
        program.kill()
        raise NotDone("it did not stop within 30 s of SIGTERM")
    return must(status == 0, f"ended with {status}")


def start(fault: Fault, shop: Shop) -> None:
    for name in met(fault):
        if not shop.jumun[name].runs():
            shop.jumun[name].start()


def freeze(fault: Fault, shop: Shop) -> str:
    for name in met(fault):
        shop.jumun[name].signal(signal.SIGSTOP)
    time.sleep(0.02)
    return must(all(shop.jumun[name].state() == "T" for name in met(fault)), "frozen")


def thaw(fault: Fault, shop: Shop) -> None:
    for name in met(fault):
        shop.jumun[name].signal(signal.SIGCONT)


def redis_kill(fault: Fault, shop: Shop) -> str:
    shop.redis.kill()
    return must(shop.redis.ended(0) == -signal.SIGKILL, "killed")


def redis_start(fault: Fault, shop: Shop) -> None:
    shop.redis.start()
    if fault.what == "kill -9 of Redis":
        shop.redis_came_back()


def redis_stop(fault: Fault, shop: Shop) -> str:
    shop.redis.signal(signal.SIGTERM)
    return must(shop.redis.ended(30) == 0, "stopped")


def client_kill(fault: Fault, shop: Shop) -> str:
    count = shop.redis.connect()("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    return must(count, f"{count} connections")


def script_flush(fault: Fault, shop: Shop) -> str:
    return must(shop.redis.connect()("SCRIPT", "FLUSH", "SYNC") == "OK", "flushed")


def rewrite(fault: Fault, shop: Shop) -> str:
    return must("started" in str(shop.redis.connect()("BGREWRITEAOF")), "started")


def client_pause(fault: Fault, shop: Shop) -> str:
    return must(shop.redis.connect()("CLIENT", "PAUSE", str(int(fault.seconds * 1000)), "ALL") == "OK", "paused")


def debug_sleep(fault: Fault, shop: Shop) -> str:
    redis, probe = shop.redis.connect(), shop.redis.connect()
    words = ("DEBUG", "SLEEP", f"{fault.seconds:.1f}")
    redis.socket.sendall(b"*3\r\n" + b"".join(b"$%d\r\n%b\r\n" % (len(w), w.encode()) for w in words))
    fault.kept.append(redis)
    time.sleep(0.05)
    probe.socket.settimeout(0.3)
    try:
        probe("PING")
    except OSError:
        return "it sleeps"
    raise NotDone("it does not sleep")


def max_memory(fault: Fault, shop: Shop) -> str:
    redis = shop.redis.connect()
    redis("CONFIG", "SET", "maxmemory", "1mb")  # less than it has: nothing more is taken
    try:
        redis("SET", "chaos", "x")
    except Refused as e:
        return must(str(e).startswith("OOM"), "OOM")
    raise NotDone("Redis still takes what comes")


def memory_back(fault: Fault, shop: Shop) -> None:
    shop.redis.connect()("CONFIG", "SET", "maxmemory", "0")


def backends(fault: Fault, shop: Shop) -> str:
    query = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'jumun'"
    count = int(shop.postgres.sql(query)[0])
    return must(count, f"{count} sessions")


def postgres_stop(fault: Fault, shop: Shop) -> str:
    shop.postgres.down = True
    shop.postgres.signal(signal.SIGQUIT)
    return must(shop.postgres.ended(30) is not None, "stopped at once")


def postgres_start(fault: Fault, shop: Shop) -> None:
    if shop.postgres.ended(10) is None:
        shop.postgres.kill()
    shop.postgres.start()


def locked(fault: Fault, shop: Shop, query: str) -> str:
    """Holds a lock in a session of its own for as long as the fault lasts."""
    sleep = f"SELECT pg_sleep({fault.seconds:.2f})"
    words = shop.postgres.psql(f"SET lock_timeout = '3s'; BEGIN; {query}; {sleep}; ROLLBACK")
    holder = subprocess.Popen(
        words, env={**shop.postgres.environment, "PGAPPNAME": "chaos lock"}, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    fault.kept.append(holder)
    asleep = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'chaos lock' AND wait_event = 'PgSleep'"
    end = time.monotonic() + 5
    while time.monotonic() < end and holder.poll() is None:
        if shop.postgres.sql(asleep):
            return "locked"
        time.sleep(0.05)
    raise NotDone("the lock was not granted")


def table_lock(fault: Fault, shop: Shop) -> str:
    return locked(fault, shop, f"LOCK TABLE {fault.on} IN ACCESS EXCLUSIVE MODE")


def row_lock(fault: Fault, shop: Shop) -> str:
    return locked(fault, shop, f"SELECT 1 FROM tb_pd_unt WHERE unt_id = '{fault.on}' FOR UPDATE")


def unlock(fault: Fault, shop: Shop) -> None:
    for holder in fault.kept:
        holder.wait(30)


def read_only(fault: Fault, shop: Shop) -> str:
    shop.postgres.sql("ALTER SYSTEM SET default_transaction_read_only = on")
    shop.postgres.sql("SELECT pg_reload_conf()")
    time.sleep(0.1)
    return must(shop.postgres.sql("SHOW default_transaction_read_only") == ["on"], "read-only")


def writable(fault: Fault, shop: Shop) -> None:
    shop.postgres.sql("ALTER SYSTEM RESET default_transaction_read_only")
    shop.postgres.sql("SELECT pg_reload_conf()")


def cut(fault: Fault, shop: Shop) -> str:
    count = shop.networks[fault.on].cut()
    return must(count, f"{count} connections")


def refuse(fault: Fault, shop: Shop) -> str:
    count = shop.networks[fault.on].refuse()
    return f"{count} connections"


def deaf(fault: Fault, shop: Shop) -> str:
    count = shop.networks[fault.on].deaf()
    return must(count, f"{count} connections")


def lose(fault: Fault, shop: Shop) -> str:
    count = shop.networks[fault.on].lose()
    return must(count, f"{count} connections")


def slow(fault: Fault, shop: Shop) -> str:
    count = shop.networks[fault.on].slow(fault.amount)
    return must(count, f"{fault.amount * 1000:.0f} ms, {count} connections")


def mend(fault: Fault, shop: Shop) -> None:
    shop.networks[fault.on].mend()


JUMUN = {"kill -9 of jumun": (kill, start), "SIGTERM of jumun": (terminate, start), "jumun frozen": (freeze, thaw)}
REDIS = {
    "kill -9 of Redis": (redis_kill, redis_start), "Redis restarted": (redis_stop, redis_start),
    "CLIENT KILL": (client_kill, None), "SCRIPT FLUSH": (script_flush, None), "BGREWRITEAOF": (rewrite, None),
    "CLIENT PAUSE": (client_pause, None), "DEBUG SLEEP": (debug_sleep, None), "maxmemory": (max_memory, memory_back),
}  # fmt: skip
POSTGRES = {
    "sessions terminated": (backends, None), "PostgreSQL stopped at once": (postgres_stop, postgres_start),
    "table locked": (table_lock, unlock), "SKU's row locked": (row_lock, unlock), "read-only": (read_only, writable),
}  # fmt: skip
NETWORK = {
    "network cut": (cut, None), "network refuses": (refuse, mend), "network frozen": (deaf, mend),
    "network slow": (slow, mend), "connections lost": (lose, None),
}  # fmt: skip
FAMILIES = (JUMUN, REDIS, POSTGRES, NETWORK)
ALL = {**JUMUN, **REDIS, **POSTGRES, **NETWORK}
BEGIN = {what: begin for what, (begin, _) in ALL.items()}
END = {what: end for what, (_, end) in ALL.items() if end}


def drawn(rng: random.Random, what: str) -> Fault:
    """A fault of that kind; every detail from the seed."""
    seconds, on, amount = 0.0, "", 0.0
    if what in JUMUN:
        seconds = rng.uniform(0, 3)
        on = rng.choice(INSTANCES if what == "SIGTERM of jumun" else (*INSTANCES, "both"))
        if what == "jumun frozen":
            seconds = LEASE * rng.uniform(1.2, 2.5)
    elif what in ("kill -9 of Redis", "Redis restarted", "PostgreSQL stopped at once"):
        seconds = rng.uniform(0, 3)
    elif what in ("CLIENT PAUSE", "DEBUG SLEEP", "maxmemory", "read-only"):
        seconds = rng.uniform(0.5, 4)
    elif what == "table locked":
        seconds, on = rng.uniform(0.5, 5), rng.choice(TABLES)
    elif what == "SKU's row locked":
        seconds, on = rng.uniform(0.5, 5), rng.choice(skus()[rng.randrange(PARTITIONS)][1:])
    elif what in NETWORK:
        on = rng.choice(("Redis", "PostgreSQL"))
        if what in ("network refuses", "network frozen"):
            seconds = rng.uniform(0.5, 6)
        elif what == "network slow":
            seconds, amount = rng.uniform(1, 5), rng.uniform(0.02, 0.3)
    return Fault(what, on, round(seconds, 2), round(amount, 3))


def family(what: str) -> dict:
    return next(some for some in FAMILIES if what in some)


def apart(faults: list[Fault]) -> None:
    """Two at once meet two servers: one that stops behind a network that is frozen would wait for its last clients."""
    kinds = [fault.what for fault in faults]
    for fault in faults:
        if fault.what in NETWORK and any(kind in REDIS for kind in kinds):
            fault.on = "PostgreSQL"
        elif fault.what in NETWORK and any(kind in POSTGRES for kind in kinds):
            fault.on = "Redis"


def plan(seed: int, may_debug: bool) -> Iterator[tuple[float, list[Fault]]]:
    """Pauses and what comes after each, without end. Every kind comes once before any comes again."""
    rng = random.Random(f"faults {seed}")
    bag: list[str] = []

    def next_kind(but: dict) -> str:
        if not any(kind not in but for kind in bag):
            more = list(ALL)
            rng.shuffle(more)
            bag.extend(more)
        kind = next(kind for kind in bag if kind not in but)
        bag.remove(kind)
        return kind

    while True:
        kinds = [next_kind({})]
        if rng.random() < TWO_AT_ONCE:
            # of another family: two that would undo each other are none
            kinds.append(next_kind(family(kinds[0])))
        faults = [drawn(rng, kind) for kind in kinds]
        apart(faults)
        pause = rng.uniform(0.3, 1.5)
        # drawn all the same, so that the rest is as elsewhere
        faults = [f for f in faults if may_debug or f.what != "DEBUG SLEEP"]
        if faults:
            # what makes Redis or PostgreSQL go comes last, since the other may have to ask it
            faults.sort(key=lambda f: f.what in ("kill -9 of Redis", "Redis restarted", "PostgreSQL stopped at once"))
            yield pause, faults
