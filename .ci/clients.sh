#!/usr/bin/env bash
# Generates clients from /openapi.json, two for Python and one for TypeScript, as their generators' readmes say, and has each
# place, read, list, and be refused, against the server that the tests were built with. Installs what is missing of the
# languages; nothing that is generated stays.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/servers.sh
source scripts/servers.sh
# shellcheck source=scripts/serve.sh
source scripts/serve.sh
need curl curl jq jq node nodejs npm npm java default-jre-headless
target=${CARGO_TARGET_DIR:-target}
jumun=$target/debug/jumun
tools=$target/ci-clients
for_this_run

# what a tool says is shown when it fails
quietly() { "$@" >"$dir/said" 2>&1 || { cat "$dir/said" >&2; die "$1 failed"; }; }

mkdir -p "$tools"
[[ -x $tools/python/bin/pip ]] || python3 -m venv "$tools/python"
quietly timeout 600 "$tools/python/bin/pip" install --disable-pip-version-check --retries 5 --timeout 30 \
  --only-binary :all: --require-hashes -r tests/clients/requirements.txt
cp tests/clients/*.{json,ts} "$tools"
(cd "$tools" && quietly timeout 300 npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)

served "$jumun" "$dir/log" --database "sqlite:$dir/shop.db" \
  --token "boss:operator:$(token_hash operator),web:checkout:$(token_hash checkout)"
while read -r command; do
  # the token says who asks
  jq -c 'del(.actor)' <<<"$command" | "$jumun" send --http "http://$address" --token operator - >/dev/null
done <docs/start/first-sale.jsonl
document=$dir/openapi.json
curl -fsS -o "$document" "http://$address/openapi.json"
export JUMUN_URL=http://$address

python=$(cd "$tools/python/bin" && pwd)
# it formats by a tool that it looks for
quietly env PATH="$python:$PATH" openapi-python-client generate --path "$document" --output-path "$dir/httpx/jumun_client" --meta none \
  --fail-on-warning
PYTHONPATH=$dir/httpx "$python/python" tests/clients/with_openapi_python_client.py
quietly "$python/openapi-generator-cli" generate -i "$document" -g python -o "$dir/urllib3" \
  --additional-properties packageName=jumun_generated
PYTHONPATH=$dir/urllib3 "$python/python" tests/clients/with_openapi_generator.py
(
  cd "$tools"
  quietly npx openapi-typescript "$document" -o schema.d.ts
  quietly npx tsc --project .
  node built/with_openapi_typescript.js
)
