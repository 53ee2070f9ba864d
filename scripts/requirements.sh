#!/usr/bin/env bash
# Writes each requirements.txt anew from the requirements.in beside it: what is wanted, what that needs itself, and the hash
# of every file that pip may take for it. For any Python from 3.11 on. Asks PyPI.
#
#   scripts/requirements.sh            keeps the versions that are there, where they fit
#   scripts/requirements.sh --upgrade  takes newer ones of what is not pinned
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: uv==0.13.9
for folder in .ci tests/clients; do
  "$work/venv/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --only-binary :all: \
    --custom-compile-command scripts/requirements.sh "$@" \
    --output-file "$folder/requirements.txt" "$folder/requirements.in"
done
