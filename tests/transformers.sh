#!/usr/bin/env bash
# What this framework writes, opened with the software of others: transformers, and for RWKV-7 the packages rwkv and fla. Needs
# SMOOTH_PYTHON, a Python that has them; with SMOOTH_FIXTURES also Qwen2's tokenizer is tried.
set -euo pipefail
programs=$(cd "${SMOOTH_BUILD:?names the folder of the programs}" && pwd)
for program in smooth-data smooth-train smooth-eval; do
  [ -x "$programs/$program" ] || { echo "SKIPPED: $program is not built" && exit; }
done
[ -n "${SMOOTH_PYTHON:-}" ] || { echo "SKIPPED: SMOOTH_PYTHON names no Python that has transformers" && exit; }
"$SMOOTH_PYTHON" -c 'import transformers, rwkv' 2>/dev/null || { echo "SKIPPED: $SMOOTH_PYTHON lacks transformers or rwkv" && exit; }
qwen2=()
[ -z "${SMOOTH_FIXTURES:-}" ] || qwen2=(--qwen2 "$SMOOTH_FIXTURES/tokenizers/qwen2")
"$SMOOTH_PYTHON" tests/golden/transformers_opens.py "$programs" ${qwen2[@]+"${qwen2[@]}"}
"$SMOOTH_PYTHON" tests/golden/rwkv7_opens.py "$programs"
"$SMOOTH_PYTHON" tests/golden/longbench_pred.py "$programs" ${qwen2[@]+"${qwen2[@]}"}
