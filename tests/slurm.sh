#!/usr/bin/env bash
# Slurm for real, on this machine alone: runs that `smooth-train --submit` submits end in the bytes of runs without Slurm, also when
# they are asked to stop, by hand or by the time limit, and requeue themselves, or when Slurm does so. Its daemons live in a folder of
# their own and end with the test.
set -euo pipefail
source "$(dirname "$0")/runs.bash"
need smooth-data smooth-train
PATH=$PATH:/usr/sbin:/sbin
for tool in slurmctld slurmd sbatch munged; do
  command -v $tool >/dev/null || { echo "SKIPPED: $tool is not installed (apt-get install --no-install-recommends slurm-wlm munge)" && exit; }
done
[ "$(id -u)" = 0 ] || { echo "SKIPPED: Slurm's daemons need root" && exit; }
work=$(mktemp -d)
daemons=() stopped=

# What Slurm started goes before Slurm does.
tear_down() {
  [ -z "$stopped" ] || kill -CONT "$stopped" 2>/dev/null || true
  scancel --user=root 2>/dev/null || true
  for _ in {1..60}; do
    [ -n "$(squeue --noheader --states=RUNNING,COMPLETING 2>/dev/null)" ] || break
    sleep 0.2
  done
  for ((i = ${#daemons[@]} - 1; i >= 0; --i)); do kill "${daemons[i]}" 2>/dev/null || true; done
  wait
  cd /
  rm -rf "$work"
}
trap tear_down EXIT

# until_true SECONDS COMMAND...: waits for it.
until_true() {
  local end=$((SECONDS + $1))
  until "${@:2}"; do
    [ $SECONDS -lt $end ] || fail "not within $1 seconds: ${*:2}" "$(squeue --all)" \
      "$(tail -n 20 "$work"/*/run*/submit/*.log "$work"/slurm*.log 2>/dev/null)"
    sleep 0.1
  done
}

# Slurm in $work: its own key, socket and ports. A requeued job waits for cred_expire before it starts again.
start_slurm() {
  mkdir "$work/state" "$work/spool"
  (umask 077 && head -c 128 /dev/urandom >"$work/munge.key")
  munged --foreground --force --num-threads=2 --socket="$work/munge.socket" --key-file="$work/munge.key" --pid-file="$work/munged.pid" \
    --seed-file="$work/munged.seed" &>"$work/munged.log" &
  daemons+=($!)
  cat >"$work/slurm.conf" <<END
ClusterName=smooth
SlurmctldHost=$(hostname)(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$work/munge.socket,cred_expire=5
CredType=cred/munge
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=2,batch_sched_delay=0
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=5
SlurmctldPort=$(free_port)
SlurmdPort=$(free_port)
NodeName=$(hostname) NodeAddr=127.0.0.1 CPUs=8 RealMemory=1000 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
  export SLURM_CONF=$work/slurm.conf
  until_true 10 test -S "$work/munge.socket"
  for daemon in slurmctld slurmd; do
    $daemon -D -f "$SLURM_CONF" &>"$work/$daemon.log" &
    daemons+=($!)
  done
  until_true 30 is_idle
}
is_idle() { [ "$(sinfo --noheader --format=%T 2>/dev/null)" = idle ]; }

unset "${!SLURM_@}" "${!SBATCH_@}" RANK WORLD_SIZE
export OMP_NUM_THREADS=1
mkdir "$work/calm" "$work/slurm"
start_slurm

cd "$work/calm"
data_yaml niah-b >data.yaml
"$programs/smooth-data" build data.yaml 2>"$work/messages" || fail "data:" "$(cat "$work/messages")"
cp -r set ../slurm

# run_yaml NAME STEPS [SEED]: run-NAME, into calm/ and slurm/.
run_yaml() {
  cat >"$work/calm/$1.yaml" <<END
run: run-$1
threads: 1
model: {hidden_size: 32, num_hidden_layers: 2, num_attention_heads: 2, num_key_value_heads: 1, intermediate_size: 64}
sliding_window: 64
data: {files: [set/niah-b.os.jsonl], tokenizer: set/tokenizer, context: 512}
seed: ${3:-1}
batch: 2
steps: $2
optim: {lr: 0.003, warmup_steps: 4}
END
  cp "$work/calm/$1.yaml" "$work/slurm"
}
run_yaml two 40
run_yaml asked 1000
run_yaml limit 600 2
run_yaml taken 1000 5
run_yaml cancelled 5000
run_yaml array-0 60 3
run_yaml array-1 60 4
printf 'time: 00:10:00\ntasks_per_node: 2\nmemory: 100M\n' >../slurm/cluster-two.yaml
# Slurm looks at limits every half minute, and asks half a minute earlier than it has to: here at the first look.
printf 'time: 00:01:00\nsignal_seconds: 59\nmemory: 100M\n' >../slurm/cluster-one.yaml

steps_of() { if [ -f "$work/slurm/run-$1/metrics.jsonl" ]; then wc -l <"$work/slurm/run-$1/metrics.jsonl"; else echo 0; fi; }
has_begun() { [ "$(steps_of "$1")" -ge 3 ]; }
field_of() { scontrol --oneliner show job "$1" | grep -oP "(?<=$2=)\w+"; }
is_over() { [[ $(field_of "$1" JobState) != @(PENDING|RUNNING|COMPLETING|CONFIGURING|REQUEUED) ]]; }
is_requeued() { [ "$(field_of "$1" Restarts)" -ge 1 ]; } # more than once where the time limit, too, came again
said() { cat "$work/slurm/run-$1/submit/"*.log; }
submit() { "$programs/smooth-train" --submit "$1.yaml" --cluster "cluster-$2.yaml"; }

# by_hand NAME RANKS: run-NAME in calm/, without Slurm.
by_hand() {
  local ranks=() rank port
  port=$(free_port)
  for ((rank = 0; rank < $2; ++rank)); do
    (cd "$work/calm" && RANK=$rank WORLD_SIZE=$2 LOCAL_RANK=$rank MASTER_ADDR=127.0.0.1 MASTER_PORT=$port \
      exec "$programs/smooth-train" "$1.yaml") &>"$work/messages-$rank" &
    ranks+=($!)
  done
  for rank in "${ranks[@]}"; do wait "$rank" || fail "run-$1 by hand:" "$(cat "$work"/messages-*)"; done
}

# contents NAME: losses, and what the last checkpoint's weights and AdamW's state are.
contents() {
  sed -E 's/"seconds":[-+.0-9e]+//' "run-$1/metrics.jsonl"
  (cd "run-$1/checkpoints/" && sha256sum "$(printf '%s\n' step-* | sort -V | tail -n 1)"/*.safetensors)
}

# ended_well JOB NAME: and left what the run leaves without Slurm.
ended_well() {
  until_true 120 is_over "$1"
  [ "$(field_of "$1" JobState)" = COMPLETED ] || fail "run-$2: job $1 is $(field_of "$1" JobState)" "$(said "$2")"
  (cd "$work/calm" && contents "$2") >"$work/calm.txt"
  (cd "$work/slurm" && contents "$2") >"$work/slurm.txt"
  diff "$work/calm.txt" "$work/slurm.txt" >"$work/difference" || fail "run-$2: other bytes than without Slurm" "$(head -c 2000 "$work/difference")"
  echo "run-$2: the same bytes, $(grep -c step "$work/calm.txt") lines, at $SECONDS s"
}

# The process of run-limit, if it runs; stopped, it waits for the time limit however fast this machine is.
rank_of_limit() { pgrep -f "^$programs/smooth-train $work/slurm/run-limit/"; }
is_asked() { ! grep -q '^State:.*stopped' "/proc/$1/status" 2>/dev/null || grep -qE '^ShdPnd:.*[2367abef]..$' "/proc/$1/status"; } # SIGUSR1 is there

cd "$work/slurm"
limit=$(submit limit one)
until_true 30 has_begun limit
stopped=$(rank_of_limit)
kill -STOP "$stopped"

# Two ranks.
two=$(submit two two)
by_hand two 2
ended_well "$two" two

# Asked by hand while it runs: saves, requeues itself, goes on.
asked=$(submit asked two)
until_true 30 has_begun asked
scancel --signal=USR1 "$asked"
until_true 30 is_requeued "$asked"
by_hand asked 2

# Its machine is taken from it, as for another job: Slurm kills it and starts it again.
taken=$(submit taken two)
until_true 30 has_begun taken
scontrol requeue "$taken"
until_true 30 is_requeued "$taken"
by_hand taken 2

# Two runs of an array at once, of two ranks each: they do not meet one another.
array=$(sbatch --parsable --array=0-1 --ntasks=2 --mem=100M --output=array-%a.log \
  --wrap "srun '$programs/smooth-train' array-\$SLURM_ARRAY_TASK_ID.yaml")
by_hand array-0 2
by_hand array-1 2
for task in 0 1; do ended_well "${array}_$task" array-$task; done

# Cancelled by its owner: it saves, and does not come back.
cancelled=$(submit cancelled two)
until_true 30 has_begun cancelled
scancel "$cancelled"
until_true 30 is_over "$cancelled"
[ "$(field_of "$cancelled" JobState)" = CANCELLED ] || fail "the cancelled job is $(field_of "$cancelled" JobState)" "$(said cancelled)"
compgen -G 'run-cancelled/checkpoints/step-*/DONE' >/dev/null || fail "the cancelled run has not saved" "$(said cancelled)"

# Asked by the time limit.
until_true 60 is_asked "$stopped"
kill -CONT "$stopped" 2>/dev/null || true # Slurm has done so, or it does it here
stopped=
until_true 60 is_requeued "$limit"
by_hand limit 1
ended_well "$asked" asked
ended_well "$taken" taken
ended_well "$limit" limit
for name in asked limit; do
  grep -q 'asked to stop, has saved, and goes back into the queue' <<<"$(said $name)" || fail "run-$name was not asked" "$(said $name)"
done

# Refused by sbatch, whose reason is shown.
printf 'partition: "no such"\n' >cluster-wrong.yaml
status=0
submit array-0 wrong &>"$work/messages" || status=$?
[ "$status/$(grep -ciE 'invalid partition|smooth: sbatch refused' "$work/messages")" = 1/3 ] ||
  fail "a wrong partition: status $status" "$(cat "$work/messages")"
echo "all as expected in $SECONDS s"
