"""Runs each of examples/producers as a checkout of a real sale: on a private Redis under the producer's own user, with a
server of two partitions, once undisturbed and once with a frozen server, a cut connection and a killed server.

    python3 tests/producers/run.py --jumun target/debug/jumun --rust target/debug/examples/checkout --tools FOLDER

In FOLDER is kept what the examples need: a Python environment, Node's modules, compiled classes. Whatever happens, every
unit is sold once, every order answered, every entry answered exactly once, and the example's own summary agrees.
"""

import argparse
import binascii
import collections
import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from private import Redis, free_port, pairs, started, until, with_passwords

EXAMPLES = ROOT / "examples/producers"
# Not the usual one, so that an example that forgets to ask for it finds nothing.
NAMESPACE, PARTITIONS, AT_ONCE = "shop", 2, 16
RUN_SECONDS_MAX = 120
# Longer than the patience, so that orders are sent again; shorter than a lease, so that it is the same server after it.
FROZEN_SECONDS = 3.2
FAULTS_SHOWN_MAX = 10

faults: list[str] = []


def check(holds: object, fault: str) -> None:
    if not holds:
        faults.append(fault)


def partition_of(sku: str) -> int:
    return binascii.crc_hqx(sku.encode(), 0) % PARTITIONS


def ready(tools: Path, rust: Path, gson: Path, wanted: list[str]) -> dict[str, list]:
    """How each example is called, once what it needs is in place."""

    def do(*words: object, cwd: Path = tools) -> None:
        subprocess.run([str(word) for word in words], cwd=cwd, check=True, timeout=600, stdin=subprocess.DEVNULL)

    tools.mkdir(parents=True, exist_ok=True)
    python, node, classes = tools / "python/bin/python", tools / "typescript", tools / "java"
    if "python" in wanted:
        if not python.exists():
            do(sys.executable, "-m", "venv", tools / "python")
        pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:")
        do(*pip, "-r", EXAMPLES / "python/requirements.txt")
    if "typescript" in wanted:
        shutil.copytree(
            EXAMPLES / "typescript", node, ignore=shutil.ignore_patterns("node_modules", "dist"), dirs_exist_ok=True
        )
        do("npm", "ci", "--silent", "--no-audit", "--no-fund", cwd=node)
        do("npm", "run", "--silent", "build", cwd=node)
    if "java" in wanted:
        sources = sorted((EXAMPLES / "java").glob("*.java"))
        do("javac", "-Xlint:all", "-Werror", "--release", "17", "-cp", gson, "-d", classes, *sources)
    return {
        "redis-cli": ["bash", EXAMPLES / "redis-cli/checkout.sh"],
        "python": [python, EXAMPLES / "python/checkout.py"],
        "typescript": ["node", node / "dist/checkout.js"],
        "java": ["java", "-cp", f"{gson}:{classes}", "Main"],
        "rust": [rust],
    }


class Server:
    """A jumun that may be frozen, and killed and started anew."""

    def __init__(self, jumun: Path, here: Path, redis: str) -> None:
        self.jumun, self.here, self.door = jumun, here, free_port()
        self.places = {"REDIS_URL": redis, "DATABASE_URL": f"sqlite:{here}/jumun.db", "JUMUN_NAMESPACE": NAMESPACE}
        self.start()

    def start(self) -> None:
        settings = {"JUMUN_LISTEN": f"127.0.0.1:{self.door}", "JUMUN_PARTITIONS": str(PARTITIONS)}
        # under the same name it takes its partitions back without waiting for the lease to end
        settings |= {"JUMUN_INSTANCE": "producers", "JUMUN_NO_AUTH": "true"}
        # a frozen server is still the owner; what was sent is still there when it is inspected, however slow the machine
        settings |= {"JUMUN_LEASE": "15", "JUMUN_KEEP_COMMANDS": "3600", "JUMUN_KEEP_ANSWERS": "3600"}
        with (self.here / "jumun.log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.jumun, "serve"], env={**os.environ, **self.places, **settings}, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, cwd=self.here,
            )  # fmt: skip

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)
        threading.Timer(FROZEN_SECONDS, self.process.send_signal, [signal.SIGCONT]).start()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.start()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def get(self, path: str, body: dict | None = None) -> int:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.door}{path}", data, {"content-type": "application/json"}
        )
        return urllib.request.urlopen(request, timeout=15).status


