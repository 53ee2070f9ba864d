"""The judge of answers (R1, R2, R5): what was sent, what was answered and what the database has must be one story.
It shares nothing with `jumun verify`."""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from facts import World

PASSING = {"command_id_reused", "try_again"}


@dataclass(frozen=True, order=True)
class Violation:
    promise: str
    what: str


@dataclass
class Findings:
    """What does not hold, and how much was looked at."""

    violations: list[Violation] = field(default_factory=list)
    looked: Counter = field(default_factory=Counter)

    def hold(self, promise: str, holds: object, what: str) -> None:
        self.looked[promise] += 1
        if not holds:
            self.violations.append(Violation(promise, what))

    def red(self) -> set[str]:
        return {v.promise for v in self.violations}


def command(body: str) -> dict | None:
    """`None` where no id can be read: nobody can be answered."""
    try:
        found = json.loads(body)
    except ValueError:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("id"), str) else None


def content(body: str) -> str:
    """What an id stands for: everything but `at` and `reply_to`."""
    fields = command(body) or {}
    return json.dumps({k: v for k, v in sorted(fields.items()) if k not in ("at", "reply_to")}, sort_keys=True)


def stands(answer: dict) -> bool:
    """Whether it is what its id stands for from then on."""
    return bool(answer.get("digest")) and answer["outcome"] != "failed" and answer.get("reason") not in PASSING


def own(command_id: str) -> bool:
    """Made by jumun itself, or in the payment side's name: no producer's id has a colon here."""
    return ":" in command_id


def said(answer: dict) -> str:
    """All of an answer but which entry it answers, and where it stands."""
    return json.dumps({k: v for k, v in answer.items() if k not in ("entry", "at")}, sort_keys=True)


def brief(answer: dict) -> str:
    reason = f" ({answer['reason']})" if answer.get("reason") else ""
    return f"{answer['command_id']} at {answer['entry']}: {answer['outcome']}{reason}"


class Sums:
    """The journal, by id and by content."""

    def __init__(self, world: World) -> None:
        self.contents: dict[str, set[str]] = defaultdict(set)
        # ids of which something may have come in, or taken effect, that Redis has no more
        self.uncertain: set[str] = set()
        # (id, entry) → bodies: entries of two partitions may have one name
        self.bodies: dict[tuple[str, str], set[str]] = defaultdict(set)
        for one in world.sent:
            fields = command(one.body)
            if fields is None or one.fate == "refused":
                continue
            self.contents[fields["id"]].add(content(one.body))
            if one.fate == "unknown" or (one.partition, one.entry) in world.lost:
                self.uncertain.add(fields["id"])
        for (_, entry), body in world.kept.items():
            if fields := command(body):
                self.bodies[fields["id"], entry].add(body)
        for one in world.sent:
            if one.entry and (fields := command(one.body)):
                self.bodies[fields["id"], one.entry].add(one.body)
        # the digests of contents, as the answers tell them
        self.digests: dict[str, str] = {}
        for answer in world.answers:
            bodies = self.bodies[answer["command_id"], answer["entry"]]
            if answer.get("digest") and len({content(b) for b in bodies}) == 1:
                self.digests[answer["digest"]] = content(next(iter(bodies)))
        # of two contents under one id and one entry's name nobody can tell which one an answer means
        self.uncertain |= {a["command_id"] for a in world.answers if self.of(a) is None}

    def of(self, answer: dict) -> str | None:
        """The content that an answer is about; `None` where it can't be told."""
        contents = {content(body) for body in self.bodies[answer["command_id"], answer["entry"]]}
        if len(contents) > 1:
            contents &= {self.digests.get(answer.get("digest") or "", "")}
        return next(iter(contents), None)


