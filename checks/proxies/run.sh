#!/usr/bin/env bash
# Our stream through the reverse proxies of Debian, as they are configured by default or as
# docs/proxies.md says they have to be: nothing is held back, and the server hears that the client
# has gone. What a proxy does differently is named in src/differences.rs.
#
# On loopback only. Fails where it cannot run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}

../../.ci/need apache2 caddy haproxy lighttpd nginx squid varnish
PATH=$PATH:/usr/sbin
export PATH

cargo build --quiet --locked
# Some proxies become another user, who has to be able to read it.
work=$(mktemp --directory --tmpdir proxies.XXXXXX)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
timeout --kill-after=5 85 "$CARGO_TARGET_DIR/debug/proxies" "$work"
