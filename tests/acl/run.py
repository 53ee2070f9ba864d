"""Tests ops/redis/users.acl on a private Redis: what each user may do, what none may, and that jumun works under it; and
ops/redis/start.sh, by which compose.yaml starts Redis with these users.

    python3 tests/acl/run.py --jumun target/debug/jumun

Everything lives in a directory of its own and listens on 127.0.0.1; what was started is stopped by its process.
"""

import argparse
import contextlib
import hashlib
import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from private import Redis, Refused, free_port, pairs, started, until, with_passwords
USERS = [f"jumun-{who}" for who in "server producer checkout consumer operator scaler".split()]
KEYS = ["meta", *(f"{{0}}:{k}" for k in "commands checkout internal answers answers:me events dead epoch reply_to".split())]
# What each user may read and write; the server everything.
READ = {
    "jumun-producer": {"meta", "{0}:answers", "{0}:answers:me"},
    "jumun-checkout": {"meta", "{0}:answers", "{0}:answers:me"},
    "jumun-consumer": {"meta", "{0}:answers", "{0}:answers:me", "{0}:events"},
    "jumun-operator": set(KEYS),
    "jumun-scaler": {"{0}:commands", "{0}:checkout"},
}
WRITE = {"jumun-producer": {"{0}:commands"}, "jumun-checkout": {"{0}:checkout"}}
# What nobody has: it reads, changes or stops what is not jumun's, or shows what others do.
NOBODY = [
    "KEYS *", "SCAN 0", "RANDOMKEY", "DBSIZE", "FLUSHALL", "FLUSHDB", "SWAPDB 0 1", "CONFIG GET *", "CONFIG SET save x",
    "SHUTDOWN", "DEBUG SLEEP 0", "MONITOR", "SAVE", "BGSAVE", "REPLICAOF no one", "ACL LIST", "ACL SETUSER x on",
    "CLIENT LIST", "CLIENT KILL ID 1", "SCRIPT FLUSH", "SCRIPT KILL", "FUNCTION FLUSH", "EVAL x 0", "SLOWLOG GET",
    "DEL jumun:{0}:commands", "UNLINK jumun:{0}:internal", "RENAME jumun:{0}:dead jumun:{0}:commands",
    "EXPIRE jumun:{0}:commands 1", "XDEL jumun:{0}:commands 1-1", "XSETID jumun:{0}:commands 1-1",
    "XGROUP DESTROY jumun:{0}:commands jumun", "RESTORE jumun:{0}:dead 0 x",
    "COPY jumun:{0}:dead jumun:{1}:dead", "PUBLISH x y", "SUBSCRIBE x", "MODULE LIST", "GET other", "SET other x",
    "XRANGE other - +", "XADD other * a b", "XADD jumun:{0}:other * a b", "XADD shop:{0}:commands * a b",
]  # fmt: skip
# What the server alone has.
SERVERS = ["XGROUP SETID jumun:{0}:commands jumun $", "XACK jumun:{0}:commands jumun 1-1"]
# What the server's source calls, with arguments that a dry run takes.
CALLS = {
    "PING": "", "HGET": "meta f", "HMGET": "meta f", "HSET": "meta f v", "EXISTS": "meta", "GET": "{0}:epoch",
    "SET": "{0}:epoch 1", "SMEMBERS": "{0}:reply_to", "SISMEMBER": "{0}:reply_to n", "SCARD": "{0}:reply_to",
    "SADD": "{0}:reply_to n", "SREM": "{0}:reply_to n", "PEXPIRE": "{0}:answers:me 9", "TIME": "", "INFO": "server",
    "XADD": "{0}:internal * command x", "XREAD": "STREAMS {0}:answers 0",
    "XREADGROUP": "GROUP jumun me STREAMS {0}:commands {0}:internal > >", "XACK": "{0}:commands jumun 1-1",
    "XCLAIM": "{0}:internal jumun me 0 1-1", "XPENDING": "{0}:internal jumun", "XRANGE": "{0}:commands - +",
    "XREVRANGE": "{0}:events + -", "XLEN": "{0}:dead", "XDEL": "{0}:dead 1-1", "XTRIM": "{0}:answers:me MINID 1",
    "XGROUP|CREATE": "{0}:commands jumun 0 MKSTREAM", "XGROUP|DELCONSUMER": "{0}:commands jumun me",
    "XGROUP|SETID": "{0}:commands jumun $",
    "XINFO|STREAM": "{0}:events", "XINFO|GROUPS": "{0}:commands", "XINFO|CONSUMERS": "{0}:internal jumun",
}  # fmt: skip
# What its Redis library calls on its behalf.
LIBRARY = {"EVALSHA": "x 1 {0}:commands", "SCRIPT|LOAD": "x", "MULTI": "", "EXEC": "", "UNWATCH": ""}

