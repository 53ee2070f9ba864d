#!/usr/bin/env bash
# Pins the images of the Dockerfile and compose.yaml: behind each tag the digest that the registry has for it now (of the index,
# so that it is one for every platform). Asks Docker Hub. Look at what it changed, and commit it.
#
#   scripts/digests.sh          writes them
#   scripts/digests.sh --check  says what has none, or another than its tag has now; exit status 1 if anything
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
FILES=(Dockerfile compose.yaml)
INDEX='application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json'

# digest NAME TAG: as the registry has it
digest() {
  local name=$1 tag=$2 token
  [[ $name == */* ]] || name=library/$name
  token=$(curl -fsSm 30 "https://auth.docker.io/token?service=registry.docker.io&scope=repository:$name:pull" | jq -er .token)
  curl -fsSIm 30 -H "Authorization: Bearer $token" -H "Accept: $INDEX" \
    "https://registry-1.docker.io/v2/$name/manifests/$tag" |
    tr -d '\r' | awk 'tolower($1) == "docker-content-digest:" {print $2}' | grep -Ex 'sha256:[0-9a-f]{64}'
}

mapfile -t images < <(grep -hoE '^(FROM|    image:) [^ ]+' "${FILES[@]}" | awk '{print $2}' | grep -v '^jumun:' | sort -u)
((${#images[@]})) || { echo "no images: is the search broken?" >&2; exit 1; }
wrong=0
for image in "${images[@]}"; do
  tagged=${image%@*}
  now=$(digest "${tagged%:*}" "${tagged##*:}") || { echo "the registry does not say what $tagged is" >&2; exit 1; }
  [[ $image != "$tagged@$now" ]] || continue
  wrong=1
  echo "$image is $now now"
  [[ ${1:-} == --check ]] || sed -i "s|$image\$|$tagged@$now|; s|$image |$tagged@$now |" "${FILES[@]}"
done
[[ ${1:-} != --check ]] || exit "$wrong"
