#!/usr/bin/env bash
# A training run that is watched from before it begins; then kill -9 at any moment of a watch, and the same command again: the bytes of one
# that nobody disturbed, clock readings apart. The moments follow from SMOOTH_SEED, which is printed.
set -euo pipefail
source "$(dirname "$0")/runs.bash"
need smooth-data smooth-train smooth-eval
seed_moments
work=$(mktemp -d)
child=
trainer=
trap 'kill -9 $child $trainer 2>/dev/null || true; rm -rf "$work"' EXIT
export OMP_NUM_THREADS=1

mkdir "$work/live"
cd "$work/live"
data_yaml niah-a >data.yaml
cat >train.yaml <<'END'
run: run
threads: 1
model: {hidden_size: 32, num_hidden_layers: 2, num_attention_heads: 2, num_key_value_heads: 1, intermediate_size: 64}
sliding_window: 64
data: {files: [set/niah-a.os.jsonl], tokenizer: set/tokenizer, context: 512}
batch: 1
steps: 120
checkpoint: {every: 24, keep: 1}
optim: {lr: 0.003, warmup_steps: 4}
END
eval_yaml | sed '0,/^ *checkpoint:/{//d}' >eval.yaml # one line has a checkpoint, one has not

watch() {
  "$programs/smooth-eval" eval eval.yaml --watch run >"$work/figures" 2>"$work/messages"
}

# begin_watch, end_watch: the same in the background; $status is the program's, 137 after a kill.
begin_watch() {
  "$programs/smooth-eval" eval eval.yaml --watch run >"$work/figures" 2>"$work/messages" &
  child=$!
}
end_watch() {
  status=0
  wait "$child" 2>/dev/null || status=$?
  child=
}

# What a watch leaves, as text to compare.
contents() {
  { find eval -type f ! -name .lock && echo run/accuracies.jsonl; } | sort | while read -r file; do
    echo "== $file"
    sed -E 's/"(seconds|prefill_seconds|decode_seconds|peak_bytes)":[-+.0-9e]+/"\1":_/g' "$file"
  done
}

# Every step of eval/ has its four lines in the run's accuracies, with the scores of its results.json, and nothing else is there.
check_accuracies() {
  local folder figures='"(model|length|n|score|ci_low|ci_high)":[^,}]+'
  for folder in eval/step-*; do
    [ -e "$folder/results.json" ] || continue
    grep -F "{\"step\":${folder#eval/step-}," run/accuracies.jsonl | grep -oE "$figures"
  done >"$work/curves"
  cat eval/step-*/results.json | grep -oE "$figures" | diff - "$work/curves" >"$work/difference" ||
    fail "accuracies.jsonl is not what results.json say:" "$(cat "$work/difference")"
  [ "$(wc -l <run/accuracies.jsonl)" = $((4 * $(find eval -name results.json | wc -l))) ] || fail "accuracies.jsonl has lines too many:" "$(cat run/accuracies.jsonl)"
  [ -z "$(find eval -name 'checkpoint*')" ] || fail "a checkpoint is still held:" "$(find eval -name 'checkpoint*')"
}

"$programs/smooth-data" build data.yaml &>"$work/messages" || fail "data:" "$(cat "$work/messages")"

# until_there PATTERN: waits for a file, a minute at most; $there is the first of them.
until_there() {
  for ((i = 0; i < 3000; ++i)); do
    there=$(compgen -G "$1" | head -n 1 || true)
    [ -z "$there" ] || return 0
    sleep 0.02
  done
  fail "no $1 after a minute:" "$(cat "$work/messages" "$work/trained")"
}

# The watch is there first. The trainer, which keeps one checkpoint of five, is stopped at an early one and goes on as soon as the watch holds
# that: it is removed while it is read. Others may go before their turn; the last one does not.
begin_watch
for ((i = 0; i < 600; ++i)); do
  ! grep -q 'run: does not exist yet' "$work/messages" || break
  sleep 0.1
