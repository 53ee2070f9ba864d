# shellcheck shell=bash
# For scripts that start a server of their own: sourced, not run.

# for_this_run: makes a folder, $dir. With the script it goes, and the server in $server ends.
for_this_run() {
  dir=$(mktemp -d) server=
  trap 'stopped; rm -rf "$dir"' EXIT
}

# stopped: ends the server, if there is one.
stopped() {
  [[ -n $server ]] || return 0
  kill "$server" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
  server=
}

# token_hash TOKEN: what `--token` keeps of it.
token_hash() { printf %s "$1" | sha256sum | cut -d' ' -f1; }

# served JUMUN LOG [WORD...]: starts `jumun serve` on a free port, with what it says in LOG. Sets $server, its process, and
# $address, once it says where it listens. Without a token among the words its HTTP API wants no token; by a variable, since older
# programs have no flag for it, and by its older name for those that know no other.
served() {
  local log=$2 open=true setting=JUMUN_NO_AUTH
  [[ " ${*:3} " != *" --token"* ]] || open=false
  [[ $("$1" serve --help) == *"$setting"* ]] || setting=JUMUN_OPEN
  : >"$log" # it is read before the server has made it
  env NO_COLOR=1 "$setting=$open" "$1" serve --listen 127.0.0.1:0 "${@:3}" >>"$log" 2>&1 &
  server=$!
  for _ in $(seq 100); do
    address=$(sed -n 's/.*jumun serves address=\([^ ]*\).*/\1/p' "$log")
    [[ -z $address ]] || return 0
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  cat "$log" >&2
  return 1
}
