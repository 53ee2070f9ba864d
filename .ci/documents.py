"""Checks the documents: none holds a word that was to be replaced, every link in them leads somewhere, the index has every
page, docs/ has every page that sources, scripts and settings name, and the prose has none of the habits below."""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

# A line of nothing but capitals, as TABLE where a table should be; and the words that say so.
PLACEHOLDER = re.compile(r"^\s*[A-Z][A-Z_]{2,}\s*$|\b(?:TODO|FIXME|TBD|XXX|PLACEHOLDER|[Ll]orem ipsum)\b")
CODE = re.compile(r"^```.*?^```|^    .*?$|`[^`\n]*`", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
GENERATED = re.compile(r"<!-- ([\w-]+) -->.*?<!-- /\1 -->", re.DOTALL)
INDEX = Path("docs/README.md")
# What came, as it was said then; and what is made from the scenarios and the migrations.
UNREAD = {Path("CHANGELOG.md"), Path("docs/reference/scenarios.md"), Path("docs/reference/schema.md")}

COUNTED = r"one|two|three|\d+|once|twice|answer|array|entry|keeper|line|row|round\s+trip"
UNITS = r"batch|chunk|column|command|commit|instance|lane|order|partition|row|SKU|statement|table|token|webhook"
# Habits of ours that a reader stumbles over, and what to write.
HABITS = [
    (rf"\b(?:{COUNTED})\s+an?\s+(?:{UNITS})\b", "per"),
    (r"\b(?:bytes|commands?|events?|orders?|requests?|rows?|\d)\s+a\s+second(?!\s+(?:answer|command|factor|one|order|row|time|try)\b)", "per second"),
    (r"\bwho(?:m|se)?ever\b", "a noun: the client, the owner, the caller"),
    (r"\b(?:to|by|for|of|from|with|is)\s+who\b", "a noun: clients, buyers, the sender"),
    (r"\bwhat\s+(?:is|was|are|were)\s+(?:told|said|heard|asked)\b", "a noun: the answer, the message, the request"),
    (r"'s\s+words?\s+(?:for|on|that|is|was)\b|\bpayment\s+\w+'s\s+word\b", "response, confirmation, report"),
    (r"\bwithout\s+a\s+word\b", "silently"),
    (r"\bHTTP\s+door\b|\b(?:the|a|this|open)\s+door\b", "the HTTP API"),
    (r"\bis\s+nothing\s+to\s+(?:it|them)\b", "a positive sentence"),
    (r"\bthe\s+(?:erasing|deciding|refusing|asking)\b", "a noun: erasure, decision, refusal, request"),
]
NAMED = re.compile(r"(?<![\w/.])(docs/[\w/-]+\.(?:md|jsonl))(?:#([\w-]+))?")


@cache
def anchors(page: Path) -> set[str]:
    """Headings, as a browser links to them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def faults(page: Path) -> list[str]:
    text = page.read_text()
    found = [
        f"{page}:{number}: a placeholder: {line.strip()}"
        for number, line in enumerate(text.splitlines(), 1)
        if PLACEHOLDER.search(line)
    ]
    for link in LINK.findall(CODE.sub("", text)):
        if re.match(r"\w+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        if not target.exists():
            found.append(f"{page}: {link}: there is no such file")
        elif anchor and target.suffix == ".md" and anchor not in anchors(target):
            found.append(f"{page}: {link}: there is no such heading")
    return found


def blanked(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match[0])


def habits(page: Path) -> list[str]:
    if page in UNREAD:
        return []
    # what is taken out leaves its place, so that lines keep their numbers
    text = page.read_text()
    for unread in (GENERATED, CODE, LINK):
        text = unread.sub(blanked, text)
    return [
        f"{page}:{text.count(chr(10), 0, found.start()) + 1}: \"{' '.join(found[0].split())}\": better: {better}"
        for habit, better in HABITS
        for found in re.finditer(habit, text)
    ]


def unlisted(pages: list[Path]) -> list[str]:
    """Pages below docs/ that the index does not link."""
    linked = {(INDEX.parent / link.partition("#")[0]).resolve() for link in LINK.findall(INDEX.read_text())}
    below = [page for page in pages if INDEX.parent in page.parents and page != INDEX]
    return [f"{INDEX}: {page} is not in it" for page in below if page.resolve() not in linked]


def misnamed(name: str) -> list[str]:
    """Pages that a source, a script or a setting names, and that are not there."""
    try:
        text = Path(name).read_text()
    except UnicodeDecodeError:
        return []
    found = []
    for path, anchor in NAMED.findall(text):
        if not Path(path).exists():
            found.append(f"{name}: {path}: there is no such page")
        elif anchor and anchor not in anchors(Path(path)):
            found.append(f"{name}: {path}#{anchor}: there is no such heading")
    return found


def files(*patterns: str) -> list[str]:
    # git's * takes a / too, so these are below every folder
    listed = subprocess.run(["git", "ls-files", *patterns], capture_output=True, text=True, check=True)
    return listed.stdout.splitlines()


def main() -> int:
    listed = files("*.md")
    found = [fault for name in listed for fault in faults(Path(name))]
    found += [habit for name in listed for habit in habits(Path(name))]
    found += unlisted([Path(name) for name in listed])
    found += [fault for name in files() if name not in listed for fault in misnamed(name)]
    for fault in found:
        print(f"error: {fault}", file=sys.stderr)
    print(f"{len(listed)} documents")
    return 1 if found or not listed else 0


sys.exit(main())
