"""Checks the documents: none holds a word that was to be replaced, and every link in them leads somewhere."""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

# A line of nothing but capitals, as TABLE where a table should be; and the words that say so.
PLACEHOLDER = re.compile(r"^\s*[A-Z][A-Z_]{2,}\s*$|\b(?:TODO|FIXME|TBD|XXX|PLACEHOLDER|[Ll]orem ipsum)\b")
CODE = re.compile(r"^```.*?^```|^    .*?$|`[^`\n]*`", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")


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


def main() -> int:
    listed = subprocess.run(["git", "ls-files", "*.md"], capture_output=True, text=True, check=True).stdout.split()
    found = [fault for name in listed for fault in faults(Path(name))]
    for fault in found:
        print(f"error: {fault}", file=sys.stderr)
    print(f"{len(listed)} documents")
    return 1 if found or not listed else 0


sys.exit(main())
