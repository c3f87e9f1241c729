# For the shell tests of runs, which source it: the set they read, runs of one process and of several, and what a folder holds, to compare.
# A test sets `work` before.

# need PROGRAM...: $programs is their folder; a test without them ends.
need() {
  programs=$(cd "${SMOOTH_BUILD:?names the folder of the programs}" && pwd)
  local program
  for program in "$@"; do
    [ -x "$programs/$program" ] || { echo "SKIPPED: $program is not built" && exit; }
  done
}

# Random moments follow from SMOOTH_SEED.
seed_moments() {
  seed=${SMOOTH_SEED:-$RANDOM}
  RANDOM=$seed
  echo "SMOOTH_SEED=$seed"
}

fail() {
  printf 'FAILED%s: %s\n' "${seed:+ (SMOOTH_SEED=$seed)}" "$1"
  printf '%s\n' "${@:2}"
  exit 1
}

# data_yaml ROW...: a small set of needles as data.yaml.
data_yaml() {
  printf 'out: set\ntokenizer: {vocab_size: 800, model_type: bpe, training_documents: 60}\nrows:\n'
  local row
  for row in "$@"; do
    cat <<ROW
  - row: $row
    samples: 60
    min_tokens: 240
    max_tokens: 300
    min_chunk: 48
    max_chunk: 96
    niah: {keys: 2, digits: 3, adjectives: 8, nouns: 8}
ROW
  done
}

# two_models: the model in run/, in one-step and in smooth reading.
two_models() {
  cat <<'END'
threads: 1
rows: 2
sampling: {temperature: 1}
models:
  - name: One
    checkpoint: run
    reading: {mode: os, max_answer_tokens: 16}
  - name: Two
    checkpoint: run
    sliding_window: 32
    reading: {mode: sr, chunk: 64, max_summary_tokens: 32}
END
}

# eval_yaml: four cells of three waves, as eval.yaml.
eval_yaml() {
  cat <<'END'
out: eval
lengths: [256, 300]
samples: 5
niah: {keys: 2, digits: 3, adjectives: 8, nouns: 8, split: test}
END
  two_models
}

free_port() {
  local port
  while port=$((RANDOM % 10000 + 10000)); (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
  echo $port
}

# start_ranks SIZE YAML ARGUMENT...: the ranks of one run, in the background; their processes are ${ranks[@]}, rank R says $work/said-R.
start_ranks() {
  local rank port
  port=$(free_port)
  ranks=()
  for ((rank = 0; rank < $1; ++rank)); do
    RANK=$rank WORLD_SIZE=$1 LOCAL_RANK=$rank MASTER_ADDR=127.0.0.1 MASTER_PORT=$port "$programs/smooth-train" "${@:2}" &>"$work/said-$rank" &
    ranks+=($!)
  done
}

# All that a folder holds, as text to compare: texts without clock readings, other files by their checksum. The lock tells the process.
contents() {
  find "$1" -type f ! -name .lock ! -path '*/events/*' | sort | while read -r file; do
    echo "== $file"
    case $file in
      *.safetensors | *.model) sha256sum <"$file" ;;
      *log.txt) sed -E 's/  [^ ]+ tokens\/s.*//' "$file" ;;
      *) sed -E 's/"(seconds|prefill_seconds|decode_seconds|peak_bytes)":[-+.0-9e]+/"\1":_/g' "$file" ;;
    esac
  done
}

# sleep_ms MILLISECONDS
sleep_ms() { sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"; }

# Milliseconds since some moment.
now_ms() { echo $((${EPOCHREALTIME/./} / 1000)); }
