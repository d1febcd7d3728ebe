# shellcheck shell=bash
# What ./demo, ./test and tools/publish need from the machine: the .NET SDK, a Redis server, a linker. Sourced, not run.
# Installs what is missing with apt where that is possible, and says what to do where it is not.

KEYFERRY_SDK_MAJOR=10

setup_say() { printf '==> %s\n' "$*" >&2; }
setup_fail() {
  printf 'error: %s\n' "$*" >&2
  return 1
}

# Runs a command as root: directly, or through sudo where there is one.
setup_as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null 2>&1; then
    sudo "$@"
  else
    setup_fail "this needs root: $*" || return 1
  fi
}

setup_apt_refreshed=
# Succeeds where apt knows the package $1, after one look at fresh package lists if need be.
setup_apt_has() {
  command -v apt-get >/dev/null 2>&1 || return 1
  setup_apt_candidate "$1" && return 0
  [ -n "$setup_apt_refreshed" ] && return 1
  setup_apt_refreshed=1
  setup_as_root apt-get update -qq >/dev/null 2>&1
  setup_apt_candidate "$1"
}

# Here and below grep reads to the end (no -q): with pipefail, an early end would fail the command before it.
setup_apt_candidate() {
  apt-cache policy "$1" 2>/dev/null | grep '^  Candidate: [^(]' >/dev/null
}