held = 0
faults: list[str] = []


def check(holds: object, fault: str) -> None:
    global held
    held += bool(holds)
    if not holds:
        faults.append(fault)


def full(words: str) -> list[str]:
    """Keys get their namespace: `{0}:commands` is `jumun:{0}:commands`."""
    return [f"jumun:{word}" if word == "meta" or word.startswith("{0}:") else word for word in words.split()]


def dry(admin: Redis, user: str, call: str) -> str:
    """OK, or why it is refused."""
    try:
        return str(admin("ACL", "DRYRUN", user, *call.split()))
    except Refused as error:
        raise SystemExit(f"error: {call}: {error}") from None


def rules(admin: Redis) -> None:
    """The rules, one by one, asked of Redis itself."""
    for user in USERS:
        for key in KEYS:
            name = f"jumun:{key}"
            # by commands that the user has, else every refusal would be the command's
            reads = {"jumun-scaler": f"XINFO GROUPS {name}"}.get(user, f"XRANGE {name} - +")
            reads = f"HGET {name} f" if key == "meta" and user != "jumun-scaler" else reads
            may = user == "jumun-server" or key in READ[user]
            said = dry(admin, user, reads)
            check((said == "OK") == may, f"{user}: {reads}: {said}")
            may = user == "jumun-server" or key in WRITE.get(user, ())
            for write in (f"XADD {name} * a b", f"XTRIM {name} MAXLEN 0", f"SET {name} x"):
                said = dry(admin, user, write)
                # a producer appends and does nothing else
                may_this = may and (user == "jumun-server" or write.startswith("XADD"))
                check((said == "OK") == may_this, f"{user}: {write}: {said}")
        for call in NOBODY:
            said = dry(admin, user, call)
            check(said != "OK", f"{user}: {call}: {said}")
        for call in SERVERS:
            said = dry(admin, user, call)
            check((said == "OK") == (user == "jumun-server"), f"{user}: {call}: {said}")
    # Redis can't refuse an option: this is known, and docs/operate/deployment.md says what to do
    for user, stream in (("jumun-producer", "commands"), ("jumun-checkout", "checkout")):
        said = dry(admin, user, f"XADD jumun:{{0}}:{stream} MAXLEN 0 * a b")
        check(said == "OK", f"{user} can't trim any more ({said}): then docs/operate/deployment.md is wrong")
    flags = pairs(admin("ACL", "GETUSER", "default"))["flags"]
    check("off" in flags and "on" not in flags, f"the default user is {flags}")


def source(admin: Redis, shipped: str) -> None:
    """The server has what its source calls, and no more."""
    called = set()
    for path in sorted((ROOT / "src/log").rglob("*")):
        if path.suffix == ".lua":
            for name, sub in re.findall(r"\bp?call\('([A-Z]+)'(?:, *'([A-Z]+)')?", path.read_text()):
                called.add(f"{name}|{sub}" if sub and name.startswith("X") else name)
        elif path.suffix == ".rs":
            for name, sub in re.findall(r'cmd\("([A-Z]+)"\)(?:;\s*cmd)?(?:\.arg\("([A-Z]+)"\))?', path.read_text()):
                called.add(f"{name}|{sub}" if name in ("XINFO", "XGROUP") else name)
    check(len(called) > 20, f"found too few commands in the source: {sorted(called)}")
    for call in sorted(called | LIBRARY.keys()):
        words = {**CALLS, **LIBRARY}.get(call)
        check(words is not None, f"the server calls {call}: CALLS must say how")
        if words is not None:
            said = dry(admin, "jumun-server", " ".join([*call.split("|"), *full(words)]))
            check(said == "OK", f"jumun-server: {call}: {said}")
    line = next(line for line in shipped.splitlines() if line.startswith("user jumun-server "))
    words = (word.lstrip("(") for word in line.split())  # a selector: for its own keys only
    granted = {word[1:].upper() for word in words if word.startswith("+")}
    needed = called | LIBRARY.keys()
    check(granted <= needed, f"the server may {sorted(granted - needed)} for nothing")
    check(needed <= granted, f"the server may not {sorted(needed - granted)}")


