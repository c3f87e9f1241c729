#!/usr/bin/env bash
# Says what this machine has and lacks, and what to do about it. Changes nothing and needs nothing.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=third_party/cache.sh
. "$root/third_party/cache.sh"

if [ $# -gt 0 ]; then
  echo "usage: ./smooth doctor      what this machine has and lacks"
  case $1 in -h | --help) exit 0 ;; *) exit 2 ;; esac
fi

use_cache
set_up='run ./smooth setup'

# row NAME VALUE [ADVICE]: an empty value is a lack.
row() {
  if [ -n "$2" ]; then
    printf '  %-14s %s\n' "$1" "$2"
  else
    printf '  %-14s none; %s\n' "$1" "$3"
  fi
}

version() { command -v "$1" >/dev/null && "$@" 2>/dev/null | grep -oE '[0-9]+\.[0-9]+(\.[0-9]+)?' | head -n 1; }
memory() { awk -v field="$1:" '$1 == field { printf "%.0f GiB", $2 / 1048576 }' /proc/meminfo; }
free_on() { df -h --output=avail "$1" 2>/dev/null | tail -n 1 | tr -d ' '; }

libtorch() {
  local found
  [ -e "$TORCH_DIR/lib/libtorch_cpu.so" ] || return 0
  found=$(sed -n "s/^__version__ = '\(.*\)'/\1/p" "$TORCH_DIR/version.py" 2>/dev/null)
  echo "${found:-$(cat "$TORCH_DIR/build-version" 2>/dev/null)} in $TORCH_DIR"
}

arrow() { find "$ARROW_DIR" -maxdepth 1 -name 'libparquet.so.*' 2>/dev/null | head -n 1; }

instructions() {
  local name list=()
  for name in avx2 avx512f avx512_bf16 amx_bf16; do
    if grep -qw "$name" /proc/cpuinfo; then list+=("$name"); fi
  done
  echo "${list[*]:-neither AVX2 nor AVX-512: training will be slow}"
}

gpu() { command -v nvidia-smi >/dev/null && nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv,noheader 2>/dev/null | paste -sd ';' | sed 's/;/; /g'; }

cuda_compiler() {
  local nvcc
  for nvcc in "${TORCH_DIR%/torch}/nvidia/cu13/bin/nvcc" "${CUDA_HOME:-/nowhere}/bin/nvcc" "$(command -v nvcc)" /usr/local/cuda/bin/nvcc; do
    if [ -x "$nvcc" ]; then
      echo "$("$nvcc" --version | sed -n 's/.*release.*, V//p') in ${nvcc%/bin/nvcc}"
      return
    fi
  done
}

cuda_runtime() {
  local file
  file=$(find "${TORCH_DIR%/torch}/nvidia" "$TORCH_DIR/lib" -name 'libcudnn.so*' 2>/dev/null | head -n 1)
  if [ -n "$file" ]; then dirname "$(dirname "$(dirname "$file")")"; fi
}

nccl() {
  local file
  file=$(find "${TORCH_DIR%/torch}/nvidia" -name 'libnccl.so*' 2>/dev/null | head -n 1)
  echo "${file:-$(ldconfig -p 2>/dev/null | sed -n 's/.*libnccl.so.* => //p' | head -n 1)}"
}

libraries() {
  local lack
  lack=$(missing lib unpack | paste -sd ' ')
  if [ -z "$lack" ]; then echo "all found"; else echo "missing: $lack; $set_up"; fi
}

cuda_setup='run ./smooth setup --cuda'
echo "Building"
row g++ "$(version g++ -dumpfullversion)" "$set_up"
row cmake "$(version cmake --version)" "$set_up"
row ninja "$(version ninja --version)" "$set_up"
row ccache "$(version ccache --version)" "$set_up (builds work without it, but slower)"
row libraries "$(libraries)"
row LibTorch "$(libtorch)" "$set_up, or set TORCH_DIR to a LibTorch 2.11 of your own"
row 'Apache Arrow' "$(arrow)" "$set_up (Parquet files cannot be read without it)"
row cache "$cache"
echo "Machine"
row CPU "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores"
row instructions "$(instructions)"
row memory "$(memory MemTotal), $(memory MemAvailable) available"
row disk "$(free_on .) free here, $(free_on "$(dirname "$smooth_cache")") at the cache, $(free_on "${TMPDIR:-/tmp}") in ${TMPDIR:-/tmp}"
row /dev/shm "$(free_on /dev/shm)" "several ranks on one GPU machine need it; give the container --shm-size=8g"
echo "GPU and cluster (everything also runs on the CPU)"
row GPU "$(gpu)" "nvidia-smi finds none; training the paper's models needs one with 80 GB"
row 'CUDA compiler' "$(cuda_compiler)" "$cuda_setup"
row 'CUDA libraries' "$(cuda_runtime)" "$cuda_setup"
row NCCL "$(nccl)" "$cuda_setup (several GPUs need it)"
row Slurm "$(version sinfo --version)" "only jobs on a cluster need it"
