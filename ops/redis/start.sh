#!/bin/sh
# Redis with the users of users.acl, each with the password that the environment has for it, as compose.yaml starts it:
#
#   SERVER_PASSWORD=… PRODUCER_PASSWORD=… sh ops/redis/start.sh --port 6379 …
#
# Who has none can't log in; the server has to have one. ADMIN_PASSWORD makes a user jumun-admin, who may do anything.
# With PARTITIONS=N, the server's number, producers and checkouts append to those only: a stream of another partition would be
# trimmed by nobody. Redis is given hashes only, in a file of its own.
set -eu
umask 077
: "${SERVER_PASSWORD:?the password of jumun-server}"
users=$(mktemp)
cp "$(dirname "$0")/users.acl" "$users"

# password USER PASSWORD
password() {
  [ -n "$2" ] || return 0
  hash=$(printf %s "$2" | sha256sum)
  sed -i "s/^user $1 on/& #${hash%% *}/" "$users"
  # one that is not in the file would be without a password, and unseen
  grep -q "^user $1 on #${hash%% *} " "$users" || { echo "users.acl has no user $1" >&2; exit 1; }
}

if [ -n "${PARTITIONS:-}" ]; then
  for stream in commands checkout; do
    keys=$(seq -f "%%W~jumun:{%.0f}:$stream" -s ' ' 0 $((PARTITIONS - 1)))
    sed -i "s/%W~jumun:{\*}:$stream/$keys/" "$users"
  done
fi
[ -z "${ADMIN_PASSWORD:-}" ] || echo 'user jumun-admin on ~* &* +@all' >>"$users"
password jumun-server "$SERVER_PASSWORD"
password jumun-producer "${PRODUCER_PASSWORD:-}"
password jumun-checkout "${CHECKOUT_PASSWORD:-}"
password jumun-consumer "${CONSUMER_PASSWORD:-}"
password jumun-operator "${OPERATOR_PASSWORD:-}"
password jumun-admin "${ADMIN_PASSWORD:-}"
# no entry, answer or array of jumun's is near a megabyte: what is larger is not taken, so that nobody has to read it
exec redis-server "$@" --proto-max-bulk-len 1mb --aclfile "$users"