def refusals(users: dict[str, Redis]) -> None:
    """Some of the rules by doing, not asking."""

    def refused(user: str, call: str) -> None:
        try:
            said = users[user](*call.split())
        except Refused as error:
            check(str(error).startswith("NOPERM"), f"{user}: {call}: {error}")
        else:
            check(False, f"{user}: {call}: {said}")

    for call in ("XADD jumun:{0}:internal * command x", "XRANGE jumun:{0}:internal - +",
                 "XRANGE jumun:{0}:commands - +", "XRANGE jumun:{0}:events - +",
                 "XADD jumun:{0}:answers * answers []", "FLUSHALL", "KEYS *",
                 "CONFIG GET *", "XREAD STREAMS jumun:{0}:answers jumun:{0}:internal 0 0"):  # fmt: skip
        refused("jumun-producer", call)
        refused("jumun-checkout", call)
    refused("jumun-checkout", "XADD jumun:{0}:commands * command x")
    refused("jumun-producer", "XADD jumun:{0}:checkout * command x")
    for call in ("XADD jumun:{0}:commands * command x", "XADD jumun:{0}:events * events []",
                 "XDEL jumun:{0}:events 1-1", "XGROUP CREATE jumun:{0}:events g 0", "FLUSHALL"):  # fmt: skip
        refused("jumun-consumer", call)
    refused("jumun-operator", "XADD jumun:{0}:commands * command x")
    refused("jumun-scaler", "XRANGE jumun:{0}:commands - +")
    refused("jumun-server", "FLUSHALL")


