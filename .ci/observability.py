"""Checks ops/ offline: what alerts and panels ask for is what docs/operate/operations.md lists, and what promtool says of it.

promtool is Debian's, from the package prometheus, and has to be on PATH.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

PAGE = Path("docs/operate/operations.md")
PROMETHEUS = Path("ops/prometheus")
RULES, TESTS = PROMETHEUS / "rules.yml", PROMETHEUS / "rules.test.yml"
DASHBOARD = Path("ops/grafana/jumun.json")
PROVISIONING = Path("ops/grafana/provisioning")

METRIC = re.compile(r"\bjumun_[a-z_]+")
RECORDED = re.compile(r"\bjob:[a-z0-9_:]+")
SELECTOR = re.compile(r"\b(jumun_[a-z_]+)\{([^}]*)\}")
GROUPED = re.compile(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)")
# What Prometheus itself gives to every series, and to the buckets of a histogram.
ALWAYS = {"job", "instance"}
# Grafana's own, filled in with something that parses.
VARIABLES = {"$__rate_interval": "1m", "$__range": "1h"}

faults: list[str] = []


def check(holds: object, fault: str) -> None:
    if not holds:
        faults.append(fault)


def metrics_of(page: str) -> dict[str, set[str]]:
    """The metrics' table: each name's labels."""
    table = page.split("\n## Metrics\n", 1)[1].split("\n## ", 1)[0]
    found = {}
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) > 3 and cells[1].startswith("`"):
            labels = {label.strip() for label in cells[2].split(",")} - {""}
            found |= {name: labels for name in METRIC.findall(cells[1])}
    return found


def anchors_of(page: str) -> set[str]:
    """Headings, as a browser links to them."""
    headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def base(name: str, known: dict[str, set[str]]) -> str:
    """A histogram is three series, read by its name."""
    short = re.sub(r"_(bucket|sum|count)$", "", name)
    return name if name in known else short


def asks(where: str, text: str, known: dict[str, set[str]], recorded: set[str]) -> None:
    """Only for metrics that there are, and for labels that they have."""
    named = {base(name, known) for name in METRIC.findall(text)}
    for name in sorted(named - known.keys()):
        faults.append(f"{where}: {name} is not in the table of {PAGE}")
    for name in sorted(set(RECORDED.findall(text)) - recorded):
        faults.append(f"{where}: {name} is not recorded in {RULES}")
    for name, inside in SELECTOR.findall(text):
        labels = set(re.findall(r"(\w+)\s*[=!]", inside))
        may = known.get(base(name, known), set()) | ALWAYS | ({"le"} if name.endswith("_bucket") else set())
        check(labels <= may, f"{where}: {name} has no label {sorted(labels - may)}")
    of_any = ALWAYS.union({"le"} if "_bucket" in text else (), *(known.get(name, set()) for name in named))
    for inside in GROUPED.findall(text):
        labels = {label.strip() for label in inside.split(",")} - {""}
        check(labels <= of_any, f"{where}: nothing there has a label {sorted(labels - of_any)}")


def rules(known: dict[str, set[str]], anchors: set[str]) -> set[str]:
    listed = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    recorded = {rule["record"] for rule in listed if "record" in rule}
    alerts = [rule for rule in listed if "alert" in rule]
    tests = yaml.safe_load(TESTS.read_text())["tests"]
    expected = str([test.get("promql_expr_test") for test in tests])
    for rule in listed:
        asks(f"{RULES}: {rule.get('alert', rule.get('record'))}", rule["expr"], known, recorded)
    for alert in alerts:
        name, notes = alert["alert"], alert.get("annotations", {})
        where = f"{RULES}: {name}"
        check(alert.get("labels", {}).get("severity") in ("page", "ticket"), f"{where}: severity is page or ticket")
        for note in ("summary", "description", "runbook"):
            check(notes.get(note), f"{where}: no {note}")
        page, _, anchor = notes.get("runbook", "").partition("#")
        check(page == str(PAGE) and anchor in anchors, f"{where}: {PAGE} has no heading #{anchor}")
        check(f'alertname="{name}",alertstate="firing"' in expected, f"{TESTS}: {name} never fires")
    for test in tests:
        asked = [series["series"] for series in test["input_series"]]
        asked += [case["expr"] for case in test.get("promql_expr_test", [])]
        for text in asked:
            asks(f"{TESTS}: {test['name']}", text, known, recorded)
    print(f"{RULES}: {len(alerts)} alerts, {len(recorded)} recorded; {TESTS}: {len(tests)} tests")
    return recorded


def dashboard(known: dict[str, set[str]], recorded: set[str]) -> list[str]:
    """Gives back what its panels ask."""
    board = json.loads(DASHBOARD.read_text())
    panels = [inner for panel in board["panels"] for inner in (panel, *panel.get("panels", []))]
    ids = [panel["id"] for panel in panels]
    check(len(ids) == len(set(ids)), f"{DASHBOARD}: panels share an id")
    check(board.get("uid") and board.get("schemaVersion", 0) >= 39, f"{DASHBOARD}: no uid, or an old schema")
    sources = {d["uid"] for f in (PROVISIONING / "datasources").iterdir() for d in load(f)["datasources"]}
    variables = {v["name"]: v["current"]["value"] for v in board["templating"]["list"] if v["type"] == "datasource"}
    check(set(variables.values()) <= sources, f"{DASHBOARD}: its data source is not provisioned")
    taken: set[tuple[int, int]] = set()
    expressions = []
    for panel in panels:
        where = f"{DASHBOARD}: panel {panel['id']} {panel.get('title', '')}"
        check(panel.get("title"), f"{where}: no title")
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        check(not cells & taken and at["x"] + at["w"] <= 24, f"{where}: lies over another, or beyond the edge")
        taken |= cells
        if panel["type"] == "row":
            continue
        check(panel.get("targets"), f"{where}: no targets")
        check(panel["fieldConfig"]["defaults"].get("unit"), f"{where}: no unit")
        for target in panel.get("targets", []):
            for uses in (panel["datasource"]["uid"], target["datasource"]["uid"]):
                check(uses in {f"${{{name}}}" for name in variables}, f"{where}: data source {uses}")
            asks(where, target["expr"], known, recorded)
            expressions.append(target["expr"])
    print(f"{DASHBOARD}: {len(panels)} panels, {len(expressions)} expressions")
    return expressions


def load(path: Path) -> dict:
    return yaml.safe_load(path.read_text())


def promtool(*arguments: str | Path, says: str) -> None:
    out = subprocess.run(["promtool", *arguments], capture_output=True, text=True, timeout=300, check=False)
    check(out.returncode == 0, f"promtool {says}:\n{(out.stdout + out.stderr).strip()}")
    print(f"promtool {says}: {'passed' if out.returncode == 0 else 'FAILED'}")


def parses(expressions: list[str]) -> None:
    """promtool reads expressions out of rules only: the panels' are written as such."""
    written = []
    for number, expression in enumerate(expressions):
        for variable, value in VARIABLES.items():
            expression = expression.replace(variable, value)
        written.append({"record": f"panel:{number}", "expr": expression})
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        yaml.safe_dump({"groups": [{"name": "panels", "rules": written}]}, file)
        file.flush()
        promtool("check", "rules", file.name, says=f"check rules, with the expressions of {DASHBOARD}")