done
grep -q 'run: does not exist yet' "$work/messages" || fail "the watch does not wait for the run:" "$(cat "$work/messages")"
"$programs/smooth-train" train.yaml &>"$work/trained" &
trainer=$!
until_there 'run/checkpoints/step-*/DONE'
kill -STOP $trainer 2>/dev/null || echo "the trainer was too fast to be stopped"
until_there 'eval/step-*/watched.json'
early=$(basename "$(dirname "$there")")
kill -CONT $trainer 2>/dev/null || true
wait $trainer || fail "train, watched:" "$(cat "$work/trained")"
trainer=
end_watch
[ "$status" = 0 ] || fail "watch: status $status:" "$(cat "$work/messages")"
[ -e eval/step-120/results.json ] || fail "the last step is not evaluated:" "$(cat "$work/messages")"
[ -e "eval/$early/results.json" ] || fail "$early was held and is not evaluated:" "$(cat "$work/messages")"
check_accuracies
cp run/accuracies.jsonl "$work/before"
"$programs/smooth-train" train.yaml &>"$work/trained" || fail "train, again:" "$(cat "$work/trained")"
grep -q 'trained already' "$work/trained" || fail "what a watch left makes the trainer train again:" "$(cat "$work/trained")"
watch || fail "watch, again:" "$(cat "$work/messages")"
[ ! -s "$work/figures" ] || fail "watch, again, evaluates again:" "$(cat "$work/figures")"
cmp -s run/accuracies.jsonl "$work/before" || fail "watch, again, changes accuracies.jsonl"
"$programs/smooth-eval" report run --out report.html &>"$work/messages" || fail "report:" "$(cat "$work/messages")"
grep -q 'Two, 300' report-over-steps.svg || fail "the report has no accuracy over the steps"
echo "watched live: $(find eval -name results.json | wc -l) of 5 checkpoints in $SECONDS s"

# All five kept, and killed. Everything happens twice under the same relative paths.
mkdir "$work/calm"
cd "$work/calm"
cp -r ../live/set ../live/*.yaml .
"$programs/smooth-train" train.yaml --set checkpoint.keep=5 &>"$work/trained" || fail "train:" "$(cat "$work/trained")"
cp -r . ../killed
begin=${EPOCHREALTIME/./}
watch || fail "watch, undisturbed:" "$(cat "$work/messages")"
whole=$(((${EPOCHREALTIME/./} - begin) / 1000))
[ "$(wc -l <"$work/figures")" = 20 ] || fail "not four cells of five checkpoints:" "$(cat "$work/figures")"
check_accuracies
contents >"$work/undisturbed"

cd "$work/killed"
kills=0
for count in 1 2 4; do
  rm -rf eval run/accuracies.jsonl run/events/eval
  story=
  for ((i = 0; i < count; ++i)); do
    moment=$((RANDOM * (whole / count) / 32768)) # what is done is not done again
    begin_watch
    sleep "$(printf '%d.%03d' $((moment / 1000)) $((moment % 1000)))"
    kill -9 "$child" 2>/dev/null || true
    end_watch
    story+=" $moment ms (status $status)"
    [ "$status" = 0 ] || [ "$status" = 137 ] || fail "watch: killed after$story:" "$(cat "$work/messages")"
    [ "$status" = 0 ] || kills=$((kills + 1))
  done
  watch || fail "watch: killed after$story, then run again:" "$(cat "$work/messages")"
  contents >"$work/disturbed"
  diff "$work/undisturbed" "$work/disturbed" >"$work/difference" || fail "watch: killed after$story: other bytes:" "$(head -c 3000 "$work/difference")"
  check_accuracies
  echo "watch: killed after$story: the same bytes"
done
[ "$kills" -ge 3 ] || fail "only $kills kills found a watch running"
echo "$kills kills in $SECONDS s"
