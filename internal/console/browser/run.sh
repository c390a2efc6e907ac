#!/bin/sh
# Browser tests of the console, and pictures of it.
#
#   run.sh                           tests the fixture's console, then pictures it when SHOTS names a folder
#   BASE_URL=… TOKEN=… SHOTS=… run.sh   pictures a live console, tests nothing
#
# CHROMIUM names the browser (default /usr/bin/chromium). Without node, npm or
# Chromium it says what is missing and skips, with status 0; with
# FOURNINES_STRICT=1, and in CI (CI=true), it fails.
set -eu
cd "$(dirname "$0")"

skip() {
	echo "NOT PROVED: the console's browser tests did not run: $1" >&2
	if [ "${FOURNINES_STRICT:-}" = 1 ] || [ "${CI:-}" = true ]; then
		echo "Nothing may be skipped here (FOURNINES_STRICT=1, or CI): scripts/engines.sh test installs what is missing" >&2
		exit 1
	fi
	exit 0
}
command -v node >/dev/null || skip "node is not installed"
command -v npm >/dev/null || skip "npm is not installed"
[ -x "${CHROMIUM:-/usr/bin/chromium}" ] || skip "no Chromium at ${CHROMIUM:-/usr/bin/chromium} (Debian package: chromium)"

[ -d node_modules ] && [ node_modules -nt package-lock.json ] || { npm ci --silent && touch node_modules; }

if [ -n "${BASE_URL:-}" ]; then
	SHOTS=${SHOTS:-shots} node shots.mjs
	exit
fi

work=$(mktemp -d)
server=
finish() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || :
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM

(cd .. && go test -c -o "$work/console.test" .)
(cd .. && exec "$work/console.test" -test.run '^TestServe$' -test.timeout 0 -serve 127.0.0.1:0) >"$work/log" 2>&1 &
server=$!
for _ in $(seq 100); do
	BASE_URL=$(sed -n 's/^serving //p' "$work/log")
	[ -z "$BASE_URL" ] || break
	kill -0 "$server" 2>/dev/null || break
	sleep 0.1
done
[ -n "$BASE_URL" ] || { cat "$work/log" >&2; exit 1; }
export BASE_URL

if [ -n "${SHOTS:-}" ]; then node shots.mjs; fi
node --test --test-concurrency=1 console.test.mjs