setup_apt_install() {
  setup_as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# The .NET SDK in PATH, from apt where it is missing.
setup_dotnet() {
  # Invariant: an SDK that was unpacked by hand then needs no ICU library, and tools write the same everywhere.
  export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
  setup_dotnet_found && return 0
  if [ -x "$HOME/.dotnet/dotnet" ]; then
    export DOTNET_ROOT="$HOME/.dotnet" PATH="$HOME/.dotnet:$PATH"
    setup_dotnet_found && return 0
  fi
  local package="dotnet-sdk-$KEYFERRY_SDK_MAJOR.0"
  if setup_apt_has "$package"; then
    setup_say "installing $package with apt"
    setup_apt_install "$package" && hash -r && setup_dotnet_found && return 0
  fi
  cat >&2 <<MESSAGE
error: the .NET SDK $KEYFERRY_SDK_MAJOR is missing and apt has no package $package here.
  Either install it for this user:
    curl -fsSL https://dot.net/v1/dotnet-install.sh | bash -s -- --channel $KEYFERRY_SDK_MAJOR.0
  or add Microsoft's package source for this system: https://learn.microsoft.com/dotnet/core/install/linux
  Then run this again.
MESSAGE
  return 1
}

setup_dotnet_found() {
  command -v dotnet >/dev/null 2>&1 && dotnet --list-sdks 2>/dev/null | grep "^$KEYFERRY_SDK_MAJOR\." >/dev/null
}

# redis-server and redis-cli in PATH, from apt where they are missing; the package's own service is neither started nor left enabled.
setup_redis() {
  setup_redis_found && return 0
  if ! setup_apt_has redis-server; then
    setup_fail "redis-server is missing and apt has no such package here; install Redis 5 or newer (https://redis.io/docs/latest/operate/oss_and_stack/install/)"
    return 1
  fi
  setup_say "installing redis-server with apt (its system service stays off)"
  setup_without_services setup_apt_install redis-server redis-tools || return 1
  if command -v systemctl >/dev/null 2>&1; then
    setup_as_root systemctl disable --now redis-server >/dev/null 2>&1
  fi
  hash -r
  setup_redis_found || setup_fail "redis-server was installed but is not in PATH"
}

# Chromium, in which the tests look at the report's page; a browser that is there serves as well.
setup_chromium() {
  setup_chromium_found && return 0
  setup_say 'installing chromium with apt'
  if setup_apt_has chromium && setup_apt_install chromium && hash -r && setup_chromium_found; then
    return 0
  fi
  setup_fail 'no chromium, chromium-browser or google-chrome in PATH, and apt has no package chromium here'
}

setup_chromium_found() {
  command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1
}

# The keys by which packages of other Debian suites are checked; Ubuntu has them in a package.
setup_debian_keyring() {
  setup_debian_keyring_found && return 0
  setup_say 'installing debian-archive-keyring with apt'
  if setup_apt_has debian-archive-keyring && setup_apt_install debian-archive-keyring && setup_debian_keyring_found; then
    return 0
  fi
  setup_fail 'the keys of the Debian archive are missing (/usr/share/keyrings/debian-archive-keyring.gpg); install debian-archive-keyring'
}

setup_debian_keyring_found() {
  [ -e /usr/share/keyrings/debian-archive-keyring.pgp ] || [ -e /usr/share/keyrings/debian-archive-keyring.gpg ]
}

# python3 with AWS's library, with which the function of the stack's template is run.
setup_boto3() {
  setup_boto3_found && return 0
  setup_say 'installing python3-boto3 with apt'
  setup_apt_has python3-boto3 && setup_apt_install python3-boto3 && hash -r
  setup_boto3_found || setup_fail 'python3 with boto3 is missing: install python3-boto3'
}

setup_boto3_found() {
  command -v python3 >/dev/null 2>&1 && python3 -c 'import boto3' 2>/dev/null
}

# AWS's command line and node, with which the double of AWS is checked.
setup_aws_clients() {
  local missing=()
  command -v aws >/dev/null 2>&1 || missing+=(awscli)
  command -v npm >/dev/null 2>&1 || missing+=(npm)
  [ ${#missing[@]} -eq 0 ] && return 0
  setup_say "installing ${missing[*]} with apt"
  setup_apt_has "${missing[0]}" && setup_apt_install "${missing[@]}" && hash -r
  command -v aws >/dev/null 2>&1 && command -v npm >/dev/null 2>&1 || setup_fail "these are missing: ${missing[*]}"
}

setup_redis_found() {
  command -v redis-server >/dev/null 2>&1 && command -v redis-cli >/dev/null 2>&1
}

# Runs a command while Debian's policy-rc.d forbids packages to start their services. A policy of the machine's own is left alone.
setup_without_services() {
  local policy=/usr/sbin/policy-rc.d
  if [ -e "$policy" ]; then
    "$@"
    return
  fi
  (
    trap 'setup_as_root rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' | setup_as_root tee "$policy" >/dev/null
    setup_as_root chmod 755 "$policy"
    "$@"
  )
}

# A compiler that links for this machine's processor.
setup_gcc() {
  command -v gcc >/dev/null 2>&1 && return 0
  setup_say 'installing gcc with apt'
  setup_apt_has gcc && setup_apt_install gcc libc6-dev && hash -r
  command -v gcc >/dev/null 2>&1 || setup_fail 'gcc is missing, which links native programs'
}

# The name of clang here: Debian's package of one version calls it by that.
setup_clang() {
  compgen -c clang | grep -xE 'clang(-[0-9]+)?' | sort -rV | head -n 1 | grep .
}

# clang, and what it links with for the processor of the triple $1, which Debian calls $2.
setup_foreign_linker() {
  local triple=$1 architecture=$2
  setup_clang >/dev/null || { setup_apt_has clang && setup_say 'installing clang with apt' && setup_apt_install clang && hash -r; }
  setup_clang >/dev/null || setup_fail 'clang is missing, which links for other processors' || return 1
  command -v "$triple-gcc" >/dev/null 2>&1 && return 0
  setup_say "installing the compiler for $triple with apt"
  setup_apt_has "gcc-$triple" && setup_apt_install "gcc-$triple" "libc6-dev-$architecture-cross" && hash -r
  command -v "$triple-gcc" >/dev/null 2>&1 || setup_fail "the compiler and the C library for $triple are missing: install gcc-$triple"
}

# Where the static library of SQLite is for the triple $1.
setup_static_sqlite_path() {
  local path
  for path in "/usr/lib/$1/libsqlite3.a" /usr/lib64/libsqlite3.a /usr/lib/libsqlite3.a; do
    if [ -e "$path" ]; then
      echo "$path"
      return
    fi
  done
  return 1
}

# SQLite as a static library for the triple $1; $2 is what Debian calls its processor where it is not this machine's.
setup_static_sqlite() {
  local triple=$1 architecture=${2:-}
  setup_static_sqlite_path "$triple" >/dev/null && return 0
  if [ -n "$architecture" ] && command -v dpkg >/dev/null 2>&1 && ! dpkg --print-foreign-architectures | grep -x "$architecture" >/dev/null; then
    setup_say "adding the architecture $architecture to apt"
    setup_as_root dpkg --add-architecture "$architecture" && setup_as_root apt-get update -qq >/dev/null
  fi
  local package=libsqlite3-dev${architecture:+:$architecture}
  setup_say "installing $package with apt"
  setup_apt_has "$package" && setup_apt_install "$package"
  setup_static_sqlite_path "$triple" >/dev/null ||
    setup_fail "libsqlite3.a for $triple is missing: install libsqlite3-dev for that processor, or build SQLite and put it there"
}
