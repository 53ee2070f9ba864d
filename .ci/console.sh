#!/usr/bin/env bash
# Clicks through the operator's console in a headless Chromium, against the server that the tests were built with.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/servers.sh
source scripts/servers.sh

need chromium chromium node nodejs npm npm redis-server redis-server
target=${CARGO_TARGET_DIR:-target}
# Copied, so that no node_modules comes into the tree.
work=$target/ci-console
mkdir -p "$work"
cp tests/console/*.mjs tests/console/package.json tests/console/package-lock.json "$work"
(cd "$work" && timeout 300 npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
timeout 1500 node "$work/run.mjs" --jumun "$target/debug/jumun"