def works(jumun: Path, port: int, passwords: dict[str, str], users: dict[str, Redis], admin: Redis, here: Path) -> None:
    """A sale under these rules: nothing that jumun, a checkout or a consumer does is refused."""
    url = {user: f"redis://{user}:{password}@127.0.0.1:{port}" for user, password in passwords.items()}
    database, door = f"sqlite:{here}/jumun.db", free_port()
    producer, consumer = users["jumun-producer"], users["jumun-consumer"]
    admin("ACL", "LOG", "RESET")
    settings = {"REDIS_URL": url["jumun-server"], "DATABASE_URL": database, "JUMUN_LISTEN": f"127.0.0.1:{door}"}
    settings["JUMUN_NO_AUTH"] = "true"
    settings["JUMUN_PAYMENT_WINDOW"] = "2"  # what is not paid by then is a step of the lane's own
    with started([jumun, "serve"], here / "jumun.log", **settings) as server:
        http = f"http://127.0.0.1:{door}"
        until("jumun is ready", lambda: urllib.request.urlopen(f"{http}/readyz", timeout=5).status == 200)
        check(producer("HGET", "jumun:meta", "partitions") == "1", "the producer reads the number of partitions")

        def answer(command: dict, by: Redis = producer, to: str = "commands") -> str:
            stream = "jumun:{0}:answers" + (f":{command['reply_to']}" if "reply_to" in command else "")
            by("XADD", f"jumun:{{0}}:{to}", "*", "command", json.dumps(command))

            def look() -> str | None:
                for _, fields in by("XRANGE", stream, "-", "+"):
                    for one in json.loads(fields[1]):
                        if one["command_id"] == command["id"]:
                            return one["outcome"]
                return None

            return until(f"an answer to {command['id']}", look)

        order = {"type": "place_order", "actor": "buyer:u-1", "customer_id": "u-1"}
        order["lines"] = [{"sku_id": "AC-100", "quantity": 1}]
        sale = [json.loads(line) for line in (ROOT / "docs/start/first-sale.jsonl").read_text().splitlines()]
        sale += [{**order, "id": f"c-acl-000{n}", "order_id": f"o-{n}"} for n in (1, 2)]
        sale[-1]["reply_to"] = "me"
        for command in sale:
            said = answer(command)
            check(said == "accepted", f"{command['id']} is {said}")
        checkout = users["jumun-checkout"]
        said = answer({**order, "id": "c-acl-0005", "order_id": "o-5"}, checkout, "checkout")
        check(said == "accepted", f"a checkout's order is {said}")
        stock = {"type": "receive_stock", "sku_id": "AC-100", "quantity": 1, "actor": "operator:me"}
        said = answer({**stock, "id": "c-acl-0006"}, checkout, "checkout")
        check(said == "rejected", f"a checkout's word on stock is {said}")
        # through the door it is the server that appends
        body = json.dumps({**order, "id": "c-acl-0003", "order_id": "o-3"}).encode()
        request = urllib.request.Request(f"{http}/v1/commands", body, {"content-type": "application/json"})
        check(urllib.request.urlopen(request, timeout=15).status == 200, "an order over HTTP is accepted")
        events = ("XRANGE", "jumun:{0}:events", "-", "+")
        until("the consumer reads the order's events", lambda: "o-2/1" in str(consumer(*events)))
        producer("XADD", "jumun:{0}:commands", "*", "command", "no JSON")
        until("the operator sees the dead letter", lambda: users["jumun-operator"]("XLEN", "jumun:{0}:dead") == 1)
        groups = users["jumun-scaler"]("XINFO", "GROUPS", "jumun:{0}:commands")
        check(pairs(groups[0]).get("lag") == 0, f"the scaler reads the lag: {groups}")

        def run(user: str, *words: str, text: str = "") -> None:
            env = {**os.environ, "REDIS_URL": url[user], "DATABASE_URL": database}
            done = subprocess.run(
                [jumun, *words], input=text, env=env, capture_output=True, text=True, timeout=60, check=False
            )
            check(done.returncode == 0, f"jumun {words[0]} as {user}: {done.stdout[-300:]}{done.stderr[-300:]}")

        run("jumun-producer", "send", "-", text=json.dumps({**order, "id": "c-acl-0004", "order_id": "o-4"}))
        # each script is loaded when it is first called: all have run
        texts = {p.name: p.read_bytes() for p in (ROOT / "src/log/redis").glob("*.lua")}
        part = texts.pop("count.lua")  # of others, in place of a line
        scripts = {n: hashlib.sha1(t.replace(b"-- @count\n", part)).hexdigest() for n, t in texts.items()}
        until(f"{sorted(scripts)} have run", lambda: all(admin("SCRIPT", "EXISTS", *scripts.values())), 90)
    check(server.returncode == 0, f"jumun ended with {server.returncode}: {(here / 'jumun.log').read_text()[-2000:]}")
    # its statistics are a script, and a script's keys have to be writable whatever it does with them
    run("jumun-server", "verify", "--settle", "0")
    for entry in admin("ACL", "LOG"):
        entry = pairs(entry)
        # Redis 7.2: how libraries introduce themselves; it may be refused
        ignored = entry["object"].startswith("client|setinfo")
        check(ignored, f"refused: {entry['username']}: {entry['reason']} {entry['object']} ({entry['context']})")


