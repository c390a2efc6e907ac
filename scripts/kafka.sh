# Part of engines.sh, which reads it in: Java, Kafka and MirrorMaker 2.
#   Java    the system's, where it is 17 or newer; otherwise Debian's headless JRE, unpacked into $root.
#   Kafka   from Maven's repository at the versions and SHA-256 sums in kafka.txt, by Maven, which knows the
#           repository, its mirrors and proxies from this machine's own settings; Debian's Maven is unpacked
#           where there is none. Nothing is run that does not have the sum in the list.
# Then one broker starts once, so that the classes it loads are kept as the JVM likes them (class data
# sharing): every later start takes half the time.
# shellcheck shell=bash disable=SC2154  # $root, $here, say, die and unpack are engines.sh's

java_in() { # java_in PROGRAM: it is Java 17 or newer
  local v; v=$("$1" -version 2>&1 | sed -nE '1s/.*version "([0-9]+).*/\1/p')
  [ -n "$v" ] && [ "$v" -ge 17 ]
}

find_java() {
  local j
  for j in "$(command -v java || true)" "$root"/usr/lib/jvm/*/bin/java; do
    if [ -x "$j" ] && java_in "$j"; then readlink -f "$j"; return; fi
  done
  return 1
}

# A package that is unpacked finds its configuration by absolute links: they must stay inside $root.
relink() { # relink DIR
  local l t
  find "$1" -type l | while read -r l; do
    t=$(readlink "$l")
    if [ "${t#/}" != "$t" ] && [ "${t#"$root"}" = "$t" ] && [ -e "$root$t" ]; then ln -sfn "$root$t" "$l"; fi
  done
}

# What a headless JRE declares for printing, sound, fonts and smart cards, and what its own scripts would lay.
not_for_us='ca-certificates-java|java-common|default-jre-headless|openjdk-.*|libcups2|libavahi.*|libdbus-.*|libfontconfig1|fontconfig.*|fonts-.*|libfreetype6|libharfbuzz.*|libgraphite.*|libglib.*|libpng.*|libbrotli.*|liblcms2-2|libjpeg.*|libnss3|libnspr4|libpcsclite1|libasound2.*|libgnutls.*|libp11-.*|libtasn.*|libunistring.*|libidn.*|libnettle.*|libhogweed.*|libkrb5.*|libk5crypto.*|libgssapi.*|libkeyutils.*|libsqlite.*|libexpat.*|libbsd.*|libmd.*'

install_java() {
  local v
  fresh_lists
  for v in 17 21 25; do
    if apt-cache "${apt[@]}" show "openjdk-$v-jre-headless" >/dev/null 2>&1; then
      unpack_only "openjdk-$v-jre-headless"
      relink "$root/usr/lib/jvm"
      return
    fi
  done
  die "no Java 17 or newer among this system's packages; install one and run again"
}

unpack_only() { # unpack_only PACKAGE...: these, and nothing that they need
  say "unpacking $*"
  local work deb; work=$(mktemp -d "$root/unpack.XXXXXX")
  (cd "$work" && apt-get "${apt[@]}" download "$@" >&2)
  for deb in "$work"/*.deb; do dpkg-deb -x "$deb" "$root"; done
  rm -rf "$work"
}

# Java trusts a file in a form of its own, which a package's script makes from the system's list of
# authorities when it is installed. Ours is not installed, so the same file is made here.
trust() {
  "$python" - /etc/ssl/certs/ca-certificates.crt "$1" <<'PY'
import hashlib, ssl, struct, sys, time
pem = open(sys.argv[1]).read()
end = "-----END CERTIFICATE-----"
certificates = [ssl.PEM_cert_to_DER_cert(p.strip() + "\n" + end) for p in pem.split(end) if "BEGIN CERTIFICATE" in p]
text = lambda s: struct.pack(">H", len(s)) + s.encode()
body = struct.pack(">III", 0xFEEDFEED, 2, len(certificates))
for i, c in enumerate(certificates):
    body += struct.pack(">I", 2) + text("authority%d" % i) + struct.pack(">Q", int(time.time() * 1000))
    body += text("X.509") + struct.pack(">I", len(c)) + c
seal = hashlib.sha1("changeit".encode("utf-16-be") + b"Mighty Aphrodite" + body).digest()
open(sys.argv[2], "wb").write(body + seal)
PY
}

find_maven() {
  local m=$root/usr/share/maven
  if command -v mvn >/dev/null 2>&1; then mvn=(mvn); return; fi
  if [ ! -x "$m/bin/mvn" ]; then
    fresh_lists
    local need; mapfile -t need < <(apt-get "${apt[@]}" -s install --no-install-recommends maven 2>/dev/null \
      | awk '/^Inst/ {print $2}' | grep -vE "^($not_for_us)$")
    [ "${#need[@]}" -gt 0 ] || die "this system's packages have no maven; install it and run again"
    unpack_only "${need[@]}"
    relink "$root/usr/share/maven"
    relink "$root/usr/share/java"
  fi
  mvn=(env "MAVEN_OPTS=${MAVEN_OPTS:-} -Dmaven.conf=$root/etc/maven" "$m/bin/mvn")
}

fetch_jars() { # fetch_jars FOLDER: every artifact of kafka.txt, with nothing that it asks for itself
  local work; work=$(mktemp -d "$root/unpack.XXXXXX")
  {
    echo '<project><modelVersion>4.0.0</modelVersion><groupId>fournines</groupId><artifactId>kafka</artifactId><version>1</version><dependencies>'
    while IFS=': ' read -r group artifact version _; do
      echo "<dependency><groupId>$group</groupId><artifactId>$artifact</artifactId><version>$version</version>" \
        "<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions></dependency>"
    done <"$here/kafka.txt"
    echo '</dependencies></project>'
  } >"$work/pom.xml"
  local trusted=()
  if [ ! -e "$(dirname "$java")/../lib/security/cacerts" ]; then
    trust "$work/trusted"
    trusted=("-Djavax.net.ssl.trustStore=$work/trusted" "-Djavax.net.ssl.trustStorePassword=changeit" "-Djavax.net.ssl.trustStoreType=JKS")
  fi
  local home; home=$(dirname "$(dirname "$java")")
  (cd "$work" && JAVA_HOME=$home "${mvn[@]}" "${trusted[@]}" -B -q -Dstyle.color=never "-Dmaven.repo.local=$work/repository" \
    org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies "-DoutputDirectory=$1") >&2
  rm -rf "$work"
}

install_kafka() {
  local java mvn stamp=$root/kafka/.installed
  java=$(find_java) || { install_java; java=$(find_java) || die "the unpacked Java does not run"; }
  local want; want=$({ cat "$here/kafka.txt" "$here/kafka.sh"; echo "$java"; "$java" -version 2>&1; } | sha256sum)
  [ "$(cat "$stamp" 2>/dev/null)" = "$want" ] && return
  say "installing Kafka $(sed -nE 's/^org.apache.kafka:kafka_2.13:([^ ]*).*/\1/p' "$here/kafka.txt") into $root/kafka"
  find_maven
  rm -rf "$root/kafka.new"
  mkdir -p "$root/kafka.new/libs"
  fetch_jars "$root/kafka.new/libs"
  (cd "$root/kafka.new/libs" && sed -E 's/^[^:]+:([^:]+):([^ ]+) ([0-9a-f]{64})$/\3  \1-\2.jar/' "$here/kafka.txt" | sha256sum --quiet --strict -c -) >&2 \
    || die "what was fetched is not what kafka.txt lists: nothing of it is used"
  ln -s "$java" "$root/kafka.new/java"
  chmod -R a+rX "$root/kafka.new"
  rm -rf "$root/kafka"
  mv "$root/kafka.new" "$root/kafka"
  share_classes
  printf '%s\n' "$want" >"$stamp"
}

