# shellcheck shell=bash
# `./smooth setup --pack FILE`: the pinned libraries but LibTorch, their headers and all they depend on below the C and C++ libraries,
# as one archive. Sourced by install.sh; `--from FILE` unpacks it into the cache of a machine without network. Which packages this machine
# has installed plays no part: the archive is complete.
# shellcheck disable=SC2154 # the folders are cache.sh's

# Programs, the C and C++ libraries, and what only an installed system needs.
left_out='libc6|libc6-dev|libc-dev-bin|linux-libc-dev|libc-bin|libgcc-s1|libstdc\+\+6|gcc-.*-base|libcrypt.*|libnsl.*|libtirpc.*|rpcsvc.*|icu-devtools|pkg.*|perl.*|python.*|debconf|cdebconf|dpkg|tar|install-info|libselinux1|libgpm2|libtinfo.*|ucf|sensible-utils|openssl|ca-certificates|libpam.*|libaudit.*|libcap-ng0|coreutils|libacl1|libattr1|libdb5.3|sgml-base|xml-core|readline-common|libreadline8'

pack_prefix() {
  local file=$1 folder=$cache/pack names libraries headers
  is_debian || die "packing needs apt, so a Debian or Ubuntu machine"
  case $file in *.tar.gz | *.tgz) ;; *) die "the file's name must end in .tar.gz: $file" ;; esac
  rm -rf "$folder"
  mkdir -p "$folder"
  : >"$folder/nothing-installed"
  need_wheels wheel
  say "fetching the libraries' packages"
  private_apt update >>"$log" 2>&1 || no_network
  mapfile -t libraries < <(sed -n 's/^lib  *\([^ ]*\).*/\1/p' "$pins")
  mapfile -t headers < <(sed -n 's/^unpack  *\([^ ]*\).*/\1/p' "$pins")
  mapfile -t names < <(private_apt -o Dir::State::status="$folder/nothing-installed" install --print-uris --no-install-recommends \
    ninja-build "${libraries[@]}" | sed -n "s/^'[^']*' \([^_]*\)_.*/\1/p" | grep -vxE "$left_out")
  names+=("${headers[@]}")
  say "${#names[@]} packages"
  unpack_packages "$folder/root" "${names[@]}"
  (
    cd "$folder/root" || exit 1
    rm -rf etc var sbin usr/sbin usr/share/{doc,man,lintian,bug,locale,info,perl5,icu} usr/lib/python3
    find usr/bin -type f ! -name ninja -delete
    mkdir wheels done
    cp -a "$cache/wheels/pyarrow" wheels
    cp -a "$cache"/done/pyarrow-* done
    rm -f usr/lib/"$triplet"/libicu*.a usr/lib/"$triplet"/lib{curl,crypto,ssl}.a
    echo "$pins_hash" >pins-hash
  )
  tar -czf "$file.part" -C "$folder/root" .
  mv "$file.part" "$file"
  rm -rf "$folder"
  say "wrote $file, $(du -m "$file" | cut -f 1) MB. On the other machine: ./smooth setup --from $(basename "$file")," \
    "with TORCH_DIR set to LibTorch's folder"
}
