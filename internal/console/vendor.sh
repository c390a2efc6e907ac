#!/bin/sh
# Refreshes static/vendor from the npm registry and rewrites VENDOR.json.
# Nothing else needs node: a fresh clone and Go alone build the whole console.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

HTMX=4.0.1 INTER=5.3.0 ATLAS=2.0.2

fetch() { # fetch PACKAGE VERSION FOLDER
	mkdir -p "$work/$3"
	(cd "$work/$3" && npm pack --silent "$1@$2" >/dev/null && tar xzf ./*.tgz)
}
fetch htmx.org "$HTMX" htmx
fetch @fontsource-variable/inter "$INTER" inter
fetch world-atlas "$ATLAS" atlas

cp "$work/htmx/package/dist/htmx.min.js" static/vendor/htmx.min.js
cp "$work/htmx/package/dist/ext/hx-sse.min.js" static/vendor/hx-sse.min.js
cp "$work/inter/package/files/inter-latin-wght-normal.woff2" static/vendor/inter.woff2
cp "$work/inter/package/LICENSE" static/vendor/inter-licence.txt
node land.mjs "$work/atlas/package/land-110m.json" static/vendor/land.svg

line() { # line FILE NAME VERSION LICENCE END
	printf '  {"file": "%s", "name": "%s", "version": "%s", "licence": "%s", "sha256": "%s"}%s\n' \
		"$1" "$2" "$3" "$4" "$(sha256sum "static/vendor/$1" | cut -d' ' -f1)" "$5"
}
{
	echo '['
	line htmx.min.js htmx.org "$HTMX" 0BSD ,
	line hx-sse.min.js htmx.org/hx-sse "$HTMX" 0BSD ,
	line inter.woff2 @fontsource-variable/inter "$INTER" OFL-1.1 ,
	line land.svg 'world-atlas (Natural Earth 1:110m land, sampled)' "$ATLAS" 'ISC, data in the public domain' ''
	echo ']'
} >static/vendor/VENDOR.json
