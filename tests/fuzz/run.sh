#!/usr/bin/env bash
# run.sh FOLDER SECONDS: lets each fuzzer of the build folder run for so long. Inputs that reach new code gather in FOLDER/corpus and
# are where the next run begins; one that fails is left in FOLDER/crashes, and its fuzzer's name with that file reproduces it.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=$1 seconds=$2

# Small well-formed files of every kind.
seed() {
  mkdir -p "$folder"/corpus/{safetensors,pickle,index,config} "$folder/crashes"
  cp "$root"/tests/golden/pickle/*.safetensors "$folder/corpus/safetensors"
  cp "$root"/tests/golden/pickle/*.pth "$folder/corpus/pickle"
  echo '{"metadata": {"total_size": 10}, "weight_map": {"a": "x-1.safetensors", "b": "x-2.safetensors"}}' >"$folder/corpus/index/two"
  local qwen='"model_type": "qwen2", "vocab_size": 50, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 8, "intermediate_size": 48, "hidden_act": "silu", "rms_norm_eps": 1e-6,
    "tie_word_embeddings": true, "use_sliding_window": true, "sliding_window": 7, "max_window_layers": 0'
  echo "{$qwen, \"rope_theta\": 1e6, \"rope_scaling\": {\"type\": \"default\"}}" >"$folder/corpus/config/old"
  echo "{$qwen, \"rope_parameters\": {\"rope_type\": \"default\", \"rope_theta\": 1e4}, \"layer_types\": [\"full_attention\", \"sliding_attention\"]}" \
    >"$folder/corpus/config/new"
  local config
  for config in "$root"/tests/golden/{arwkv_tiny,qrwkv7_tiny}/*/config.json; do
    cp "$config" "$folder/corpus/config/$(basename "$(dirname "$config")")"
  done
}

seed
for name in safetensors index pickle config; do
  log=$folder/crashes/$name.log
  if ! "$folder/fuzz_$name" -max_total_time="$seconds" -max_len=6000 -timeout=20 -rss_limit_mb=2048 \
    -artifact_prefix="$folder/crashes/$name-" "$folder/corpus/$name" 2>"$log"; then
    tail -n 30 "$log"
    echo "FAILED: $name"
    exit 1
  fi
  echo "$name: $(grep -E '^Done' "$log"), $(find "$folder/corpus/$name" -type f | wc -l) inputs"
done
