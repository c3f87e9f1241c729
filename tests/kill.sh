#!/usr/bin/env bash
# kill -9 at any moment of data, train or eval (of needles; `longbench`: of LongBench), then the same command again: the bytes of a run that
# nobody disturbed, clock readings apart.
# The moments follow from SMOOTH_SEED, which is printed; give it again to kill at the same moments (as far as the machine is as fast).
# SMOOTH_KILLS says how many runs of each verb are killed; with verbs as arguments only those are.
set -euo pipefail
source "$(dirname "$0")/runs.bash"
need smooth-data smooth-train smooth-eval
seed_moments
work=$(mktemp -d)
child=
trap '[ -z "$child" ] || kill -9 "$child" 2>/dev/null || true; rm -rf "$work"' EXIT
export OMP_NUM_THREADS=1

# Everything happens twice under the same relative paths: in calm/ without a disturbance, in killed/ with.
mkdir "$work/calm" "$work/killed"
cd "$work/calm"
data_yaml niah-b niah-a >data.yaml
cat >train.yaml <<'END'
run: run
threads: 1
model: {hidden_size: 32, num_hidden_layers: 2, num_attention_heads: 2, num_key_value_heads: 1, intermediate_size: 64}
sliding_window: 64
data: {files: [set/niah-a.os.jsonl, set/niah-b.os.jsonl], tokenizer: set/tokenizer, context: 512}
batch: 1
steps: 30
checkpoint: {every: 2, keep: 2}
optim: {lr: 0.003, warmup_steps: 4}
log_every: 3
END
eval_yaml >eval.yaml
# LongBench: two tasks of three waves each, in one-step and smooth reading; passage_retrieval_en has an answer that cannot be scored.
longbench_records() { # TASK ANSWER...
  local i=0 answer
  for answer in "${@:2}"; do
    i=$((i + 1))
    printf '{"_id": "%s-%d", "input": "Which paragraph has %d?", "context": "' "$1" $i $i
    printf 'Paragraph %d: words of some paragraph and the number '$i$i'.\\n\\n' $(seq 1 $((4 * i)))
    printf '", "answers": ["%s"], "length": %d, "dataset": "%s", "language": "en", "all_classes": ["one", "two"]}\n' "$answer" $((i * 2500)) "$1"
  done
}
mkdir raw
longbench_records trec one two one two one >raw/trec_e.jsonl
longbench_records passage_retrieval_en 'Paragraph 1' 'Paragraph 2' 3 'Paragraph 4' 'Paragraph 5' >raw/passage_retrieval_en_e.jsonl
{
  echo 'out: longbench'
  echo 'benchmark: longbench'
  echo 'longbench: {path: raw, e: true, tasks: [trec, passage_retrieval_en]}'
  two_models
} >longbench.yaml
cp -r raw ./*.yaml ../killed

declare -A program=([data]="smooth-data build" [train]=smooth-train [eval]="smooth-eval eval" [longbench]="smooth-eval eval")
declare -A folder=([data]=set [train]=run [eval]=eval [longbench]=longbench)
declare -A runs=([data]=6 [train]=6 [eval]=6 [longbench]=3)

# start VERB ARGUMENT...: in the background; $child is the program's process.
start() {
  local words
  read -ra words <<<"${program[$1]}"
  "$programs/${words[0]}" "${words[@]:1}" "$1.yaml" "${@:2}" &>"$work/messages" &
  child=$!
}

# finish: waits; $status is the program's, 137 after a kill.
finish() {
  status=0
  wait "$child" 2>/dev/null || status=$?
  child=
}

# calm VERB ARGUMENT...: the undisturbed run, here.
calm() {
  start "$@"
  finish
  [ "$status" = 0 ] || fail "$*, undisturbed:" "$(cat "$work/messages")"
}

# killed KILLS VERB ARGUMENT...: runs and kills so many times, each at a random moment, then runs to the end and compares.
kills=0
killed() {
  local verb=$2 moment story=
  for ((i = 0; i < $1; ++i)); do
    moment=$((RANDOM * whole / 32768))
    start "${@:2}"
    sleep_ms $moment
    kill -9 "$child" 2>/dev/null || true
    finish
    story+=" $moment ms (status $status)"
    [ "$status" = 0 ] || [ "$status" = 137 ] || fail "${*:2}: killed after$story:" "$(cat "$work/messages")"
    [ "$status" = 0 ] || kills=$((kills + 1))
    [ "$status" = 137 ] || ((i > 0)) || whole=$moment # too late for a kill: the machine is faster than it was
  done
  start "${@:2}"
  finish
  [ "$status" = 0 ] || fail "${*:2}: killed after$story, then run again:" "$(cat "$work/messages")"
  contents "${folder[$verb]}" >"$work/$verb.killed"
  diff "$work/$verb.calm" "$work/$verb.killed" >"$work/difference" ||
    fail "${*:2}: killed after$story: other bytes in ${folder[$verb]}/:" "$(head -c 3000 "$work/difference")"
  echo "${*:2}: killed after$story: the same bytes"
}

counts=(1 1 1 2 3 4) # kills of a run, in turn
for verb in data train eval longbench; do
  cd "$work/calm"
  begin=$(now_ms)
  calm $verb
  whole=$(($(now_ms) - begin))
  contents "${folder[$verb]}" >"$work/$verb.calm"
  echo "$verb: $(grep -c '^== ' "$work/$verb.calm") files in $whole ms"

  cd "$work/killed"
  if [ $# != 0 ] && [[ " $* " != *" $verb "* ]]; then
    calm $verb
    continue
  fi
  for ((run = 0; run < ${SMOOTH_KILLS:-${runs[$verb]}}; ++run)); do
    rm -rf "${folder[$verb]}"
    killed "${counts[run % 6]}" $verb
  done
  # Over a finished run of another config, which --replace removes.
  rm -rf "${folder[$verb]}"
  calm $verb --set seed=7
  contents "${folder[$verb]}" | cmp -s "$work/$verb.calm" - && fail "$verb: another seed gives the same bytes"
  cp -r "${folder[$verb]}" "../$verb.other"
  for count in 1 2; do
    rm -rf "${folder[$verb]}"
    cp -r "../$verb.other" "${folder[$verb]}"
    killed $count $verb --replace
  done
done

# Asked to stop before its first step, here while it waits for another's token cache: at once, with the status that a job is requeued by.
cd "$work/calm"
hash=$(basename run/tokens/*)
mkdir -p waits/tokens/"$hash"
exec 9>"waits/tokens/$hash/.lock"
flock 9
"$programs/smooth-train" train.yaml --set run=waits &>"$work/messages" 9>&- &
child=$!
for _ in {1..100}; do
  ! grep -q waiting "$work/messages" || break
  sleep 0.1
done
kill -TERM "$child"
begin=$SECONDS
finish
exec 9>&-
[ "$status" = 75 ] && grep -q 'asked to stop before the first step' "$work/messages" && [ $((SECONDS - begin)) -lt 10 ] ||
  fail "asked to stop while it waits for tokens: status $status" "$(cat "$work/messages")"

# The runs were what they are meant to be: several checkpoints, several waves, and killed indeed.
cd "$work/calm"
[ "$(find run/checkpoints -mindepth 1 -maxdepth 1 | wc -l)" = 2 ] || fail "not two checkpoints"
[ "$(wc -l <run/metrics.jsonl)" = 30 ] || fail "not 30 steps"
[ "$(cat eval/waves/*.jsonl | wc -l)" = 12 ] || fail "not three waves in each of four cells"
[ "$(cat longbench/waves/*/*.jsonl | wc -l)" = 12 ] || fail "not three waves in each of LongBench's four cells"
[ "$(grep -c '"score":null' longbench/pred/*/passage_retrieval_en.jsonl)" = $'longbench/pred/one/passage_retrieval_en.jsonl:1\nlongbench/pred/two/passage_retrieval_en.jsonl:1' ] ||
  fail "not one failed reading of each model"
[ "$(cat set/*.jsonl | wc -l)" = 360 ] || fail "not 60 samples in each of six files"
[ $# != 0 ] || [ "$kills" -ge 10 ] || fail "only $kills kills found a program running"
echo "$kills kills in $SECONDS s"
