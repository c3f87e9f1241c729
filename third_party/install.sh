#!/usr/bin/env bash
# Brings in what third_party/pins names and this machine lacks, into one cache folder shared by every clone. Each finished part is
# marked, so a set-up that was killed goes on where it stopped. Refuses to guess: elsewhere than on Debian or Ubuntu it says what to
# install and stops.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=third_party/cache.sh
. "$root/third_party/cache.sh"

usage() {
  cat <<EOF
usage: ./smooth setup [--cuda] [--fuzz] [--unpack]
       ./smooth setup --pack FILE.tar.gz
       ./smooth setup --from FILE.tar.gz

  --cuda       also what a CUDA device needs: NVIDIA's libraries and the CUDA compiler (2.1 GB to download)
  --fuzz       also what the fuzzers need: clang (./smooth test --fuzz calls this by itself)
  --unpack     never install Debian packages, even as root: unpack them into the cache
  --pack FILE  write the libraries to one file, for a machine without network that has g++, cmake and a LibTorch of its own
  --from FILE  take the libraries from such a file; there, set TORCH_DIR to LibTorch's folder for every call of ./smooth

Everything lands in ${cache}. Set SMOOTH_CACHE to put it elsewhere.
EOF
}

log=$cache/setup.log

# quietly COMMAND...: output goes to the log; a failure shows its end.
quietly() {
  if ! "$@" >>"$log" 2>&1; then
    tail -n 25 "$log" >&2
    die "failed: $* (the whole log: $log)"
  fi
}

no_network() {
  tail -n 5 "$log" >&2
  die "apt cannot be reached. Without network, take the libraries from a machine that has one: ./smooth setup --pack FILE.tar.gz" \
    "there, ./smooth setup --from FILE.tar.gz here, and set TORCH_DIR to LibTorch's folder"
}

is_debian() { command -v apt-get >/dev/null && command -v dpkg >/dev/null; }

# --- Debian packages -----------------------------------------------------------------------------------------------------

install_packages() {
  say "installing $# Debian packages: $*"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update >>"$log" 2>&1 || no_network
  quietly apt-get install -y --no-install-recommends "$@"
}

# apt-get with lists and downloads of its own, which needs no rights and leaves the system's as they are.
private_apt() {
  mkdir -p "$cache/apt/lists/partial" "$cache/apt/cache/archives/partial"
  apt-get -qq -o Dir::State::lists="$cache/apt/lists" -o Dir::Cache="$cache/apt/cache" -o Dir::State::extended_states=/dev/null \
    -o APT::Update::Error-Mode=any -o Debug::NoLocking=1 -o APT::Sandbox::User= "$@"
}

# wrap NAME PROGRAM ARGUMENTS...: an unpacked compiler looks for the C library's headers and objects in / only. A wrapper tells it
# where they are.
wrap() {
  mkdir -p "$cache/bin"
  cat >"$cache/bin/$1" <<EOF
#!/bin/sh
exec "$2" ${*:3} -B"$prefix/lib/$triplet" -L"$prefix/lib/$triplet" -idirafter "$prefix/include/$triplet" -idirafter "$prefix/include" "\$@"
EOF
  chmod +x "$cache/bin/$1"
}

wrap_compilers() {
  local gxx script
  gxx=$(find "$prefix/" -path "*/bin/$triplet-g++-[0-9]*" 2>/dev/null | sort -V | tail -n 1)
  [ -n "$gxx" ] || return 0 # the machine's own compiler finds the machine's own library
  for script in "$prefix/lib/$triplet"/lib{c,m}.so; do
    if [ -f "$script" ]; then
      sed -i "s# /usr/lib/$triplet/lib\([a-z_]*\)nonshared.a# $prefix/lib/$triplet/lib\1nonshared.a#" "$script"
    fi
  done
  wrap g++ "$gxx"
  if [ -x "$prefix/bin/clang++" ]; then wrap clang++ "$prefix/bin/clang++" "--gcc-toolchain=$prefix"; fi
}

