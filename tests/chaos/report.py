"""What a run prints."""

import json
import statistics
from collections import Counter

from faults import Fault


def fault_line(at: float, some: list[Fault], seen: list[str], lasted: float, recovery: float) -> str:
    what = " + ".join(f"{fault}: {evidence}" for fault, evidence in zip(some, seen, strict=True))
    return f"{at:7.1f} s  {what}; for {lasted:.1f} s; answered everywhere {recovery:.2f} s after"


def table(done: Counter, recoveries: dict[str, list[float]]) -> str:
    """Kinds of faults, and the seconds from healing to the first new answer in every partition."""
    lines = ["fault                      done   median s   worst s"]
    for what in sorted(recoveries, key=lambda what: (what == "two at once", what)):
        times = recoveries[what]
        count = len(times) if what == "two at once" else done[what]
        lines.append(f"{what:25} {count:5} {statistics.median(times):10.2f} {max(times):9.2f}")
    alone = [what for what in sorted(done) if what not in recoveries]
    lines += [f"{what:25} {done[what]:5}   (together with others only)" for what in alone]
    return "\n".join(lines)


def compared(red: set[str], status: int, said: str) -> list[str]:
    """What `jumun verify` says, and where it and the judge disagree."""
    try:
        checks = json.loads(said)["checks"]
    except (ValueError, KeyError):
        return [f"jumun verify: status {status}: {said[-2000:]}"]
    theirs = {check["id"] for check in checks if check["violated"]}
    lines = [f"jumun verify: status {status}" + (f", violated {', '.join(sorted(theirs))}" if theirs else ", all hold")]
    lines += [f"  {v}" for check in checks if check["violated"] for v in check.get("violations", [])[:5]]
    # of the run, not of what it left: verify can't see them
    ours = red - {"R12", "R14"}
    if ours != theirs:
        only = ", ".join(sorted(ours - theirs)) or "nothing"
        lines.append(f"they disagree: red here only {only}; there only {', '.join(sorted(theirs - ours)) or 'nothing'}")
    return lines