def as_compose(here: Path, passwords: dict[str, str]) -> None:
    """Redis as compose starts it, twice: what was accepted is there again, and its users are who they were."""
    start = ["sh", ROOT / "ops/redis/start.sh", "--bind", "127.0.0.1", "--appendonly", "yes", "--save", ""]
    said = {f"{user.split('-')[1].upper()}_PASSWORD": passwords[user] for user in ("jumun-server", "jumun-producer")}
    said |= {"CONSUMER_PASSWORD": "", "ADMIN_PASSWORD": passwords["test-admin"], "PARTITIONS": "2"}
    here.mkdir()
    bare = subprocess.run(start, capture_output=True, text=True, timeout=30, check=False, cwd=here)
    check(bare.returncode and "jumun-server" in bare.stderr, f"Redis starts without a password: {bare.stderr}")
    for times in (1, 2):
        port = free_port()
        with started([*start, "--port", str(port)], here / "redis.log", TMPDIR=str(here), **said) as process:
            log_in = lambda user: Redis(port, user, passwords[user])
            server = until("Redis answers as compose starts it", lambda: log_in("jumun-server"))
            check(f"process_id:{process.pid}\r" in server("INFO", "server"), "another Redis answers")
            log_in("jumun-producer")("XADD", "jumun:{0}:commands", "*", "command", "x")
            check(server("XLEN", "jumun:{0}:commands") == times, f"start {times}: not as many commands as were sent")
            for partition, may in ((1, True), (2, False), (10, False)):
                call = f"XADD jumun:{{{partition}}}:commands * command x"
                said_of = dry(Redis(port, "jumun-admin", passwords["test-admin"]), "jumun-producer", call)
                check((said_of == "OK") == may, f"of two partitions: {call}: {said_of}")
            for user, call in (("server", "FLUSHALL"), ("server", "CONFIG GET *"), ("producer", "KEYS *"),
                               ("producer", "XRANGE jumun:{0}:commands - +")):  # fmt: skip
                try:
                    answer = log_in(f"jumun-{user}")(*call.split())
                    check(False, f"as compose starts it: jumun-{user}: {call}: {answer}")
                except Refused as error:
                    check(str(error).startswith("NOPERM"), f"as compose starts it: jumun-{user}: {call}: {error}")
            for user in ("default", "jumun-consumer", "jumun-operator"):
                for password in ("", passwords.get(user, "jumun")):
                    with contextlib.suppress(Refused):
                        Redis(port, user, password)
                        check(False, f"as compose starts it: {user} logs in with {password!r}")
            check(Redis(port, "jumun-admin", passwords["test-admin"])("DBSIZE") == 1, "the administrator sees all")
            files = [path for path in here.rglob("*") if path.is_file()]
            open_to_others = [path.name for path in files if path.name.startswith("tmp.") and path.stat().st_mode & 0o77]
            check(not open_to_others, f"others may read {open_to_others}")
            plain = [path.name for path in files if passwords["jumun-server"].encode() in path.read_bytes()]
            check(not plain, f"a password stands in {plain}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jumun", type=Path, required=True, help="the built binary")
    parser.add_argument("--acl", type=Path, default=ROOT / "ops/redis/users.acl")
    args = parser.parse_args()
    jumun, shipped = args.jumun.resolve(), args.acl.read_text()
    bulk = re.search(r" (nopass|[>#<!]\S+|allkeys|allchannels|\+@\S+)", shipped)
    check(not bulk, f"the file has a password or grants in bulk: {bulk}")
    with tempfile.TemporaryDirectory(prefix="jumun-acl-") as folder, contextlib.ExitStack() as stack:
        here, port = Path(folder), free_port()
        passwords = {user: secrets.token_hex(16) for user in [*USERS, "test-admin"]}
        (here / "users.acl").write_text(with_passwords(shipped + "user test-admin on ~* &* +@all\n", passwords))
        settings = f"port {port}\nbind 127.0.0.1\ndir {here}\naclfile {here}/users.acl\nsave \"\"\n"
        (here / "redis.conf").write_text(settings + "maxmemory-policy noeviction\n")
        process = stack.enter_context(started(["redis-server", here / "redis.conf"], here / "redis.log"))

        def ours() -> Redis | None:
            if process.poll() is not None:
                raise SystemExit(f"error: Redis did not start: {(here / 'redis.log').read_text()[-2000:]}")
            return Redis(port, "test-admin", passwords["test-admin"])

        admin = until("Redis answers", ours)
        check(f"process_id:{process.pid}\r" in admin("INFO", "server"), "another Redis answers")
        for user in ("default", *USERS):
            for password in ("", "jumun"):
                with contextlib.suppress(Refused):
                    Redis(port, user, password)
                    check(False, f"{user} logs in with {password!r}")
        users = {user: Redis(port, user, passwords[user]) for user in USERS}
        # what was found until then is said even when the sale comes to nothing
        stack.callback(lambda: [print(f"error: {fault}", file=sys.stderr) for fault in faults])
        rules(admin)
        source(admin, shipped)
        works(jumun, port, passwords, users, admin, here)
        refusals(users)
        as_compose(here / "compose", passwords)
    print(f"{args.acl.name} and start.sh: {held} checks hold, {len(faults)} don't")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
