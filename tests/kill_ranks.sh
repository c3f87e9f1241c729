#!/usr/bin/env bash
# Runs of two ranks of which one is killed, stands still or is asked to stop, at any moment: the other ends by itself and says why, and the
# same command again ends in the bytes of a run that nobody disturbed, clock readings apart.
# The moments follow from SMOOTH_SEED, which is printed. SMOOTH_KILLS says how many runs meet a kill -9.
set -euo pipefail
source "$(dirname "$0")/runs.bash"
need smooth-data smooth-train
seed_moments
work=$(mktemp -d)
ranks=()
trap 'for rank in "${ranks[@]}"; do kill -9 "$rank" 2>/dev/null || true; done; rm -rf "$work"' EXIT
unset "${!SLURM_@}"
export OMP_NUM_THREADS=1

mkdir "$work/calm" "$work/killed"
cd "$work/calm"
data_yaml niah-b >data.yaml
"$programs/smooth-data" build data.yaml 2>"$work/said-0" || fail "data:" "$(cat "$work/said-0")"

# run_yaml NAME MORE-OF-THE-MODEL LINE...: run-NAME. By `timeout` ranks that do not meet give up in time as well.
run_yaml() {
  cat >"$1.yaml" <<END
run: run-$1
threads: 1
model: {hidden_size: 32, num_hidden_layers: 2, num_attention_heads: 2, num_key_value_heads: 1, intermediate_size: 64$2}
data: {files: [set/niah-b.os.jsonl], tokenizer: set/tokenizer, context: 512}
batch: 2
batch_of: packs
steps: 60
optim: {lr: 0.003, warmup_steps: 4}
log_every: 3
$(printf '%s\n' "${@:3}")
END
}
run_yaml zero '' 'sliding_window: 64' 'ranks: {zero: 2, timeout: 15}' 'checkpoint: {every: 2}'
run_yaml saving '' 'sliding_window: 64' 'ranks: {zero: 2, timeout: 15}' 'checkpoint: {every: 1, background: false}'
run_yaml context '' 'sliding_window: 64' 'ranks: {zero: 1, context: 2, timeout: 15}' 'checkpoint: {every: 2}'
run_yaml state ', architecture: rwkv7, head_dim: 16' 'ranks: {zero: 2, context: 2, timeout: 15}' 'checkpoint: {every: 1}'
run_yaml still '' 'sliding_window: 64' 'ranks: {zero: 2}' 'checkpoint: {every: 2}'
variants=(zero saving context state)
cp -r . ../killed

# until_gone PROCESS SECONDS: how many milliseconds it took; at the time's end it is gone by force and the test with it.
until_gone() {
  local begin
  begin=$(now_ms)
  while kill -0 "$1" 2>/dev/null; do
    [ $(($(now_ms) - begin)) -lt $(($2 * 1000)) ] || fail "$story: the other rank was there $2 seconds later" "$(cat "$work"/said-*)"
    sleep 0.02
  done
  took=$(($(now_ms) - begin))
}

# end_of RANK: waits; $status is its.
end_of() {
  status=0
  wait "${ranks[$1]}" 2>/dev/null || status=$?
}

# both_end NAME: all ranks end well.
both_end() {
  local rank
  start_ranks 2 "$1.yaml"
  for rank in "${ranks[@]}"; do wait "$rank" || fail "$story:" "$(cat "$work"/said-*)"; done
  ranks=()
}

same_bytes() {
  contents "run-$1" >"$work/$1.killed"
  diff "$work/$1.calm" "$work/$1.killed" >"$work/difference" || fail "$story: other bytes in run-$1/:" "$(head -c 3000 "$work/difference")"
  echo "$story: the same bytes"
}

# ended_for RANK REASON: it, of which $status is, failed, and its last line says why.
ended_for() {
  [ "$status" = 1 ] && tail -n 1 "$work/said-$1" | grep -qE "^smooth: .*($2)" || fail "$story: rank $1 ended with status $status and said" "$(cat "$work/said-$1")"
}

gone='another rank is gone|the first rank cannot be reached|has not been heard of|does not meet the others'
kills=0 slowest=0

