#!/usr/bin/env python3
"""Moves commands to the names of docs/reference/renames.json: one JSON command a line, in and out.

  scripts/rename.py < commands.jsonl > renamed.jsonl

What a line holds besides a command's own names stays as it is. Lines that are no JSON objects are passed through.
"""

import json
import pathlib
import sys

RENAMES = json.loads((pathlib.Path(__file__).parent.parent / "docs/reference/renames.json").read_text("utf-8"))
FIELDS, VALUES = ({old: new.split(".")[-1] for old, new in RENAMES[kind].items()} for kind in ("fields", "values"))


def moved(value, place: str):
    """A value that stands in the field `place`, or is a command of that type."""
    if isinstance(value, list):
        return [moved(item, place) for item in value]
    if isinstance(value, str):
        return VALUES.get(f"{place}.{value}", value)
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("type"), str):  # a command, also within a preview
        place = RENAMES["commands"].get(value["type"], value["type"])
        value = {**value, "type": place}
    renamed = {}
    for name, inner in value.items():
        new = FIELDS.get(f"{place}.{name}", name)
        renamed[new] = inner if name == "type" else moved(inner, new)
    return renamed


def main() -> None:
    for line in sys.stdin:
        try:
            command = json.loads(line)
        except ValueError:
            command = None
        if isinstance(command, dict):
            line = json.dumps(moved(command, ""), ensure_ascii=False) + "\n"
        sys.stdout.write(line)


if __name__ == "__main__":
    main()
