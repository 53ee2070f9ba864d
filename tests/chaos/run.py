"""A sale with faults drawn from a seed, and a judge that shares no code with jumun.

    scripts/chaos.sh --seed 7 --seconds 60

Two jumun servers of four partitions, a private Redis and a private PostgreSQL, each behind a proxy. Producers write
down what they send, faults come and go, everything is healed and comes to rest; then the journal, the streams and the
tables must be one story (R1-R11, R13), every partition must answer in time (R14), and the faults must have
happened (R12).
"""

import argparse
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

from books import judge_books
from facts import World, gather, lost_by_now, unrest
from faults import Fault, NotDone, plan
from judge import Findings, Sums, judge_answers
from load import OPERATOR, body, goods, skus, timetable
from owners import WITNESS, judge_owners
from producers import PRODUCED, Journal, Load, xadd
from servers import LEASE, PARTITIONS, PAYMENT_WINDOW, Refused, Shop, now_ms, until
from report import compared, fault_line, table

ROOT = Path(__file__).resolve().parents[2]
# R14: how long a partition may take to answer once all faults are over; and between two of them, when the last one's
# consequences are still there
ANSWERS_MAX = LEASE + 5
AMONG_FAULTS_MAX = 3 * ANSWERS_MAX
REST_MAX = 60
QUIET = 2.0  # so long nothing new must come, for events that Redis lost are published again late
WORK_MIN = 10  # accepted commands of each partition


class Run:
    def __init__(self, shop: Shop, journal: Journal, seed: int) -> None:
        self.shop, self.journal, self.seed = shop, journal, seed
        self.findings, self.began = Findings(), time.monotonic()
        self.lost: set[tuple[int, str]] = set()
        self.recoveries: dict[str, list[float]] = defaultdict(list)
        self.done: Counter = Counter()
        self.pairs, self.redis_died = 0, 0
        shop.redis_came_back = self.redis_came_back

    def redis_came_back(self) -> None:
        lost = lost_by_now(self.shop.redis, self.journal, self.redis_died)
        self.lost |= lost
        if lost:
            print(f"          Redis lost {len(lost)} commands of its last second", flush=True)

    def settle_goods(self) -> None:
        """Everything that is sold is there before the sale begins."""
        redis = self.shop.redis.connect()
        owned = f"SELECT count(*) = {PARTITIONS} FROM tb_sy_lane"
        until("every partition is owned", lambda: self.shop.postgres.sql(owned) == ["t"])
        self.shop.postgres.sql(WITNESS)
        for stage in goods():
            for partition, text in stage:
                xadd(redis, self.journal, partition, text)
            self.rest(30, quiet_for=0.5)

    def faults(self, seconds: float, load: Load) -> None:
        for pause, some in plan(self.seed, self.shop.redis.may_debug):
            time.sleep(pause)
            if time.monotonic() - self.began >= seconds:
                return
            self.fault(some, load)

    def fault(self, some: list[Fault], load: Load) -> None:
        begun, seen = time.monotonic(), []
        for fault in some:
            if fault.what == "kill -9 of Redis":
                self.redis_died = now_ms()
            try:
                seen.append(fault.begin(self.shop))
                self.done[fault.what] += 1
            except (NotDone, OSError, Refused) as e:
                seen.append("NOT DONE")
                self.findings.hold("R12", False, f"{fault}: {e}")
        healed = now_ms()
        for fault in sorted(some, key=lambda f: f.seconds):
            time.sleep(max(0.0, begun + fault.seconds - time.monotonic()))
            healed = now_ms()
            fault.end(self.shop)
            if not fault.starts():
                healed = now_ms()
        lasted = time.monotonic() - begun
        recovery = self.recovered(load, healed)
        print(fault_line(begun - self.began, some, seen, lasted, recovery), flush=True)
        self.pairs += len(some) > 1
        self.recoveries[some[0].what if len(some) == 1 else "two at once"].append(recovery)

    def recovered(self, load: Load, healed: int) -> float:
        """Seconds from healing to the first new answer in every partition."""
        end = time.monotonic() + AMONG_FAULTS_MAX
        while time.monotonic() < end:
            self.shop.tend()
            first = load.reader.first_after(healed)
            if all(at is not None for at in first):
                return (max(at for at in first if at is not None) - healed) / 1000
            time.sleep(0.02)
        silent = [p for p, at in enumerate(load.reader.first_after(healed)) if at is None]
        self.findings.hold("R14", False, f"partitions {silent} did not answer within {AMONG_FAULTS_MAX} s of healing")
        return AMONG_FAULTS_MAX

    def ask_all(self, load: Load) -> None:
        """R14: every partition answers a fresh command."""
        redis, begun = self.shop.redis.connect(), time.monotonic()
        waiting = {f"asked-{p:03}": p for p in range(PARTITIONS)}
        for command_id, p in waiting.items():
            one = {"id": command_id, "type": "receive_stock", "actor": OPERATOR, "sku_id": skus()[p][0], "quantity": 1}
            xadd(redis, self.journal, p, body(one))
        while time.monotonic() - begun < ANSWERS_MAX and not waiting.keys() <= load.reader.answered.keys():
            self.shop.tend()
            time.sleep(0.02)
        silent = [p for command_id, p in waiting.items() if command_id not in load.reader.answered]
        self.findings.hold("R14", not silent, f"partitions {silent} do not answer within {ANSWERS_MAX} s")
        print(f"all healed; every partition answers a fresh command in {time.monotonic() - begun:.2f} s", flush=True)

    def rest(self, seconds: float, quiet_for: float = QUIET) -> float:
        """Waits until nothing is pending, nothing unread, nobody owes a payment; how long it took."""
        begun, quiet, last = time.monotonic(), 0.0, None
        redis = self.shop.redis.connect()
        unpaid = "SELECT count(*) FROM tb_od_ord WHERE ord_stat_cd = 'PAYMENT_PENDING'"
        while time.monotonic() - begun < seconds:
            self.shop.tend()
            lengths = [redis("XLEN", f"jumun:{{{p}}}:{name}") for p in range(PARTITIONS) for name in
                       ("answers", "events", "internal", *PRODUCED)]  # fmt: skip
            lengths.append(len(self.shop.receiver.heard))
            if lengths != last or unrest(redis) or self.shop.postgres.sql(unpaid) != ["0"]:
                quiet, last = time.monotonic(), lengths
            elif time.monotonic() - quiet > quiet_for:
                break
            time.sleep(0.2)
        return quiet - begun

    def stop_servers(self) -> None:
        for name, program in self.shop.jumun.items():
            program.down = True
            program.signal(signal.SIGTERM)
            status = program.ended(30)
            self.findings.hold("R12", status == 0, f"jumun {name} ended with {status} at SIGTERM")

    def judge(self) -> World:
        world = gather(self.shop, self.journal, self.lost)
        sums = Sums(world)
        judge_answers(world, sums, self.findings)
        judge_books(world, sums, self.findings)
        judge_owners(world, sums, self.findings)
        work = Counter(a["partition"] for a in world.answers if a["outcome"] == "accepted")
        for partition in range(PARTITIONS):
            self.findings.hold("R12", work[partition] >= WORK_MIN, f"partition {partition} accepted {work[partition]}")
        self.findings.hold("R12", self.done, "no fault was done")
        for death in self.shop.deaths:
            self.findings.hold("R14", False, death)
        return world


