"""Checks the documents: none holds a word that was to be replaced, every link in them leads somewhere, the index has every
page, and so has docs/ every page that sources, scripts and settings name."""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

# A line of nothing but capitals, as TABLE where a table should be; and the words that say so.
PLACEHOLDER = re.compile(r"^\s*[A-Z][A-Z_]{2,}\s*$|\b(?:TODO|FIXME|TBD|XXX|PLACEHOLDER|[Ll]orem ipsum)\b")
CODE = re.compile(r"^```.*?^```|^    .*?$|`[^`\n]*`", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
INDEX = Path("docs/README.md")
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
    found += unlisted([Path(name) for name in listed])
    found += [fault for name in files() if name not in listed for fault in misnamed(name)]
    for fault in found:
        print(f"error: {fault}", file=sys.stderr)
    print(f"{len(listed)} documents")
    return 1 if found or not listed else 0


sys.exit(main())