# unpack_packages FOLDER PACKAGE...: exactly these, and no dependencies.
unpack_packages() {
  local folder=$1 deb
  shift
  mkdir -p "$cache/apt/debs" "$folder"
  (cd "$cache/apt/debs" && quietly private_apt download "$@")
  for deb in "$cache"/apt/debs/*.deb; do
    quietly dpkg -x "$deb" "$folder"
  done
  if [ -d "$folder/lib" ]; then # as on a system where /lib is a link: one folder to search
    cp -a "$folder/lib/." "$folder/usr/lib/"
    rm -rf "${folder:?}/lib"
  fi
  rm -rf "$cache/apt"
}

# A development package's libx.so points to a libx.so.1 beside it. Where the machine has that one already, it was not fetched.
mend_links() {
  local link file
  find "$prefix/lib/$triplet" -maxdepth 1 -xtype l 2>/dev/null | while read -r link; do
    for file in "/usr/lib/$triplet/$(readlink "$link")" "/lib/$triplet/$(readlink "$link")"; do
      if [ -e "$file" ]; then ln -sfn "$file" "$link"; fi
    done
  done || true
}

# to_cache PACKAGE...: marked until all is there, since half a package looks like a whole one.
to_cache() {
  touch "$cache/unfinished"
  unpack_packages "$cache/deb" "$@"
  mend_links
  wrap_compilers
  rm "$cache/unfinished"
}

# closure PACKAGE...: these and all they depend on that is not installed. The C library stays the machine's own: two of them
# in one process do not work.
closure() {
  private_apt install --print-uris --no-install-recommends "$@" | sed -n "s/^'[^']*' \([^_]*\)_.*/\1/p" |
    grep -vxE 'libc6|libc-bin|libc-l10n|locales|dpkg|perl-base|debconf|tar'
}

unpack_closure() {
  local names
  say "no rights to install: fetching these Debian packages into the cache: $*"
  private_apt update >>"$log" 2>&1 || no_network
  closure "$@" >"$cache/apt/closure" 2>>"$log" || no_network
  mapfile -t names <"$cache/apt/closure"
  say "${#names[@]} packages with what they depend on"
  to_cache "${names[@]}"
}

