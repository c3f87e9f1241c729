#!/usr/bin/env bash
# A disk that becomes full while a set is built, or while a run trains and saves: what stops says so, what is told to go on does, and once there
# is space the same command ends in the bytes of one that nothing stopped. The disk is a file system in memory that only this test sees.
set -euo pipefail
source "$(dirname "$0")/runs.bash"
need smooth-data smooth-train
if [ -z "${SMOOTH_FULL_DISK:-}" ]; then
  unshare --user --map-root-user --mount true 2>/dev/null || { echo "SKIPPED: no user namespace here to mount a small disk in" && exit; }
  SMOOTH_FULL_DISK=1 exec unshare --user --map-root-user --mount bash "$0"
fi
work=$(mktemp -d)
child=
trap '[ -z "$child" ] || kill -9 "$child" 2>/dev/null || true; cd /; umount "$work/disk" 2>/dev/null || true; rm -rf "$work"' EXIT
export OMP_NUM_THREADS=1
mkdir "$work/disk" "$work/calm"
mount -t tmpfs -o size=200k none "$work/disk"
resize() { mount -o "remount,size=$1" "$work/disk"; }

cat >"$work/data.yaml" <<'END'
out: set
tokenizer: {vocab_size: 800, model_type: bpe, training_documents: 60}
rows:
  - {row: niah-b, samples: 60, min_tokens: 500, max_tokens: 700, min_chunk: 48, max_chunk: 96, niah: {keys: 2, digits: 3, adjectives: 8, nouns: 8}}
END
(cd "$work/calm" && "$programs/smooth-data" build ../data.yaml 2>/dev/null)

no_space='No space left on device; free some space or choose another disk'
cd "$work/disk"
stops=0
for size in 200k 300k 400k 500k 4m; do
  resize $size
  status=0
  "$programs/smooth-data" build ../data.yaml 2>"$work/said" || status=$?
  [ "$status" != 0 ] || break
  stops=$((stops + 1))
  grep -q "$no_space" "$work/said" || fail "the build said:" "$(cat "$work/said")"
done
[ "$status" = 0 ] || fail "the build said:" "$(cat "$work/said")"
[ "$stops" -ge 2 ] || fail "the disk was full only $stops times"
diff -r -x .lock "$work/calm/set" "$work/disk/set"
rm -r "$work/disk/set"

# Training: run/ on the small disk, the set beside it.
cat >"$work/train.yaml" <<'END'
run: disk/run
threads: 1
model: {hidden_size: 32, num_hidden_layers: 2, num_attention_heads: 2, num_key_value_heads: 1, intermediate_size: 64}
sliding_window: 64
data: {files: [calm/set/niah-b.os.jsonl], tokenizer: calm/set/tokenizer, context: 1024}
batch: 1
steps: 100
checkpoint: {every: 2, keep: 2}
optim: {lr: 0.003, warmup_steps: 4}
END
cd "$work"

# start OPTION...: in the background.
start() {
  "$programs/smooth-train" train.yaml "$@" &>"$work/said" &
  child=$!
}

# ended STATUS: waits, and holds it against what is expected.
ended() {
  local status=0
  wait "$child" || status=$?
  child=
  [ "$status" = "$1" ] || fail "$story: status $status, expected $1" "$(cat "$work/said")"
}

# until_true COMMAND...: within a minute, while the run goes on.
until_true() {
  local begin=$SECONDS
  until "${@}" 2>/dev/null; do
    kill -0 "$child" 2>/dev/null && [ $((SECONDS - begin)) -lt 60 ] || fail "$story: never came to: $*" "$(cat "$work/said")"
    sleep 0.01
  done
}
has_said() { grep -q "$1" "$work/said"; }
has_steps() { [ "$(wc -l <disk/run/metrics.jsonl)" -ge "$1" ]; }
said() { has_said "$1" || fail "$story: did not say '$1' but" "$(cat "$work/said")"; }

# holding COMMAND...: while the run stands still.
holding() {
  kill -STOP "$child"
  "$@"
  kill -CONT "$child"
}
fill() { (dd if=/dev/zero of=disk/filler bs=4k 2>/dev/null || true); }

# same_bytes: as the undisturbed run's.
same_bytes() {
  contents disk/run >"$work/contents"
  diff "$work/calm.contents" "$work/contents" >"$work/difference" || fail "$story: other bytes" "$(head -c 3000 "$work/difference")"
  echo "$story: the same bytes"
}

finished() { (cd disk/run/checkpoints && printf '%s\n' */DONE | sort -V | tr '\n' ' '); }

for background in true false; do
  for failure in stop go-on; do
    options=(--set "checkpoint.background=$background" --set "checkpoint.failure=$failure")
    story="checkpoint.background $background, failure $failure, undisturbed"
    rm -rf disk/run
    resize 64m
    start "${options[@]}"
    ended 0
    contents disk/run >"$work/calm.contents"
    [ "$(wc -l <disk/run/metrics.jsonl)" = 100 ] || fail "$story: not 100 steps"
    run=$(du -sk disk/run | cut -f 1) checkpoint=$(du -sk disk/run/checkpoints/step-100 | cut -f 1)

    # Space for two checkpoints and a half: the third one does not fit beside them.
    story="background $background, $failure: no space for a third checkpoint"
    rm -rf disk/run
    resize $((run + checkpoint / 2))k
    start "${options[@]}"
    ended 1
    said "could not be written: .*$no_space.*; the ones before it are whole"
    [ "$(finished)" = "step-2/DONE step-4/DONE " ] || fail "$story: there are $(finished)"
    case $failure in
      stop) has_steps 100 && fail "$story: it did not stop" ;;
      go-on) said 'training goes on, as checkpoint.failure says' && has_steps 100 || fail "$story: it did not go on" ;;
    esac
    start "${options[@]}" # finds as little space, and loses nothing
    ended 1
    [ "$(finished)" = "step-2/DONE step-4/DONE " ] || fail "$story: then there are $(finished)"
    resize 64m
    start "${options[@]}"
    ended 0
    same_bytes

    if [ $failure = go-on ]; then
      story="background $background, $failure: space comes while it trains"
      rm -rf disk/run
      resize $((run + checkpoint / 2))k
      start "${options[@]}"
      until_true has_said 'training goes on'
      holding resize 64m
      ended 0
      same_bytes
    fi
  done
done

# No space for a line, let alone a checkpoint.
for failure in stop go-on; do
  options=(--set steps=200 --set "checkpoint.every=$([ $failure = stop ] || echo 2)0" --set "checkpoint.failure=$failure")
  story="$failure: no space for a line"
  rm -rf disk/run
  start "${options[@]}"
  ended 0
  contents disk/run >"$work/calm.contents"
  rm -rf disk/run
  start "${options[@]}"
  until_true has_steps 3
  holding fill
  if [ $failure = stop ]; then
    ended 1
    said "cannot append to .*: $no_space"
    has_steps 200 && fail "$story: it did not stop"
    rm disk/filler
    start "${options[@]}"
  else
    until_true has_said 'the checkpoint of step 20 could not be written'
    until_true has_said "cannot append to .*: $no_space; until then it waits in memory"
    holding rm disk/filler
  fi
  ended 0
  same_bytes
done