# share_classes lets one broker start, alone and on addresses of its own, and keeps the classes it loaded.
# Without the archive everything works as well, only slower, so a failure is said and not fatal.
share_classes() {
  local work path n pid; work=$(mktemp -d "$root/unpack.XXXXXX")
  path=$(LC_ALL=C; printf ':%s' "$root"/kafka/libs/*.jar); path=${path#:} # in the order in which brokers name them
  cat >"$work/server.properties" <<EOF
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.250.250.250:9093
listeners=PLAINTEXT://127.250.250.250:9092,CONTROLLER://127.250.250.250:9093
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs=$work/data
log.cleaner.dedupe.buffer.size=8388608
EOF
  local run=("$java" -Xmx192m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$path")
  if "${run[@]}" kafka.tools.StorageTool format -t AAAAAAAAAAAAAAAAAAAAAQ -c "$work/server.properties" >"$work/log" 2>&1; then
    "${run[@]}" "-XX:ArchiveClassesAtExit=$root/kafka/classes.jsa" kafka.Kafka "$work/server.properties" >>"$work/log" 2>&1 &
    pid=$!
    for ((n = 0; n < 600; n++)); do
      kill -0 "$pid" 2>/dev/null || break
      if (exec 3<>/dev/tcp/127.250.250.250/9092) 2>/dev/null; then break; fi
      sleep 0.2
    done
    kill "$pid" 2>/dev/null || true
    wait "$pid" || true
  fi
  if [ -s "$root/kafka/classes.jsa" ]; then chmod a+r "$root/kafka/classes.jsa"
  else say "no archive of Kafka's classes could be made; brokers start slower: $(tail -n 1 "$work/log")"; fi
  rm -rf "$work"
}
