#!/usr/bin/env bash
# The launcher and the set-up, without a compiler or a network: a copy in a folder with a blank in its name, stand-ins for CMake and
# ninja, and a program that tells how it was called.
set -euo pipefail
root=$(pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset SMOOTH_PRESET SMOOTH_CMAKE_ARGS

copy="$work/a checkout"
mkdir -p "$copy" "$work/bin" "$work/torch/lib" "$work/elsewhere"
cp -r "$root/smooth" "$root/third_party" "$copy"
touch "$work/torch/lib/libtorch_cpu.so"
# Every pinned header is "found" in one folder, so that no set-up starts.
awk '$1 == "lib" || $1 == "unpack" { print $3 }' "$root/third_party/pins" | while read -r header; do
  mkdir -p "$work/include/$(dirname "$header")"
  touch "$work/include/$header"
done

# And so is every wheel.
pinned_cache=$(root=$copy SMOOTH_CACHE=$work/cache bash -c '. "$root/third_party/cache.sh"; echo "$cache"')
mkdir -p "$pinned_cache/done"
awk -v folder="$pinned_cache/done/" '$1 == "wheel" { print folder $2 "-" $3 }' "$root/third_party/pins" | xargs touch

stand_in() {
  cat >"$work/bin/$1"
  chmod +x "$work/bin/$1"
}
stand_in g++ </dev/null
stand_in cmake <<'EOF'
#!/bin/sh
if [ "$1" = --version ]; then exit; fi
echo configured >>../configured
touch build/release/build.ninja
EOF
stand_in ninja <<'EOF'
#!/bin/sh
if [ -e "$FAIL" ]; then
  echo "[1/1] Building x.cpp"
  echo "x.cpp: something is wrong"
  exit 1
fi
[ -e "$2/smooth-data" ] && echo "ninja: no work to do." && exit
echo "[1/1] Linking smooth-data"
printf '#!/bin/sh\necho "in $PWD"\nfor a; do echo "<$a>"; done\nexit 7\n' >"$2/smooth-data"
chmod +x "$2/smooth-data"
EOF
export FAIL=$work/fail PATH=$work/bin:$PATH TORCH_DIR=$work/torch CMAKE_PREFIX_PATH=$work SMOOTH_CACHE=$work/cache
ln -s "$copy/smooth" "$work/link"
cd "$work/elsewhere"

# expect STATUS PATTERN COMMAND...: exit status and an extended regular expression somewhere in the output.
expect() {
  local status=0 output
  output=$("${@:3}" 2>&1 </dev/null) || status=$?
  if [ "$status" != "$1" ] || ! grep -qE -- "$2" <<<"$output"; then
    printf 'FAILED: %s\n  expected status %s and /%s/, got status %s and\n%s\n' "${*:3}" "$1" "$2" "$status" "$output"
    exit 1
  fi
}
refuse() {
  if grep -qE "$1" <<<"$("${@:2}" 2>&1 || true)"; then
    echo "FAILED: ${*:2} must not print /$1/"
    exit 1
  fi
}

expect 0 'report +tables' "$work/link"
expect 0 'usage' "$work/link" --help
expect 2 "did you mean 'quickstart'" "$work/link" quikstart
for verb in setup build test quickstart reproduce doctor; do
  expect 0 'usage: ./smooth' "$work/link" $verb --help
  expect 2 '.' "$work/link" $verb --no-such-option
done
expect 0 'LibTorch' "$work/link" doctor
cp -r "$root/configs" "$copy"
expect 2 "no reproduction 'table1' at the scale 'tiny'; there are: .*table3" "$work/link" reproduce table1

expect 7 'built in' "$work/link" data build 'a b.yaml'
refuse 'smooth: ' "$work/link" data build
expect 7 "^in $work/elsewhere$" "$work/link" data
expect 7 '^<a b.yaml>$' "$work/link" data build 'a b.yaml'
expect 7 '^<niah>$' "$work/link" niah --out x
expect 7 '^<--help>$' "$work/link" data --help
[ "$(wc -l <"$work/configured")" = 1 ] || { echo "FAILED: configured more than once" && exit 1; }
export SMOOTH_CMAKE_ARGS=-DX=1
expect 7 '' "$work/link" data
[ "$(wc -l <"$work/configured")" = 2 ] || { echo "FAILED: other arguments for CMake must configure anew" && exit 1; }
touch "$FAIL"
expect 1 'something is wrong' "$work/link" data
rm "$FAIL"

# With a LibTorch of one's own and all else there, nothing is downloaded.
expect 0 'set up in' "$work/link" setup
refuse 'downloading' "$work/link" setup

# Without apt the set-up names what is missing and stops.
mkdir "$work/tools"
for tool in bash env awk cat cut date dirname flock grep head id mkdir rm sed sha256sum sort tail touch uname; do
  ln -s "$(command -v $tool)" "$work/tools/$tool"
done
expect 1 'neither Debian nor Ubuntu.*g\+\+ cmake ninja-build' env PATH="$work/tools" "$copy/third_party/install.sh"
expect 1 'neither Debian nor Ubuntu.* clang libclang-rt' env PATH="$work/tools" "$copy/third_party/install.sh" --fuzz
echo x >"$work/x.tar.gz"
expect 1 'other pins' "$work/link" setup --from "$work/x.tar.gz"

# Each wheel is pinned by its hash.
if grep -E '^(wheel|torch|cuda) ' "$root/third_party/pins" | grep -vE '^[a-z]+ +[a-z0-9-]+ +[0-9.]+ +[0-9a-f]{64} +[0-9]+$'; then
  echo "FAILED: a wheel's line in third_party/pins"
  exit 1
fi

# The test of the includes can fail.
tree=$work/tree
mkdir -p "$tree"/{configs,data,model,trainer,eval,tests}
expect 0 '' bash "$root/tests/includes.sh" "$tree"
echo '#include "model/model.h"' >"$tree/data/x.h"
expect 1 'data/ includes upwards' bash "$root/tests/includes.sh" "$tree"
echo '#include <ATen/ATen.h>' >"$tree/data/x.h"
expect 1 'data/ includes LibTorch' bash "$root/tests/includes.sh" "$tree"
echo '  # include "trainer/plan.h"' >"$tree/eval/x.cpp"
expect 1 'its sibling' bash "$root/tests/includes.sh" "$tree"
rm "$tree/data/x.h" "$tree/eval/x.cpp"
echo '#include <torch/torch.h>' >"$tree/model/x.cpp"
expect 1 'torch/torch.h' bash "$root/tests/includes.sh" "$tree"
echo "all as expected"
