"""The judge of who did what (R4, R6, R13): what memory said of stock is what the ledger had, only the owner of a partition
wrote in it, and what is privileged has its audit row. It shares nothing with `jumun verify`."""

import json
from collections import defaultdict

from books import accepted, grouped
from facts import World
from judge import Findings, Sums, brief, own

# Who wrote a row, and who had each partition since when: told by the database itself, as each server has a user of its own.
# A commit holds its lease's row to its end, so that whoever takes it over comes behind all that was written before.
WITNESS = """
CREATE SCHEMA chaos;
CREATE TABLE chaos.owned (prtn_no bigint, epch bigint, ownr_id text, at timestamptz DEFAULT clock_timestamp());
CREATE TABLE chaos.wrote (cmd_id text, ord_id text, who text, at timestamptz DEFAULT clock_timestamp());
CREATE FUNCTION chaos.owned() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO chaos.owned (prtn_no, epch, ownr_id) VALUES (new.prtn_no, new.epch, new.ownr_id); RETURN NULL; END $$;
CREATE FUNCTION chaos.wrote() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO chaos.wrote (cmd_id, ord_id, who) VALUES (new.cmd_id, new.ord_id, session_user); RETURN NULL; END $$;
INSERT INTO chaos.owned (prtn_no, epch, ownr_id) SELECT prtn_no, epch, ownr_id FROM tb_sy_lane;
CREATE TRIGGER owned AFTER UPDATE OF epch ON tb_sy_lane FOR EACH ROW WHEN (old.epch <> new.epch)
  EXECUTE FUNCTION chaos.owned();
CREATE TRIGGER wrote AFTER INSERT ON tb_od_ord_hist FOR EACH ROW EXECUTE FUNCTION chaos.wrote();
"""


def user(instance: str) -> str:
    """A server's own user of the database."""
    return f"server_{instance}"


def fencing(world: World, f: Findings) -> None:
    """R6: whoever wrote in a partition had it at that moment, by the last lease that was taken before."""
    owners = grouped(world.tables["owned"], "prtn_no")
    homes = {row["ord_id"]: row["prtn_no"] for row in world.tables["orders"]}
    for partition, rows in owners.items():
        epochs = [row["epch"] for row in sorted(rows, key=lambda r: r["at"])]
        f.hold("R6", epochs == sorted(set(epochs)), f"partition {partition}: its epochs went {epochs}")
    for row in world.tables["wrote"]:
        if (partition := homes.get(row["ord_id"])) is None:
            continue  # of no order: which partition wrote it is not known
        before = [o for o in owners.get(partition, []) if o["at"] <= row["at"]]
        owner = max(before, key=lambda o: o["at"])["ownr_id"] if before else None
        what = f"{row['who']} wrote {row['cmd_id']} in partition {partition} at {row['at']}, when {owner} had it"
        f.hold("R6", owner is not None and row["who"] == user(owner), what)


def memory(world: World, f: Findings) -> None:
    """R4: what was on hand when a command was decided, as its answer says, is what the ledger has at that position."""
    ledger = {(row["unt_id"], row["ldgr_no"]): row["stck_qty"] for row in world.tables["ledger"]}
    on_sale = {row["unt_id"] for row in world.tables["campaigns"]}
    for answer in world.answers:
        facts = answer.get("facts") or answer
        for moved in facts.get("stock") or []:
            there = ledger.get((moved["sku_id"], moved["position"]))
            f.hold("R4", there == moved["on_hand"], f"{moved} is not what the ledger has, {there}: {brief(answer)}")
        sku, position = facts.get("sku_id"), facts.get("position")
        short = answer.get("reason") == "insufficient_stock" and position and sku not in on_sale
        if not short or facts.get("available") is None:
            continue
        there = ledger.get((sku, position))
        # an adjustment asks for less than nothing
        same = there == facts["available"] and facts["available"] < abs(facts["requested"])
        f.hold("R4", same, f"{sku} was short at {position}, where the ledger has {there}: {brief(answer)}")


def privileged(one: dict) -> str | None:
    """The kind of audit row that a command has to leave."""
    if one["type"] == "mark_delivered" and one.get("forced"):
        return "FORCED_DELIVERY"
    if one["type"] == "complete_return" and any(i.get("withheld_amount") or i.get("rejected") for i in one.get("inspected") or []):
        return "INSPECTION"
    kinds = {"cancel_procurement": "PROCUREMENT_CANCELLED", "report_stock_loss": "STOCK_LOSS",
             "write_off_return": "WRITTEN_OFF", "waive_debt": "DEBT_WAIVED"}  # fmt: skip
    return kinds.get(one["type"])


def audit(world: World, sums: Sums, f: Findings) -> None:
    """R13: an audit row for each privileged action, by who did it; and none for what was not done."""
    rows: dict[str, list[dict]] = defaultdict(list)
    for row in world.tables["audit"]:
        rows[row["cmd_id"]].append(row)
    took = accepted(world, sums)
    for command_id, one in took.items():
        kind = privileged(one)
        if kind is None:
            continue
        have = [(r["adit_knd_cd"], r["ord_id"], r["actr"]) for r in rows[command_id] if r["adit_knd_cd"] == kind]
        should = [(kind, one["order_id"], one["actor"])]
        f.hold("R13", have == should, f"{command_id} is a {kind}, and its audit has {have}")
    for command_id, some in rows.items():
        # who asks a partner that has not allowed it has done something, whatever the partner's lane says to it
        asked = all(r["adit_knd_cd"] == "PURCHASE_UNASKED" for r in some)
        may = asked or command_id in took or command_id in sums.uncertain or own(command_id)
        f.hold("R13", may, f"{command_id} was not done, and is in the audit: {json.dumps(some)}")


def judge_owners(world: World, sums: Sums, f: Findings) -> None:
    memory(world, f)
    fencing(world, f)
    audit(world, sums, f)
