#!/usr/bin/env python3
"""Types the first sale's set-up and sale into one interactive shell, as a reader pastes them, and tells what the terminal
showed.

  first_sale.py FOLDER    with FOLDER as the repository's root; the blocks come from its docs/start/first-sale.md

Its own words are lines that begin with "## ": what was looked at afterwards. It ends with status 0 once the shell ended by
itself within its time.
"""
import os
import pty
import re
import select
import signal
import sys
import time
from pathlib import Path

SECONDS_MAX = 120


def block(text: str, marker: str) -> str:
    return text.split(marker, 1)[1].split("```sh\n", 1)[1].split("```", 1)[0]


def main() -> int:
    root = Path(sys.argv[1])
    text = (root / "docs/start/first-sale.md").read_text()
    set_up, sale = block(text, "## A real sale"), block(text, "<!-- sale:")
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(root)
        os.execvp("bash", ["bash", "--norc", "-i"])
    deadline = time.monotonic() + SECONDS_MAX
    shown = ""

    def read(until: str, seconds: float = SECONDS_MAX) -> bool:
        """Reads until the terminal shows this; '': until it is closed."""
        nonlocal shown
        end = min(deadline, time.monotonic() + seconds)
        while not (until and until in shown):
            left = end - time.monotonic()
            if left <= 0 or not select.select([terminal], [], [], left)[0]:
                return False
            try:
                some = os.read(terminal, 65536)
            except OSError:  # the other side is closed
                some = b""
            if not some:
                return not until
            shown += some.decode(errors="replace")
        return True

    def typed(lines: str) -> None:
        os.write(terminal, lines.encode())

    ended = False
    try:
        typed(set_up)
        up = read("PostgreSQL and Redis are up")
        # what is printed is not what is typed, so the echo is not taken for it
        typed('printf "%s %s\\n" set up; printf "folder=%s=\\n" "$SERVERS_DIR"\n')
        read("set up\r\n")
        read("=\r\n", 10)
        typed(sale)
        typed('printf "%s %s\\n" sale over\n')
        over = read("sale over\r\n", 60)
        typed('for s in "${SERVERS_PIDS[@]}"; do kill -0 "${s%%:*}" && printf "%s %s\\n" still there; done\n')
        typed('printf "%s %s\\n" looked at\n')
        read("looked at\r\n", 20)
        typed("exit\nexit\n")
        ended = read("", 40)
    finally:
        if not ended:
            os.kill(pid, signal.SIGHUP)
    print(shown)
    folder = re.search(r"folder=(/[^=\r\n]+)=", shown)
    print(f"## servers started: {up}")
    print(f"## sale ended: {over}")
    print(f"## servers still there: {shown.count(f'still there{chr(13)}')}")
    print(f"## shell ended: {ended}")
    print(f"## servers' folder gone: {bool(folder) and not os.path.exists(folder.group(1))}")
    return 0 if ended else 1


if __name__ == "__main__":
    sys.exit(main())