def told(world: World, run: Run, load: Load) -> None:
    outcomes = Counter(a["outcome"] for a in world.answers)
    reasons = Counter(a["reason"] for a in world.answers if a["outcome"] == "rejected")
    fates = Counter(s.fate for s in world.sent)
    retries = sum(p.retries for p in load.producers)
    print(
        f"{len(world.sent)} XADDs ({fates['unknown']} unknown, {fates['refused']} refused, {len(world.lost)} lost by"
        f" Redis, {retries} sent again), {len(world.answers)} answers ({outcomes['accepted']} accepted,"
        f" {outcomes['rejected']} rejected), {len(world.events)} events, {len(world.dead)} dead letters,"
        f" {len(world.tables['orders'])} orders, {len(world.hooked)} events by webhook"
    )
    print("refused: " + ", ".join(f"{reason} {n}" for reason, n in reasons.most_common()))
    print(f"{sum(run.done.values())} faults, {run.pairs} times two at once")


def chaos(args: argparse.Namespace, here: Path) -> int:
    journal = Journal(here / "journal.jsonl")
    with Shop(args.jumun.resolve(), here) as shop:
        run = Run(shop, journal, args.seed)
        run.settle_goods()
        load = Load(shop.redis, journal, timetable(args.seed, args.seconds + 120, args.rate))
        run.began = time.monotonic()
        run.faults(args.seconds, load)
        run.ask_all(load)
        load.stop_sending()
        rest = run.rest(REST_MAX)
        print(f"at rest after {rest:.1f} s, the last {PAYMENT_WINDOW} s or so for what nobody paid", flush=True)
        run.stop_servers()
        load.reader.over.set()
        world = run.judge()
        world.write(here / "world.txt")
        told(world, run, load)
        print(table(run.done, run.recoveries))
        status, said = shop.verify()
        (here / "verify.json").write_text(said)
    red = run.findings.red()
    for line in compared(red, status, said):
        print(line)
    print("looked at: " + ", ".join(f"{k} {n}" for k, n in sorted(run.findings.looked.items())))
    violations = sorted(set(run.findings.violations))
    if world.restless:
        print("it did not come to rest: much of what is violated may follow from that")
    (here / "violations.txt").write_text("".join(f"{v.promise} {v.what}\n" for v in violations))
    for promise in sorted(red):
        some = [v for v in violations if v.promise == promise]
        print(f"VIOLATED {promise}: {len(some)}")
        for violation in some[: args.show]:
            print(f"  {violation.what}")
    return 1 if red or status else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=None, help="of load and faults [default: a new one, printed]")
    parser.add_argument("--seconds", type=float, default=60, help="how long faults come")
    parser.add_argument("--rate", type=float, default=60, help="commands a second, about")
    parser.add_argument("--jumun", type=Path, default=ROOT / "target/debug/jumun", help="the built binary")
    parser.add_argument("--show", type=int, default=10, help="violations shown of each promise")
    parser.add_argument("--keep", action="store_true", help="keep the directory, whatever comes of it")
    args = parser.parse_args()
    args.seed = random.SystemRandom().randrange(1_000_000) if args.seed is None else args.seed
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda *_: sys.exit("stopped"))  # what was started is stopped, too
    here = Path(tempfile.mkdtemp(prefix="jumun-chaos-"))
    print(f"seed {args.seed}, {args.seconds:.0f} s", flush=True)
    status = 1
    try:
        status = chaos(args, here)
    finally:
        if status or args.keep:
            for data in ("redis", "postgres"):
                shutil.rmtree(here / data, ignore_errors=True)
            print(f"kept: {here}")
        else:
            shutil.rmtree(here, ignore_errors=True)
    print(f"seed {args.seed}: " + ("FAILED" if status else "all holds"))
    return status


if __name__ == "__main__":
    sys.exit(main())
