#!/usr/bin/env bash
# Runs all the tests, against a private PostgreSQL and a private Redis of this run's own.
#
#   scripts/test.sh                 everything
#   scripts/test.sh store_contract  tests whose name contains that (arguments go to the test runner; no doc tests)
#
# Installs what is missing (Debian). Runs of it may follow or overlap one another.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/servers.sh
source scripts/servers.sh

command -v cargo >/dev/null || die "no cargo: install a Rust toolchain first (https://rustup.rs)"
# the stand-in for a payment service is in Python; openssl makes the tests' certificates
need cc build-essential python3 python3 openssl openssl
servers_start test
export JUMUN_TEST_DATABASE=$DATABASE JUMUN_TEST_REDIS=$REDIS

# Two a core: tests wait for servers more than they work.
export RUST_TEST_THREADS=${RUST_TEST_THREADS:-$((2 * $(nproc)))}
export NEXTEST_TEST_THREADS=${NEXTEST_TEST_THREADS:-$RUST_TEST_THREADS}

# The doc tests come first, so that the last line is the whole suite's.
if (($# == 0)); then
  cargo test --doc --features testing
fi
if cargo nextest --version >/dev/null 2>&1; then
  cargo nextest run --features testing "$@"
else
  cargo test --features testing --lib --bins --tests "$@"
fi
