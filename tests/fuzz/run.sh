#!/usr/bin/env bash
# run.sh FOLDER SECONDS [NAME...]: lets every fuzzer of the build folder, or those named, run for so long, as many at a time as there are
# cores. They begin with the files in tests/fuzz/corpus/NAME. Inputs that reach new code gather in FOLDER/corpus/NAME, where the next
# run goes on; one that fails is left in FOLDER/crashes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
folder=$1 seconds=$2
shift 2

# told NAME LOG STATUS: one line, or why it failed.
told() {
  local input
  if [ "$3" = 0 ]; then
    printf '%-18s %10s executions, coverage %5s, %4s inputs\n' "$1" "$(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$2")" \
      "$(grep -aoE 'cov: [0-9]+' "$2" | tail -n 1 | cut -d ' ' -f 2)" "$(find "$folder/corpus/$1" -type f | wc -l)"
    return
  fi
  input=$(sed -n 's/.*Test unit written to //p' "$2")
  { grep -avE '^#[0-9]|NEW_FUNC' "$2" || true; } | tail -n 40
  echo "FAILED: $1, exit status $3, whole log: $2${input:+; to repeat it: $folder/fuzz_$1 $input}"
}

# one NAME
one() {
  local status=0 seeds=() seed log=$folder/crashes/$1.log
  mkdir -p "$folder/corpus/$1"
  for seed in "tests/fuzz/corpus/$1" $(case $1 in pickle | safetensors) echo tests/golden/pickle ;; esac); do
    if [ -d "$seed" ]; then seeds+=("$seed"); fi
  done
  "$folder/fuzz_$1" -max_total_time="$seconds" -max_len=6000 -timeout=20 -rss_limit_mb=2048 \
    -artifact_prefix="$folder/crashes/$1-" "$folder/corpus/$1" "${seeds[@]}" 2>"$log" || status=$?
  told "$1" "$log" "$status"
  return "$status"
}

names=("$@")
if [ $# = 0 ]; then mapfile -t names < <(basename -s .cpp tests/fuzz/*.cpp); fi
mkdir -p "$folder/crashes"
# Tokenizers are laid out as files for each input: in memory, where there is such a folder.
TMPDIR=$(mktemp -d -p "$(if [ -w /dev/shm ]; then echo /dev/shm; else echo "${TMPDIR:-/tmp}"; fi)")
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

declare -A running=()
failed=()
wait_for_one() {
  local process
  wait -n -p process || failed+=("${running[$process]}")
  unset "running[$process]"
}
for name in "${names[@]}"; do
  if [ ${#running[@]} -ge "$(nproc)" ]; then wait_for_one; fi
  one "$name" &
  running[$!]=$name
done
while [ ${#running[@]} -gt 0 ]; do wait_for_one; done
if [ ${#failed[@]} -gt 0 ]; then
  echo "of ${#names[@]} fuzzers ${#failed[@]} failed: ${failed[*]}; see above"
  exit 1
fi
echo "${#names[@]} fuzzers found nothing"