def received(world: World, f: Findings) -> None:
    """R1: what Redis said it has is there, but for what a kill took; and nothing is there that nobody sent."""
    bodies = {(s.partition, s.body) for s in world.sent}
    for one in world.sent:
        key = (one.partition, one.entry)
        if one.entry and key not in world.lost:
            f.hold("R1", world.kept.get(key) == one.body, f"entry {one.entry} of partition {one.partition} is gone")
    for (partition, entry), body in world.kept.items():
        fields = command(body)
        mine = (partition, body) in bodies or (fields is not None and own(fields["id"]))
        f.hold("R1", mine, f"entry {entry} of partition {partition} was sent by nobody: {body[:120]}")


def answered(world: World, f: Findings) -> None:
    """R1: one answer for each entry; for what nobody can be answered, one dead letter."""
    wanted: Counter = Counter()
    unreadable: Counter = Counter()
    for (_, entry), body in world.kept.items():
        if fields := command(body):
            wanted[fields["id"], entry] += 1
        else:
            unreadable[entry, body] += 1
    got = Counter((a["command_id"], a["entry"]) for a in world.answers)
    for key, count in wanted.items():
        f.hold("R1", got[key] == count, f"{key[0]} at {key[1]} is answered {got[key]} times, not {count}")
    spared = {(fields["id"], s.entry) for s in world.sent
              if (s.partition, s.entry) in world.lost and (fields := command(s.body))}  # fmt: skip
    unknown = Counter(fields["id"] for s in world.sent if s.fate == "unknown" and (fields := command(s.body)))
    for (command_id, entry), count in got.items():
        if (command_id, entry) not in wanted:
            # what was read before Redis lost it may be answered still
            may = (command_id, entry) in spared or unknown[command_id] > 0
            f.hold("R1", may and count == 1, f"{command_id} at {entry} is answered {count} times, and was not sent")
    for answer in world.answers:
        f.hold("R1", answer["outcome"] != "failed", f"condemned: {brief(answer)}")
    letters = Counter((d["entry"], d["command"]) for d in world.dead)
    for key, count in unreadable.items():
        f.hold("R1", letters[key] == count, f"{key[1][:80]} at {key[0]} has {letters[key]} dead letters, not {count}")
    for letter in world.dead:
        f.hold("R1", command(letter["command"]) is None, f"a dead letter that can be read: {letter['command'][:200]}")


def at_rest(world: World, f: Findings) -> None:
    """R1, R12: nothing pending, nothing unread, no step unsent, no order past its deadline."""
    f.hold("R1", not world.restless, "not at rest: " + "; ".join(world.restless))
    for row in world.tables["outbox"]:
        f.hold("R1", False, f"step {row['otbx_id']} was never sent")
    for order in world.tables["orders"]:
        late = order["ord_stat_cd"] == "PAYMENT_PENDING" and order["late"]
        f.hold("R3", not late, f"order {order['ord_id']} is unpaid past its deadline")


def one_effect(world: World, sums: Sums, f: Findings) -> None:
    """R2: an id has one content that took effect, and each content one answer, told again to whoever sends it again."""
    by_content: dict[tuple[str, str], list[dict]] = defaultdict(list)
    for answer in world.answers:
        about = sums.of(answer)
        if about is not None:
            by_content[answer["command_id"], about].append(answer)
    accepted: dict[str, set[str]] = defaultdict(set)
    alone: dict[str, list[dict]] = defaultdict(list)
    for (command_id, about), answers in by_content.items():
        standing = [a for a in answers if stands(a)]
        words = {said(a) for a in standing}
        f.hold("R2", len(words) <= 1, "one content, several answers: " + " | ".join(map(brief, standing[:4])))
        took = [a for a in answers if a["outcome"] == "accepted"]
        reused = [a for a in answers if a.get("reason") == "command_id_reused"]
        if took:
            accepted[command_id].add(about)
            told = " | ".join(map(brief, reused[:3]))
            f.hold("R2", not reused, f"accepted, and told that its id is another's: {told}")
        for answer in reused:
            several = len(sums.contents[command_id]) > 1
            f.hold("R2", several, f"told that its id is another's, and there is no other: {brief(answer)}")
        alone[command_id] += answers
    for command_id, contents in accepted.items():
        f.hold("R2", len(contents) == 1, f"{command_id} took effect with {len(contents)} contents")
    for command_id, answers in alone.items():
        some = any(a.get("reason") != "command_id_reused" for a in answers) or command_id in sums.uncertain
        f.hold("R2", some, f"{command_id}: every content is told that its id is another's")


