#!/usr/bin/env bash
# Draws other cases than the tests do, and many more: their seed is the same in every run, this one's is new and printed.
#
#   scripts/long.sh                50,000 cases of each property, and a hundredth as many rounds of ids that come again
#   scripts/long.sh 1000000        as many as that
#   scripts/long.sh 50000 12345    from this seed: what was found is found again
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cases=${1:-50000}
seed=${2:-$(od -An -N6 -tu8 /dev/urandom | tr -d ' ')}
echo "scripts/long.sh $cases $seed"
export PROPTEST_CASES=$cases PROPTEST_RNG_SEED=$seed
exec cargo test --features testing --lib --test it -- domain:: embedded::drawn_ids
