#!/usr/bin/env bash
# Builds the packages, installs the Debian package into an empty directory, unpacks the archive, and
# runs the practice sweep with both.
#
#   packaging/smoke.sh [DIRECTORY]
#
# DIRECTORY receives the packages; default: `packages` in Cargo's target directory. `packaging/build`
# says what is needed. Installing needs no privileges; as root, the sweep of the package runs with the
# directory as its root directory, which shows that it needs no library and no other file of the host.
set -euo pipefail
cd "$(dirname "$0")/.."

CARGO_TARGET_DIR=$(realpath -m "${CARGO_TARGET_DIR:-target}")
export CARGO_TARGET_DIR
packages=$(realpath -m "${1:-$CARGO_TARGET_DIR/packages}")
version=$(sed -n '/^\[workspace\.package\]/,/^\[/s/^version = "\(.*\)"$/\1/p' Cargo.toml)
name=dragnet-$version-$(uname -m)-unknown-linux-musl
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

# Installs the package with dpkg, and checks that its files are there.
install_package() {
  local file
  mkdir -p "$root"/var/lib/dpkg/{info,updates} "$root"/{tmp,work}
  : >"$root/var/lib/dpkg/status"
  dpkg --root="$root" --force-not-root --log=/dev/null --install \
    "$packages/dragnet_${version}_$(dpkg --print-architecture).deb"
  for file in bin/dragnet lib/systemd/system/dragnet-watch.service \
    share/{man/man1/dragnet.1.gz,man/man1/dragnet-sweep.1.gz,bash-completion/completions/dragnet} \
    share/{zsh/vendor-completions/_dragnet,fish/vendor_completions.d/dragnet.fish,doc/dragnet/copyright}; do
    if [[ ! -s "$root/usr/$file" ]]; then
      echo "the package lacks /usr/$file" >&2
      return 1
    fi
  done
}

unpack_archive() {
  local file
  tar -xzf "$packages/$name.tar.gz" -C "$root"
  for file in dragnet LICENSE README.md man/dragnet.1 completions/dragnet.bash dragnet.toml; do
    if [[ ! -s "$root/$name/$file" ]]; then
      echo "the archive lacks $file" >&2
      return 1
    fi
  done
}

run_installed() {
  if ((EUID == 0)); then
    env -i HOME=/work "$(command -v chroot)" "$root" /usr/bin/dragnet "$@"
  else
    (cd "$root/work" && env -i HOME="$root/work" "$root/usr/bin/dragnet" "$@")
  fi
}

run_unpacked() {
  (cd "$root/work" && env -i HOME="$root/work" "$root/$name/dragnet" "$@")
}

# Runs a binary by the name of a function above. The practice organization has gaps, so its sweep is
# incomplete: exit code 3.
test_binary() {
  local run=$1 code=0 report found
  found=$("$run" --version)
  if [[ "$found" != "dragnet $version" ]]; then
    echo "$run --version printed '$found', expected 'dragnet $version'" >&2
    return 1
  fi
  report=$("$run" sweep 198.51.100.23 --since 24h --practice --progress none 2>&1) || code=$?
  if ((code != 3)) || ! grep -q '^Found: [0-9]* sightings$' <<<"$report"; then
    echo "$run: the practice sweep ended with exit code $code, expected 3 and sightings:" >&2
    echo "$report" >&2
    return 1
  fi
  echo "$run: $found, practice sweep: $(grep '^Found: ' <<<"$report")"
}

packaging/build "$packages"
install_package
unpack_archive
test_binary run_installed
test_binary run_unpacked
echo "Built, installed and tested in $packages."
