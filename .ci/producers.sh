#!/usr/bin/env bash
# Runs the producers of examples/producers, each in its language, against the server that the tests were built with.
# Installs what is missing of the languages.
#
#   .ci/producers.sh PYTHON
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/servers.sh
source scripts/servers.sh
need redis-server redis-server redis-cli redis-tools jq jq node nodejs npm npm javac default-jdk-headless
gson=/usr/share/java/gson.jar
[[ -e $gson ]] || need "$gson" libgoogle-gson-java

target=${CARGO_TARGET_DIR:-target}
# with the tests' features, so that little is left to build
cargo build --locked --features testing --example checkout
exec "$1" tests/producers/run.py --jumun "$target/debug/jumun" --rust "$target/debug/examples/checkout" \
  --gson "$gson" --tools "$target/ci-producers"
