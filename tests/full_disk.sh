#!/usr/bin/env bash
# A disk that becomes full while a set is built: the build stops and says so, and once there is space it goes on and ends in the bytes of a
# build that nothing stopped. The disk is a file system in memory that only this test sees.
set -euo pipefail
data=$(cd "${SMOOTH_BUILD:?names the folder of the programs}" && pwd)/smooth-data
[ -x "$data" ] || { echo "SKIPPED: smooth-data is not built" && exit; }
if [ -z "${SMOOTH_FULL_DISK:-}" ]; then
  unshare --user --map-root-user --mount true 2>/dev/null || { echo "SKIPPED: no user namespace here to mount a small disk in" && exit; }
  SMOOTH_FULL_DISK=1 exec unshare --user --map-root-user --mount bash "$0"
fi
work=$(mktemp -d)
trap 'cd /; umount "$work/disk" 2>/dev/null || true; rm -rf "$work"' EXIT
mkdir "$work/disk" "$work/calm"
mount -t tmpfs -o size=200k none "$work/disk"

cat >"$work/data.yaml" <<'END'
out: set
tokenizer: {vocab_size: 800, model_type: bpe, training_documents: 60}
rows:
  - {row: niah-b, samples: 60, min_tokens: 500, max_tokens: 700, min_chunk: 48, max_chunk: 96, niah: {keys: 2, digits: 3, adjectives: 8, nouns: 8}}
END
(cd "$work/calm" && "$data" build ../data.yaml 2>/dev/null)

cd "$work/disk"
stops=0
for size in 200k 300k 400k 500k 4m; do
  mount -o "remount,size=$size" "$work/disk"
  status=0
  "$data" build ../data.yaml 2>"$work/said" || status=$?
  [ "$status" != 0 ] || break
  stops=$((stops + 1))
  grep -q 'No space left on device; free some space or choose another disk' "$work/said" || { cat "$work/said" && exit 1; }
done
[ "$status" = 0 ] || { cat "$work/said" && exit 1; }
[ "$stops" -ge 2 ] || { echo "the disk was full only $stops times" && exit 1; }
diff -r -x .lock "$work/calm/set" "$work/disk/set"