class Proxy:
    """Between an example and Redis. It counts the XADDs and, when one is due, does what is planned before passing it on.
    Its own fault is the nastiest: Redis gets the XADD, the producer gets no ok and loses every connection."""

    def __init__(self, to: int, plan: dict[int, object]) -> None:
        self.to, self.plan, self.xadds, self.done = to, plan, 0, []
        self.lock, self.pairs, self.deaf = threading.Lock(), [], False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if self.deaf:
                client.close()
                continue
            server = socket.create_connection(("127.0.0.1", self.to))
            self.pairs += [client, server]
            threading.Thread(target=self.pump, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self.pump, args=(server, client, False), daemon=True).start()

    def pump(self, source: socket.socket, target: socket.socket, sends: bool) -> None:
        tail = b""
        with contextlib.suppress(OSError):
            while chunk := source.recv(65_536):
                if sends:
                    text = (tail + chunk).upper()
                    tail = text[-10:] if b"\r\nXADD\r\n" not in text[-10:] else b""
                    self.count(text.count(b"\r\nXADD\r\n"), chunk, target)
                elif not self.deaf:
                    target.sendall(chunk)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def count(self, more: int, chunk: bytes, target: socket.socket) -> None:
        cut = False
        with self.lock:
            self.xadds += more
            for at in sorted(at for at in self.plan if at <= self.xadds):
                what = self.plan.pop(at)
                cut = cut or what == "cut"
                if what != "cut":
                    what()
                self.done.append(at)
            self.deaf = self.deaf or cut
        target.sendall(chunk)
        if cut:
            time.sleep(0.05)  # Redis has it by now; its ok is not passed on
            for end in self.pairs:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
            time.sleep(0.4)  # longer than a single try to connect anew
            self.pairs, self.deaf = [], False

    def close(self) -> None:
        self.listener.close()


def run(name: str, command: list, skus: list[str], orders: int, patience: int, url: str, here: Path) -> dict:
    """The example's summary."""
    env = {**os.environ, "REDIS_URL": url, "JUMUN_NAMESPACE": NAMESPACE, "JUMUN_ANSWER_TIMEOUT": str(patience)}
    words = [*command, ",".join(skus), str(orders), str(AT_ONCE)]
    done = subprocess.run(
        words, env={**env, "JUMUN_REPLY_TO": name}, capture_output=True, text=True, timeout=RUN_SECONDS_MAX, check=False,
        stdin=subprocess.DEVNULL, cwd=here,
    )  # fmt: skip
    (here / f"{name}.err").write_text(done.stderr)
    lines = done.stdout.splitlines()
    check(done.returncode == 0, f"{name}: ended with {done.returncode}: {done.stderr[-2000:]}")
    check(len(lines) == orders + 1, f"{name}: {len(lines)} lines for {orders} orders")
    try:
        return json.loads(lines[-1])
    except (IndexError, ValueError):
        raise SystemExit(f"error: {name}: no summary: {done.stdout[-500:]} {done.stderr[-2000:]}") from None


def entries(admin: Redis, key: str) -> list[tuple[str, str]]:
    return [(entry, fields[1]) for entry, fields in admin("XRANGE", key, "-", "+")]


def inspect(name: str, admin: Redis, skus: list[str], orders: int, units: int, summary: dict, database: Path) -> None:
    """What the summary, the database and the streams say of a run must be one thing."""
    sold, retries = units * len(skus), summary.pop("retries")
    should = {"placed": sold, "refused": {"sold_out": orders - sold}, "failed": 0, "unanswered": 0}
    check(summary == should, f"{name}: it says {summary}, not {should}")
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        for sku in skus:
            row = db.execute(
                "SELECT COUNT(*), SUM(hold_qty), COUNT(DISTINCT cust_id) FROM tb_od_ord_gds JOIN tb_od_ord USING (ord_id)"
                " WHERE unt_id = ?", (sku,),
            ).fetchone()  # fmt: skip
            check(row == (units,) * 3, f"{name}: {sku}: orders, units, customers are {row}, not {units} each")
    sent: dict[str, set] = collections.defaultdict(set)
    answers: dict[str, set] = collections.defaultdict(set)
    times: collections.Counter = collections.Counter()
    count = 0
    for p in range(PARTITIONS):
        mine = set()
        for entry, body in entries(admin, f"{NAMESPACE}:{{{p}}}:checkout"):
            command = json.loads(body)
            if command.get("reply_to") == name:
                mine.add(f"checkout/{entry}")
                sent[command["id"]].add(body)
                sku = command["lines"][0]["sku_id"]
                check(partition_of(sku) == p, f"{name}: {entry}, for {sku}, was sent to partition {p}")
        for _, body in entries(admin, f"{NAMESPACE}:{{{p}}}:answers:{name}"):
            for answer in json.loads(body):
                check(answer["entry"] in mine, f"{name}: {answer['entry']} is answered and was not sent")
                times[p, answer.pop("entry")] += 1
                answers[answer["command_id"]].add(json.dumps(answer, sort_keys=True))
        count += len(mine)
    check(count == len(times) and set(times.values()) == {1}, f"{name}: {count} entries, answered {times}")
    check(len(sent) == orders, f"{name}: {len(sent)} ids for {orders} orders")
    check(sent.keys() == answers.keys(), f"{name}: {len(sent)} ids sent, {len(answers)} answered")
    for what, each in (("bodies", sent), ("answers", answers)):
        several = [id for id, all in each.items() if len(all) > 1]
        check(not several, f"{name}: ids with several {what}: {several[:3]}")
    # an XADD whose connection was cut may not have come in
    check(orders <= count <= orders + retries, f"{name}: {orders} orders, {retries} retries, and {count} entries")