need_packages() {
  local names
  mapfile -t names < <(missing "$@")
  [ ${#names[@]} -gt 0 ] || return 0
  if ! is_debian; then
    say "this is neither Debian nor Ubuntu; the set-up cannot install what is missing. As Debian names them: ${names[*]}"
    die "install these with this system's package manager (or unpack a file made by \`./smooth setup --pack\`), then try again"
  elif [ "$(id -u)" = 0 ] && [ "$unpack_only" = no ]; then
    install_packages "${names[@]}"
  else
    unpack_closure "${names[@]}"
  fi
  hash -r
  use_cache
  mapfile -t names < <(missing "${@/aid/}")
  [ ${#names[@]} = 0 ] || die "still missing: ${names[*]}. As root: apt-get install ${names[*]}"
}

need_headers() {
  local names
  mapfile -t names < <(missing unpack)
  [ ${#names[@]} -gt 0 ] || return 0
  is_debian || die "missing: the headers of ${names[*]} (Debian's name); \`./smooth setup --from\` brings them"
  say "unpacking headers: ${names[*]}"
  private_apt update >>"$log" 2>&1 || no_network
  to_cache "${names[@]}"
}

# --- wheels --------------------------------------------------------------------------------------------------------------

# unpack_wheel FILE: into $cache/wheels, without Python's part of it, and of Arrow's wheel what reads Parquet.
unpack_wheel() {
  python3 - "$1" "$cache/wheels" <<'EOF'
import os, sys, zipfile

wheel, target = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    for member in archive.infolist():
        name = member.filename
        if name.startswith("torch/") and not name.startswith(("torch/lib/", "torch/include/", "torch/version.py")):
            continue
        if name.startswith("pyarrow/") and not name.startswith(("pyarrow/include/", "pyarrow/libarrow.so.", "pyarrow/libparquet.so.")):
            continue
        if name.endswith("/libtorch_python.so"):
            continue
        path = archive.extract(member, target)
        mode = member.external_attr >> 16 & 0o777
        if mode and not member.is_dir():
            os.chmod(path, mode | 0o200)
EOF
}

need_wheels() {
  local kind name version hash size quiet=(-q)
  if [ -t 2 ]; then quiet=(); fi
  mkdir -p "$cache/done" "$cache/wheels"
  while read -r kind name version hash size <&3; do
    if [ -z "$kind" ] || [[ " $* " != *" $kind "* ]] || [ -e "$cache/done/$name-$version" ]; then continue; fi
    need_packages fetch
    say "$name $version: downloading $size MB"
    rm -rf "$cache/tmp"
    mkdir -p "$cache/tmp"
    echo "$name==$version --hash=sha256:$hash" >"$cache/tmp/requirements.txt"
    # pip's temporary files go beside the cache: /tmp may be small.
    TMPDIR=$cache/tmp pip download ${quiet[@]+"${quiet[@]}"} --no-cache-dir --no-deps --only-binary=:all: \
      --implementation cp --python-version 3.11 --platform manylinux_2_28_x86_64 --platform manylinux_2_27_x86_64 \
      --platform manylinux_2_25_x86_64 --platform manylinux_2_18_x86_64 --platform manylinux2014_x86_64 \
      --platform manylinux2010_x86_64 --platform manylinux1_x86_64 --require-hashes -r "$cache/tmp/requirements.txt" \
      -d "$cache/tmp/wheel" >&2 || die "pip could not download $name $version; run ./smooth setup again to go on"
    say "$name $version: unpacking"
    unpack_wheel "$cache"/tmp/wheel/*.whl
    rm -rf "$cache/tmp"
    touch "$cache/done/$name-$version"
  done 3<"$pins"
}

# --- one file for a machine without network ----------------------------------------------------------------------------

take_from() {
  [ -f "$1" ] || die "no such file: $1"
  [ "$(tar -xzOf "$1" ./pins-hash)" = "$pins_hash" ] || die "$1 was made from other pins than this checkout's"
  say "unpacking $1"
  mkdir -p "$cache/deb"
  touch "$cache/unfinished"
  tar -xzf "$1" -C "$cache/deb"
  mkdir -p "$cache/wheels" "$cache/done"
  cp -a "$cache/deb/wheels/." "$cache/wheels/"
  cp -a "$cache/deb/done/." "$cache/done/"
  rm -rf "${cache:?}"/deb/{wheels,done}
  rm "$cache/unfinished"
}

main() {
  local kinds=(wheel torch) packages=(tool aid lib) from='' pack=''
  unpack_only=no
  while [ $# -gt 0 ]; do
    case $1 in
      --cuda) kinds+=(cuda) ;;
      --fuzz) packages+=(fuzz) ;;
      --unpack) unpack_only=yes ;;
      --pack | --from)
        if [ $# -lt 2 ]; then
          usage >&2
          exit 2
        fi
        if [ "$1" = --pack ]; then pack=$2; else from=$2; fi
        shift
        ;;
      -h | --help)
        usage
        exit 0
        ;;
      *)
        say "unknown option: $1"
        usage >&2
        exit 2
        ;;
    esac
    shift
  done
  [ "$(uname -sm)" = "Linux x86_64" ] || die "only Linux on x86-64 is supported, this is $(uname -sm)"

  use_cache
  mkdir -p "$cache"
  exec 9>"$cache/lock"
  if ! flock -n 9; then
    say "another set-up is at work on $cache; waiting for it"
    flock 9
  fi
  # What a killed set-up was unpacking is fetched again.
  if [ -e "$cache/unfinished" ]; then rm -rf "${cache:?}"/{deb,bin,unfinished}; fi
  if [ -n "$pack" ]; then
    # shellcheck source=third_party/pack.sh
    . "$root/third_party/pack.sh"
    pack_prefix "$pack"
    return
  fi
  if [ -n "$from" ]; then take_from "$from" && use_cache; fi
  if ! is_debian || [ -n "$from" ]; then packages=("${packages[@]/aid/}"); fi
  need_packages "${packages[@]}"
  need_headers
  if own_torch; then
    [ -e "$TORCH_DIR/lib/libtorch_cpu.so" ] || die "TORCH_DIR=$TORCH_DIR holds no lib/libtorch_cpu.so"
    need_wheels "${kinds[@]/torch/}"
  else
    need_wheels "${kinds[@]}"
  fi
  say "set up in $cache"
}

main "$@"
