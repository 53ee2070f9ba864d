"""What a run left: the journal, the streams and the tables, read past the proxies. None of jumun's code is asked."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from load import REPLY_TO
from producers import PRODUCED, Journal, Sent, named, stream
from servers import PARTITIONS, Redis, RedisServer, Shop

PAGE = 1_000
# How long before a kill what was received may be lost: everysec's second, and a write that waited for a slow disk.
LOSS_MS = 10_000

TABLES = {
    "orders": "SELECT ord_id, cust_id, ord_stat_cd, ord_ver, part_alw_yn, prtn_no,"
    " pay_ddln_dttm < now() - interval '5 seconds' AS late FROM tb_od_ord",
    "lines": "SELECT ord_id, ord_seq, unt_id, cmpn_id, ord_qty, cncl_qty, rtn_acpt_qty, rtn_qty, exch_qty, hold_qty,"
    " dduct_qty FROM tb_od_ord_gds",
    "settlements": "SELECT ord_id, stlm_no, pay_amt, rfnd_psbl_amt, rfnd_plan_amt, rfnd_excl_amt, rfnd_amt"
    " FROM tb_od_stlm",
    "payments": "SELECT pay_id, ord_id, stlm_no, pay_amt FROM tb_sc_pay_rgst",
    "refunds": "SELECT rfnd_key, rfnd_seq, ord_id, stlm_no, rfnd_stat_cd, rfnd_plan_amt, rfnd_amt FROM tb_od_rfnd",
    "cancelled": "SELECT ord_id, ord_seq, sum(cncl_qty) AS qty FROM tb_od_cncl GROUP BY 1, 2",
    "returned": "SELECT ord_id, ord_seq, sum(rtn_qty) AS qty FROM tb_od_rtn WHERE rtn_stat_cd = 'COMPLETED'"
    " GROUP BY 1, 2",
    "history": "SELECT ord_id, hist_no, cmd_id, cmd_evnt_no, cmd_dgst, evnt_typ_cd, evnt, ord_stat_cd"
    " FROM tb_od_ord_hist ORDER BY ord_id, hist_no",
    "outcomes": "SELECT cmd_id, cmd_dgst, cmd_typ_cd FROM tb_sy_cmd",
    "skus": "SELECT unt_id, stck_qty, hold_qty, sold_qty, rstk_qty, ldgr_no FROM tb_pd_unt",
    "ledger": "SELECT unt_id, ldgr_no, mvmt_cd, mvmt_qty, stck_dlt, hold_dlt, sold_dlt, stck_qty, hold_qty, sold_qty,"
    " cmpn_id, cust_id, cmpn_dlt, ord_id, cmd_id FROM tb_pd_unt_ldgr ORDER BY unt_id, ldgr_no",
    "campaigns": "SELECT cmpn_id, unt_id, alot_qty, cust_lmt_qty FROM tb_pr_cmpn",
    "reservations": "SELECT rsv_id, ord_id, rsv_stat_cd FROM tb_sy_rsv",
    "audit": "SELECT cmd_id, adit_knd_cd, ord_id, actr FROM tb_sy_adit",
    "owned": "SELECT prtn_no, epch, ownr_id, at FROM chaos.owned",
    "wrote": "SELECT cmd_id, ord_id, who, at FROM chaos.wrote",
    "outbox": "SELECT otbx_id FROM tb_sy_otbx WHERE otbx_dttm < now() - interval '20 seconds'",
}


@dataclass
class World:
    """Everything that is judged."""

    sent: list[Sent] = field(default_factory=list)
    # (partition, entry) → the command, as Redis has it at the end
    kept: dict[tuple[int, str], str] = field(default_factory=dict)
    # (partition, entry) of what Redis said it had, and had no more when it came back from a kill
    lost: set[tuple[int, str]] = field(default_factory=set)
    # each with `at`, its own place in the stream
    answers: list[dict] = field(default_factory=list)
    events: list[dict] = field(default_factory=list)
    dead: list[dict] = field(default_factory=list)
    # events that a webhook's receiver took, and how many calls were not signed by its secret
    hooked: list[dict] = field(default_factory=list)
    forged: int = 0
    # what has not come to rest, in words
    restless: list[str] = field(default_factory=list)
    # the lanes' own steps: not judged, and kept for whoever looks into what was found
    steps: list[dict] = field(default_factory=list)
    tables: dict[str, list[dict]] = field(default_factory=dict)


    def write(self, path: Path) -> None:
        """For whoever looks into what was found."""
        kept = [{"partition": p, "entry": entry, "command": body} for (p, entry), body in self.kept.items()]
        rest = {"commands": kept, "lost": sorted(self.lost), "answers": self.answers, "events": self.events,
                "steps": self.steps, "dead": self.dead, "hooked": self.hooked, "restless": self.restless}  # fmt: skip
        path.write_text("".join(f"{name} {json.dumps(row, ensure_ascii=False)}\n" for name, rows in
                                {**rest, **self.tables}.items() for row in rows))  # fmt: skip


def entries(redis: Redis, key: str, since: str = "-") -> list[tuple[str, dict]]:
    found: list[tuple[str, dict]] = []
    while page := redis("XRANGE", key, since, "+", "COUNT", str(PAGE)):
        found += [(entry, dict(zip(flat[::2], flat[1::2], strict=True))) for entry, flat in page]
        since = f"({page[-1][0]}"
    return found


def lost_by_now(server: RedisServer, journal: Journal, killed_ms: int) -> set[tuple[int, str]]:
    """What was received shortly before a kill and is no more."""
    redis, since = server.connect(), killed_ms - LOSS_MS
    kept = {(p, named(name, entry)) for p in range(PARTITIONS) for name in PRODUCED
            for entry, _ in entries(redis, stream(p, name), str(since))}  # fmt: skip
    recent = {(s.partition, s.entry) for s in journal.sent if s.entry and place(s.entry)[0] >= since}
    return {one for one in recent - kept if place(one[1])[0] <= killed_ms}


def unrest(redis: Redis) -> list[str]:
    """What the consumer groups still have to do, in words. Redis's own `lag` is wrong after a rewrite: not asked."""
    found = []
    for partition in range(PARTITIONS):
        for name in (*PRODUCED, "internal"):
            key = stream(partition, name)
            if not redis("EXISTS", key):
                continue
            last = redis("XREVRANGE", key, "+", "-", "COUNT", "1")
            groups = [dict(zip(g[::2], g[1::2], strict=True)) for g in redis("XINFO", "GROUPS", key)]
            group = next((g for g in groups if g["name"] == "jumun"), None)
            if group is None:
                found.append(f"{key}: no consumer group")
                continue
            if group["pending"]:
                some = redis("XPENDING", key, "jumun", "-", "+", "3")
                found.append(f"{key}: {group['pending']} pending, such as {some}")
            if last and place(group["last-delivered-id"]) < place(last[0][0]):
                found.append(f"{key}: read up to {group['last-delivered-id']} of {last[0][0]}")
    return found


