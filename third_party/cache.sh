# shellcheck shell=bash
# Where fetched things lie, and whether they are there. Sourced by the launcher and by install.sh; `root` is the checkout.
#
#   $cache/deb/      unpacked Debian packages           $cache/wheels/  torch/, nvidia/ and pyarrow/, as in a site-packages folder
#   $cache/bin/      wrappers of unpacked programs      $cache/done/    one empty file per finished wheel

: "${root:?is the checkout}"
pins=$root/third_party/pins
smooth_cache=${SMOOTH_CACHE:-${XDG_CACHE_HOME:-${HOME:-/var/tmp}/.cache}/smooth}
pins_hash=$(awk '!/^#/ && NF && $1 != "fuzz" { print $1, $2, $3 }' "$pins" | sha256sum) # not of comments, nor of what few clones fetch
pins_hash=${pins_hash:0:12}
cache=$smooth_cache/$pins_hash
prefix=$cache/deb/usr
triplet=x86_64-linux-gnu

say() { printf '%s\n' "smooth: $*" >&2; }
die() {
  say "$*"
  exit 1
}

# has_header HEADER: some folder that a compiler or CMake will search has it.
has_header() {
  local folder folders
  IFS=: read -ra folders <<<"$prefix:${CMAKE_PREFIX_PATH:-}:/usr:/usr/local"
  for folder in "${folders[@]}"; do
    if [ -n "$folder" ] && { [ -e "$folder/include/$1" ] || [ -e "$folder/include/$triplet/$1" ]; }; then return 0; fi
  done
  return 1
}

# pip COMMAND...: the machine's, or the unpacked one, which the machine's Python does not see by itself.
pip() {
  if python3 -m pip --version >/dev/null 2>&1; then
    python3 -m pip "$@"
  else
    PYTHONPATH=$prefix/lib/python3/dist-packages python3 -m pip "$@"
  fi
}

# missing KIND...: the names of the pinned things of these kinds that this machine lacks.
missing() {
  local kind name probe
  while read -r kind name probe _; do
    if [ -z "$kind" ] || [[ " $* " != *" $kind "* ]]; then continue; fi
    case $kind in
      tool | aid) command -v "$probe" >/dev/null ;;
      fetch) if [ "$probe" = pip ]; then pip --version >/dev/null 2>&1; else command -v "$probe" >/dev/null; fi ;;
      lib | unpack) has_header "$probe" ;;
      fuzz) command -v "$probe" >/dev/null || [ -e "$(clang++ -print-file-name="$probe" 2>/dev/null)" ] ;;
      wheel | torch | cuda) [ -e "$cache/done/$name-$probe" ] ;;
    esac || echo "$name"
  done <"$pins"
}

# Programs and libraries that the set-up unpacked come after the machine's own. May be called again when more was unpacked.
users_path=$PATH users_prefix_path=${CMAKE_PREFIX_PATH:-} users_library_path=${LD_LIBRARY_PATH:-}
use_cache() {
  export PATH=$users_path:$cache/bin:$prefix/bin
  if [ -d "$prefix" ]; then
    export CMAKE_PREFIX_PATH=${users_prefix_path:+$users_prefix_path:}$prefix
  fi
  if [ -d "$prefix/bin" ]; then
    export LD_LIBRARY_PATH=${users_library_path:+$users_library_path:}$prefix/lib/$triplet
  fi
  if [ "$(command -v g++)" = "$cache/bin/g++" ]; then export CXX=$cache/bin/g++; fi # CMake would look past the wrapper
  export TORCH_DIR=${TORCH_DIR:-$cache/wheels/torch} ARROW_DIR=${ARROW_DIR:-$cache/wheels/pyarrow}
}

own_torch() { [ -n "${TORCH_DIR:-}" ] && [ "$TORCH_DIR" != "$cache/wheels/torch" ]; }

is_set_up() {
  [ ! -e "$cache/unfinished" ] || return 1
  if own_torch; then [ -z "$(missing tool lib unpack wheel)" ]; else [ -z "$(missing tool lib unpack wheel torch)" ]; fi
}