def shop(name: str, command: list, jumun: Path, here: Path) -> str:
    """A shop of its own for an example: two sales, two SKUs each, one in each partition. What was seen."""
    here.mkdir()
    port = free_port()
    passwords = {user: secrets.token_hex(16) for user in ("jumun-server", "jumun-checkout", "test-admin")}
    shipped = (ROOT / "ops/redis/users.acl").read_text().replace("~jumun:", f"~{NAMESPACE}:")
    (here / "users.acl").write_text(with_passwords(shipped + "user test-admin on ~* &* +@all\n", passwords))
    settings = f'port {port}\nbind 127.0.0.1\ndir {here}\naclfile {here}/users.acl\nsave ""\n'
    (here / "redis.conf").write_text(settings + "maxmemory-policy noeviction\n")
    with contextlib.ExitStack() as stack:
        redis = stack.enter_context(started(["redis-server", here / "redis.conf"], here / "redis.log"))
        admin = until("Redis answers", lambda: Redis(port, "test-admin", passwords["test-admin"]))
        check(f"process_id:{redis.pid}\r" in admin("INFO", "server"), "another Redis answers")
        server = Server(jumun, here, f"redis://jumun-server:{passwords['jumun-server']}@127.0.0.1:{port}")
        stack.callback(server.stop)
        until("jumun is ready", lambda: server.get("/readyz") == 200)

        plain = ("plain", ["SKU-1", "SKU-2"], 200, 60)
        faulty = ("faulty", ["SKU-3", "SKU-4"], 120, 40)
        goods = [json.loads(line) for line in (ROOT / "docs/start/first-sale.jsonl").read_text().splitlines()][:2]
        for sale, skus, _, units in (plain, faulty):
            check({partition_of(sku) for sku in skus} == set(range(PARTITIONS)), f"{sale}: not in each partition")
            for n, sku in enumerate(skus):
                goods.append({"type": "create_sku", "sku_id": sku, "product_id": "AC", "option_name": f"{sale} {n}"})
                goods.append({"type": "receive_stock", "sku_id": sku, "quantity": units})
        for n, one in enumerate(goods):
            server.get("/v1/commands", {**one, "id": f"goods-{n:03}", "actor": "operator:me"})

        began = time.monotonic()
        producer = f"redis://jumun-checkout:{passwords['jumun-checkout']}@127.0.0.1:"
        sale, skus, orders, units = plain
        summary = run(f"{name}-{sale}", command, skus, orders, 10, f"{producer}{port}", here)
        check(summary["retries"] == 0, f"{name}: {summary['retries']} retries where nothing was wrong")
        inspect(f"{name}-{sale}", admin, skus, orders, units, summary, here / "jumun.db")
        plain_seconds, began = time.monotonic() - began, time.monotonic()

        sale, skus, orders, units = faulty
        proxy = Proxy(port, {20: server.freeze, 60: "cut", 100: server.kill})
        stack.callback(proxy.close)
        summary = run(f"{name}-{sale}", command, skus, orders, 1, f"{producer}{proxy.port}", here)
        retries = summary["retries"]
        check(not proxy.plan and len(proxy.done) == 3, f"{name}: planned and not done: {proxy.plan}")
        check(retries > 0, f"{name}: no retries, though the server was away")
        inspect(f"{name}-{sale}", admin, skus, orders, units, summary, here / "jumun.db")
        seconds = time.monotonic() - began

        server.stop()
        done = subprocess.run(
            [jumun, "verify", "--settle", "0"], env={**os.environ, **server.places}, capture_output=True, text=True,
            timeout=60, check=False,
        )  # fmt: skip
        check(done.returncode == 0, f"{name}: jumun verify: {done.stdout[-2000:]}{done.stderr[-500:]}")
        for entry in map(pairs, admin("ACL", "LOG")):
            # from Redis 7.2 on libraries introduce themselves; it may be refused
            ignored = entry["object"].startswith("client|setinfo")
            check(ignored, f"{name}: refused: {entry['username']}: {entry['reason']} {entry['object']}")
    return f"{name}: 200 orders in {plain_seconds:.1f} s; 120 with faults in {seconds:.1f} s, {retries} retries"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = ["redis-cli", "python", "typescript", "java", "rust"]
    parser.add_argument("--jumun", type=Path, required=True, help="the built binary")
    parser.add_argument("--rust", type=Path, default=ROOT / "target/debug/examples/checkout", help="the built example")
    parser.add_argument("--tools", type=Path, required=True, help="folder for what the examples need")
    parser.add_argument("--gson", type=Path, default=Path("/usr/share/java/gson.jar"), help="Java's JSON")
    parser.add_argument("--only", choices=names, nargs="+", default=names, help="some of the examples")
    args = parser.parse_args()
    commands = ready(args.tools.resolve(), args.rust.resolve(), args.gson.resolve(), args.only)
    with tempfile.TemporaryDirectory(prefix="jumun-producers-") as folder:
        for name in args.only:
            before = len(faults)
            print(shop(name, commands[name], args.jumun.resolve(), Path(folder) / name), flush=True)
            for fault in faults[before:][:FAULTS_SHOWN_MAX]:
                print(f"error: {fault}", file=sys.stderr, flush=True)
    print(f"producers: {len(args.only)} examples, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