def place(entry: str) -> tuple[int, int]:
    ms, _, number = entry.rpartition("/")[2].partition("-")
    return int(ms), int(number or 0)


def gather(shop: Shop, journal: Journal, lost: set[tuple[int, str]]) -> World:
    redis, world = shop.redis.connect(), World(sent=list(journal.sent), lost=set(lost))
    redis.socket.settimeout(60)
    for partition in range(PARTITIONS):
        for name in PRODUCED:
            for entry, fields in entries(redis, stream(partition, name)):
                world.kept[partition, named(name, entry)] = fields["command"]
        for name in ("answers", f"answers:{REPLY_TO}"):
            for at, fields in entries(redis, stream(partition, name)):
                world.answers += [{**answer, "at": at} for answer in json.loads(fields["answers"])]
        for _, fields in entries(redis, stream(partition, "events")):
            world.events += json.loads(fields["events"])
        for entry, fields in entries(redis, stream(partition, "internal")):
            world.steps.append({"partition": partition, "entry": entry, "command": fields["command"]})
        for _, fields in entries(redis, stream(partition, "dead")):
            entry = named("checkout", fields["entry"]) if fields["stream"] == "checkout" else fields["entry"]
            world.dead.append({**fields, "entry": entry, "partition": partition})
    world.restless = unrest(redis)
    world.hooked, world.forged = list(shop.receiver.heard), shop.receiver.forged
    world.tables = {name: shop.postgres.rows(query) for name, query in TABLES.items()}
    return world