# killed NAME KILLS: kill -9 so many times, of either rank; again where it came too late for the first time.
killed() {
  local victim moment i
  for ((i = 0; i < $2; ++i)); do
    victim=$((RANDOM % 2))
    moment=$((RANDOM * whole[$1] / 32768))
    story+=" rank $victim at $moment ms"
    start_ranks 2 "$1.yaml"
    sleep_ms $moment
    kill -9 "${ranks[victim]}" 2>/dev/null || true
    end_of $victim
    [ "$status" = 0 ] || [ "$status" = 137 ] || fail "$story: status $status" "$(cat "$work"/said-*)"
    until_gone "${ranks[1 - victim]}" 30
    end_of $((1 - victim))
    ranks=()
    if [ "$status" != 0 ]; then
      ended_for $((1 - victim)) "$gone"
      kills=$((kills + 1))
      story+=" (the other ended $took ms later: $(grep -oE "$gone" "$work/said-$((1 - victim))" | tail -n 1))"
      [ $took -le $slowest ] || slowest=$took
    elif [ $i = 0 ]; then # the machine is faster than it was
      story+=" (too late)"
      whole[$1]=$moment i=-1
      rm -rf "run-$1"
    fi
  done
}

# under_way NAME: some steps are taken.
under_way() {
  local begin=$SECONDS
  until [ -f "run-$1/metrics.jsonl" ] && [ "$(wc -l <"run-$1/metrics.jsonl")" -ge 3 ]; do
    [ $((SECONDS - begin)) -lt 60 ] || fail "$story: no three steps in a minute" "$(cat "$work"/said-*)"
    sleep 0.02
  done
}

declare -A whole
for name in "${variants[@]}" still; do
  story="run-$name, undisturbed"
  begin=$(now_ms)
  both_end "$name"
  whole[$name]=$(($(now_ms) - begin))
  contents "run-$name" >"$work/$name.calm"
  [ "$(wc -l <"run-$name/metrics.jsonl")" = 60 ] || fail "$story: not 60 steps"
  echo "$story: $(grep -c '^== ' "$work/$name.calm") files in ${whole[$name]} ms"
done

cd "$work/killed"
for ((run = 0; run < ${SMOOTH_KILLS:-4}; ++run)); do
  name=${variants[run % 4]}
  story="run-$name, killed:"
  rm -rf "run-$name"
  killed "$name" $((run % 3 == 2 ? 2 : 1))
  both_end "$name"
  same_bytes "$name"
done

# A rank that says nothing any more, as one whose machine is gone.
for victim in 0 1; do
  story="run-still, rank $victim stands still"
  rm -rf run-still
  start_ranks 2 still.yaml
  under_way still
  kill -STOP "${ranks[victim]}"
  until_gone "${ranks[1 - victim]}" 30
  end_of $((1 - victim))
  ended_for $((1 - victim)) 'has not been heard of'
  kill -9 "${ranks[victim]}"
  end_of $victim
  story+=" (the other ended $took ms later)"
  both_end still
  same_bytes still
done

# SIGTERM to one of them, and to one that is alone.
for size in 2 1; do
  name=context
  [ $size = 2 ] || name=alone
  [ $size = 2 ] || sed 's/^run: .*/run: run-alone/; s/^ranks: .*//' zero.yaml >alone.yaml
  story="run-$name, asked to stop"
  rm -rf "run-$name"
  start_ranks $size $name.yaml --set steps=3000
  under_way $name
  begin=$(now_ms)
  kill -TERM "${ranks[RANDOM % size]}"
  for ((rank = 0; rank < size; ++rank)); do
    until_gone "${ranks[rank]}" 60
    end_of $rank
    [ $status = 75 ] || fail "$story: status $status" "$(cat "$work"/said-*)"
  done
  ranks=()
  step=$(wc -l <"run-$name/metrics.jsonl")
  [ -f "run-$name/checkpoints/step-$step/DONE" ] || fail "$story: no checkpoint of the last step, $step"
  echo "$story: saved at step $step, ended $(($(now_ms) - begin)) ms later"
done

echo "$kills kills in $run runs, the other rank ended at most $slowest ms later; $SECONDS s in all"