def config() -> None:
    """promtool asks for the files that are named: the rules beside it, and the token, which compose makes."""
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        text = (PROMETHEUS / "prometheus.yml").read_text()
        token = re.search(r"credentials_file: (\S+)", text)
        written = f">{token[1]} " if token else "no token"
        entry = str(load(Path("compose.yaml"))["services"]["prometheus"]["entrypoint"])
        check(written in entry, f"compose.yaml: prometheus does not write {written}")
        (here / "token").touch()
        (here / "rules.yml").write_text(RULES.read_text())
        (here / "prometheus.yml").write_text(re.sub(r"(credentials_file:) \S+", rf"\1 {here}/token", text))
        promtool("check", "config", here / "prometheus.yml", says="check config")


def mounts(path: Path) -> None:
    """What compose mounts from here is here: a missing file would be made as an empty folder."""
    for name, service in load(path)["services"].items():
        for source in (volume.split(":")[0] for volume in service.get("volumes", [])):
            check(not source.startswith(".") or Path(source).exists(), f"{path}: {name} mounts {source}: not there")


def main() -> int:
    page = PAGE.read_text()
    known = metrics_of(page)
    check(len(known) > 10, f"{PAGE}: its table of metrics is not found")
    recorded = rules(known, anchors_of(page))
    expressions = dashboard(known, recorded)
    mounts(Path("compose.yaml"))
    config()
    promtool("check", "rules", RULES, says="check rules")
    promtool("test", "rules", TESTS, says="test rules")
    parses(expressions)
    for fault in faults:
        print(f"error: {fault}", file=sys.stderr)
    return 1 if faults else 0


sys.exit(main())