def effects(world: World, sums: Sums, f: Findings) -> None:
    """R2, R5: accepted answers have their rows, refused ones none, and no id has rows in two places."""
    events: dict[str, list[dict]] = defaultdict(list)
    failed: set[str] = set()
    denied: set[tuple[str, str]] = set()
    for row in world.tables["history"]:
        events[row["cmd_id"]].append(row)
        if row["evnt_typ_cd"] == "placement_failed":
            failed.add(row["ord_id"])
        elif row["evnt_typ_cd"] == "denied":
            denied.add((row["ord_id"], json.loads(row["evnt"])["ask"]))

    def is_undone(rows: list[dict]) -> bool:
        """Other lanes or another order were asked first, and one of them refused: the history says so."""
        asked = [(r["ord_id"], json.loads(r["evnt"])["ask"]) for r in rows if r["evnt_typ_cd"] == "asked"]
        return bool(rows) and (all(r["ord_id"] in failed for r in rows) or any(ask in denied for ask in asked))

    outcomes = {row["cmd_id"]: row for row in world.tables["outcomes"]}
    for command_id, rows in events.items():
        orders = {row["ord_id"] for row in rows}
        f.hold("R2", len(orders) == 1, f"{command_id} took effect in {sorted(orders)}")
        f.hold("R2", len({r["cmd_dgst"] for r in rows}) == 1, f"{command_id} took effect with two contents")
        numbers = sorted(row["cmd_evnt_no"] for row in rows)
        f.hold("R2", numbers == list(range(len(rows))), f"{command_id}: its events are numbered {numbers}")
        outside = command_id in outcomes and not next(iter(orders)).startswith("~")
        f.hold("R2", not outside, f"{command_id} took effect in an order and outside")
    versions = {row["ord_id"]: row["ord_ver"] for row in world.tables["orders"]}
    for answer in world.answers:
        command_id, digest = answer["command_id"], answer.get("digest")
        rows = [row for row in events.get(command_id, []) if row["cmd_dgst"] == digest]
        outcome = outcomes.get(command_id)
        there = bool(rows) or (outcome is not None and outcome["cmd_dgst"] == digest)
        if answer["outcome"] == "accepted":
            f.hold("R5", there, f"nothing of it is in the database: {brief(answer)}")
            order = answer.get("order_id")
            if rows and order and not rows[0]["ord_id"].startswith("~"):
                f.hold("R5", rows[0]["ord_id"] == order, f"it took effect in {rows[0]['ord_id']}: {brief(answer)}")
                version = answer.get("order_version") or 0
                f.hold("R5", version <= versions.get(order, 0), f"its order is not that far: {brief(answer)}")
        elif answer.get("reason") == "command_id_reused":
            f.hold("R2", not there, f"it is what its id stands for: {brief(answer)}")
        elif answer["outcome"] == "rejected" and stands(answer):
            f.hold("R5", not there or is_undone(rows), f"it is in the database: {brief(answer)}")
    told = {a["command_id"] for a in world.answers if a["outcome"] == "accepted"}
    for command_id in (events.keys() | outcomes.keys()) - told:
        if own(command_id):
            continue
        undone = is_undone(events.get(command_id, []))
        f.hold("R5", undone or command_id in sums.uncertain, f"{command_id} took effect, and nobody was told so")
        f.hold("R5", command_id in sums.contents, f"{command_id} took effect, and was sent by nobody")


def judge_answers(world: World, sums: Sums, f: Findings) -> None:
    received(world, f)
    answered(world, f)
    at_rest(world, f)
    one_effect(world, sums, f)
    effects(world, sums, f)
