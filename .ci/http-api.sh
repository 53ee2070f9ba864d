#!/usr/bin/env bash
# Holds the HTTP API to its own OpenAPI document: generated requests, good and bad, against the binary that the tests
# built, on a private SQLite file. It must never fault, and answer only what the document says.
#
#   .ci/http-api.sh FOLDER_WITH_SCHEMATHESIS
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/serve.sh
source scripts/serve.sh
tools=$1
jumun=${CARGO_TARGET_DIR:-target}/debug/jumun
for_this_run

# examined CHECKS [WORD...]
examined() {
  # /v1/live and /v1/events never end, so each look at them would wait for a time-out. It keeps a cache where it is run.
  # An order's commands have the fields that they have at /v1/commands: a few of them are enough.
  if ! (cd "$dir" && timeout 900 "$tools/schemathesis" run "http://$address/openapi.json" --exclude-path /v1/live \
    --exclude-path /v1/events --exclude-operation-id-regex '^post_orders_id_(?!cancel_lines$|request_return$|preview$|approve_payment$)' --seed 20261122 --checks "$1" "${@:2}" >found 2>&1); then
    tail -n 200 "$dir/found" >&2
    exit 1
  fi
  grep -E '(generated|Tested).*[0-9]' "$dir/found"
}

tools=$(cd "$tools" && pwd)
served "$jumun" "$dir/log" --database "sqlite:$dir/open.db" --answer-timeout 2
# something to look at
while read -r command; do
  curl -fsS -o /dev/null -H 'Content-Type: application/json' -d "$command" "http://$address/v1/commands"
done <docs/start/first-sale.jsonl
checks=not_a_server_error,status_code_conformance,content_type_conformance
examined "$checks,response_schema_conformance,response_headers_conformance,unsupported_method" --max-examples 15

# what wants a token is not had without one
token=schemathesis
stopped
served "$jumun" "$dir/log" --database "sqlite:$dir/guarded.db" --answer-timeout 2 \
  --token "all:operator:$(token_hash "$token")" --unauthenticated-rate 0
examined "$checks,ignored_auth" --max-examples 3 --header "Authorization: Bearer $token"
