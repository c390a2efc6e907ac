#!/usr/bin/env bash
# Brings the engines this machine lacks, pinned, and nothing else:
#   PostgreSQL, Redis      Debian's (or Ubuntu's) packages, unpacked into a folder of ours and never
#   and pgBackRest         installed: so no system service is started or enabled, no system cluster is
#                          created, and nothing of the user's is touched. No root is needed for them.
#   Patroni                from PyPI at the versions in patroni.txt, in a virtual environment of ours
#                          (Debian's 3.0.2 loses acknowledged writes; see docs/explanation/failover.md).
#   a C++ compiler         Debian's g++, by apt, only where there is none: DuckDB in bin/fournines-query is C++.
#   Java and Kafka         see kafka.sh: Debian's JRE, Kafka from Maven's repository, pinned in kafka.txt.
#   test tools             with "engines.sh test": Chromium, node and npm for the browser tests, by apt; and moto, a Route 53
#                          for tests, from PyPI at the versions in moto.txt, in a virtual environment of ours.
# "engines.sh where" prints the folder.
# etcd is inside the fournines binary. Running it again does nothing.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
want=${1:-run}

say() { printf '%s\n' "engines: $*" >&2; }
die() { say "$@"; exit 1; }

# A folder that the engines' own user can read too: root's home is closed to others.
if [ -n "${FOURNINES_ENGINES:-}" ]; then root=$FOURNINES_ENGINES
elif [ "$(id -u)" = 0 ]; then root=/var/lib/fournines/engines
else root=${XDG_DATA_HOME:-$HOME/.local/share}/fournines/engines; fi
[ "$want" = where ] && { echo "$root"; exit; }
mkdir -p "$root"
chmod 755 "$root"

if ! command -v apt-get >/dev/null 2>&1; then
  die "this system has no apt-get. Install by hand: a C++ compiler, PostgreSQL 15 or newer (server programs), Redis 7 or newer," \
      "Python 3.9 or newer with venv; then run: python3 -m venv $root/patroni && $root/patroni/bin/pip install -r $here/patroni.txt"
fi

privileged() { # runs apt with the rights there are, or says the one line to run
  if [ "$(id -u)" = 0 ]; then "$@" >&2
  elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then sudo -n "$@" >&2
  elif command -v sudo >/dev/null 2>&1 && [ -t 0 ]; then sudo "$@" >&2
  else die "needs packages; run this line once as root, then again: $*"; fi
}

lists_fresh=""
fresh_lists() { # package lists of our own, so that an ordinary user needs no root to read them
  [ -n "$lists_fresh" ] && return
  mkdir -p "$root/apt/lists/partial" "$root/apt/cache/archives/partial"
  if [ -z "$(find "$root/apt/lists" -name '*_Packages*' -mtime -1 -print -quit)" ]; then
    say "reading the package lists"
    apt-get "${apt[@]}" update -qq >&2
  fi
  lists_fresh=1
}
apt=(-o "Dir::State::Lists=$root/apt/lists" -o "Dir::Cache=$root/apt/cache" -o "APT::Sandbox::User=root")

unpack() { # unpack PACKAGE...: these and whatever libraries the system lacks for them, into $root
  fresh_lists
  local inst; mapfile -t inst < <(apt-get "${apt[@]}" -s install --no-install-recommends "$@" 2>/dev/null \
    | awk '/^Inst/ {print $2}' | grep -vE '^(postgresql-common|postgresql-client-common|ssl-cert|locales|adduser|libjson-perl|perl.*|netbase|ucf|debconf.*)$')
  [ "${#inst[@]}" -gt 0 ] || inst=("$@")
  say "unpacking ${inst[*]}"
  local work; work=$(mktemp -d "$root/unpack.XXXXXX")
  (cd "$work" && apt-get "${apt[@]}" download "${inst[@]}" >&2)
  for deb in "$work"/*.deb; do dpkg-deb -x "$deb" "$root"; done
  rm -rf "$work"
}

postgres_bin() { # the newest PostgreSQL of 15..17, the system's before our own
  local v d
  for d in "" "$root"; do for v in 15 16 17; do
    [ -x "$d/usr/lib/postgresql/$v/bin/postgres" ] && { echo "$d/usr/lib/postgresql/$v/bin"; return; }
  done; done
  return 1
}

if ! pg=$(postgres_bin); then
  fresh_lists
  for v in 15 16 17; do
    if apt-cache "${apt[@]}" show "postgresql-$v" >/dev/null 2>&1; then unpack "postgresql-$v" "postgresql-client-$v"; break; fi
  done
  pg=$(postgres_bin) || die "no PostgreSQL 15, 16 or 17 among this system's packages; add a source that has one and run again"
fi

if ! command -v redis-server >/dev/null 2>&1 && [ ! -x "$root/usr/bin/redis-server" ]; then
  # The server lives in redis-tools and decides by its name; the redis-server package adds only the service we do not want.
  unpack redis-tools
  ln -sf redis-check-rdb "$root/usr/bin/redis-server"
fi

if ! command -v pgbackrest >/dev/null 2>&1 && [ ! -x "$root/usr/bin/pgbackrest" ]; then
  unpack pgbackrest
fi

if ! command -v "${CXX:-g++}" >/dev/null 2>&1; then
  privileged env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  privileged env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends g++
fi

python=/usr/bin/python3
[ -x "$python" ] || python=$(command -v python3 || true)
if [ -z "$python" ] || ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  privileged apt-get install -y --no-install-recommends python3 python3-venv
  python=/usr/bin/python3
fi
stamp=$root/patroni/.installed
if ! cmp -s "$here/patroni.txt" "$stamp"; then
  say "installing Patroni $(sed -n 's/^patroni==//p' "$here/patroni.txt") into $root/patroni"
  rm -rf "$root/patroni"
  "$python" -m venv "$root/patroni"
  "$root/patroni/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$here/patroni.txt" >&2
  "$root/patroni/bin/patroni" --version >&2
  cp "$here/patroni.txt" "$stamp"
fi

# shellcheck source=scripts/kafka.sh
. "$here/kafka.sh"
install_kafka

# PostgreSQL refuses to run as root; as root the engines run as a user of their own.
if [ "$(id -u)" = 0 ] && ! id fournines >/dev/null 2>&1; then
  useradd --system --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin fournines
fi

if [ "$want" = test ]; then
  missing=()
  command -v chromium >/dev/null 2>&1 || missing+=(chromium)
  command -v node >/dev/null 2>&1 || missing+=(nodejs)
  command -v npm >/dev/null 2>&1 || missing+=(npm)
  command -v ip >/dev/null 2>&1 || missing+=(iproute2)
  if [ "${#missing[@]}" -gt 0 ]; then
    privileged env DEBIAN_FRONTEND=noninteractive apt-get update -qq
    privileged env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
  fi
  if ! cmp -s "$here/moto.txt" "$root/moto/.installed"; then
    say "installing moto $(sed -n 's/^moto==//p' "$here/moto.txt") into $root/moto"
    rm -rf "$root/moto"
    "$python" -m venv "$root/moto"
    "$root/moto/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$here/moto.txt" >&2
    "$root/moto/bin/moto_server" --help >/dev/null
    cp "$here/moto.txt" "$root/moto/.installed"
  fi
fi
say "ready in $root (PostgreSQL in $pg)"
