#!/usr/bin/env bash
# sse-codec-redis with real Redis servers: its tests; two nodes and 40 to 200 clients while Redis fails in
# every way we know, and a judge that holds the log of what was acknowledged; and, by request, that tests and
# judge find it when a rule of the protocol is left out.
#
#     checks/redis/run.sh             tests, TLS and the scenarios
#     checks/redis/run.sh faults      that leaving out a rule is found: a build each, so not in CI
#     checks/redis/run.sh faults X    only the faults whose name has X in it
#
# Each server has a port and a folder of its own and is ended by whoever started it. Persistence is said by
# each scenario (src/scenarios.rs): none, unless an AOF with its fsync mode is named. On loopback only.
# Fails where it cannot run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target} CARGO_INCREMENTAL=0
only_faults=${1-}
filter=${2-}
case $only_faults in
    '' | faults) ;;
    *)
        echo "what is \"$only_faults\"?" >&2
        exit 2
        ;;
esac

../../.ci/need redis-server redis-tools openssl
root=../..
if [ -z "$only_faults" ]; then
    cargo clippy --quiet --locked --manifest-path $root/Cargo.toml --package sse-codec-redis --no-deps \
        --all-targets --all-features -- -D warnings
    cargo test --quiet --locked --manifest-path $root/Cargo.toml --package sse-codec-redis
    ./tls.sh
    cargo build --quiet --locked --manifest-path $root/Cargo.toml --package sse-codec-redis --example cluster
    cargo test --quiet --locked
    cargo build --quiet --locked
    timeout --kill-after=5 400 "$CARGO_TARGET_DIR/debug/redis-check" "$CARGO_TARGET_DIR/debug/examples/cluster"
    exit
fi

# What has no alarm is not known to hold.
#
# plant FILE FROM TO…: what the source says once, said wrong.
copy=$CARGO_TARGET_DIR/redis-faults
plant() {
    rm -rf "$copy"
    mkdir -p "$copy"
    cp -r $root/sse-codec $root/sse-codec-tokio $root/sse-codec-redis $root/Cargo.lock "$copy"
    sed 's/, "benches"\]/]/; s/"sse-cli", //' $root/Cargo.toml >"$copy/Cargo.toml"
    while [ $# -gt 0 ]; do
        FROM=$2 TO=$3 perl -0pi -e '
            s/\Q$ENV{FROM}\E/$ENV{TO}/ or die "$ARGV: the source does not say \"$ENV{FROM}\"\n"' \
            "$copy/sse-codec-redis/src/$1"
        shift 3
    done
}
bad=0
wanted() { [[ -z $filter || $1 == *"$filter"* ]]; }
# Apart, so that nothing that was built wrong stays among the rest.
faulty=${FAULTS_TARGET_DIR:-$CARGO_TARGET_DIR/with-faults}
inside() { (cd "$copy" && CARGO_TARGET_DIR=$faulty cargo "$@"); }

# fault NAME TEST-FILE TEST FILE FROM TO…: the test has to fail.
fault() {
    local name=$1 file=$2 test=$3
    shift 3
    wanted "$name" || return 0
    plant "$@"
    inside test --quiet --package sse-codec-redis --test "$file" --no-run >"$copy/said" 2>&1 ||
        { cat "$copy/said"; exit 1; }
    if inside test --quiet --package sse-codec-redis --test "$file" -- "$test" >"$copy/said" 2>&1; then
        echo "not found: $name"
        bad=1
        return 0
    fi
    grep -q 'panicked' "$copy/said" || { cat "$copy/said"; exit 1; }
    echo "found: $name"
}

# judged NAME SCENARIO FILE FROM TO…: the judge has to say so.
judged() {
    local name=$1 scenario=$2
    shift 2
    wanted "$name" || return 0
    plant "$@"
    inside build --quiet --package sse-codec-redis --example cluster >"$copy/said" 2>&1 ||
        { cat "$copy/said"; exit 1; }
    cargo build --quiet --locked
    for _ in 1 2 3; do
        if ! "$CARGO_TARGET_DIR/debug/redis-check" "$faulty/debug/examples/cluster" \
            "$scenario" >"$copy/said" 2>&1; then
            grep -q ' faults$' "$copy/said" || { cat "$copy/said"; exit 1; }
            echo "judged: $name"
            return
        fi
    done
    echo "not judged: $name"
    bad=1
}

fault 'a deleted stream goes on' faults a_stream_that_was_deleted \
    append.lua "string.sub(id,-2) == '-0'" "false"
fault 'a token stands for nothing' faults a_publish_that_was_not_answered \
    append.lua "if was then return" "if false then return"
fault 'epochs are numbers' faults epochs_rise \
    append.lua "redis.call('HSET',KEYS[2],'n',floor); redis.call('HINCRBY',KEYS[2],'n',1+tonumber(ARGV[2])); e = redis.call('HGET',KEYS[2],'n')" \
    "e = string.format('%.0f', tonumber(floor)+1)"
fault 'epochs do not rise' faults epochs_rise \
    append.lua "if not less(floor,e) then" "if false then"
fault 'every process makes a change of its own' faults many_processes \
    ensure.lua "m[2]==hist and" "false and"
fault 'a restart is the same history' faults one_that_has_forgotten_nothing \
    ensure.lua "m[2]==hist and" "" append.lua "m[2] == hist" "true"
fault 'what Redis has lost is forgotten' faults events_that_are_gone \
    reader.rs "last.epoch == cursor.epoch && last < cursor" "false"
fault 'a bell is always whole' faults a_bell_that_has_lost \
    reader.rs "if is_whole {" "if is_whole || true {"
fault 'a bell only rises' faults a_bell_that_rings_with_lower \
    reader.rs "if last < bell.heard {" "if false {"
fault 'another history ends connections' faults another_history_is_found \
    reader.rs "if history(&info)? != &*conn.history {" "if false {"
fault 'nothing is beyond the ring' faults a_process_that_is_behind \
    pages.rs "if last.epoch != after.epoch || last.seq < after.seq {" "if last != (Id { seq: after.seq + 99, ..after }) {"
fault 'every client reads for itself' faults clients_that_want_the_same \
    pages.rs "if !is_fresh && let Some(read) = node.pages.find(&key) {" "if false && let Some(read) = node.pages.find(&key) {" \
    pages.rs "let batch = node.pages.batch(&key);" "let batch = Arc::new(Batch::default());"
fault 'a look at the bell is cut short' faults a_process_that_hears_nothing \
    link.rs "self.timeout + blocks" "self.timeout / 2"
fault 'a connection that failed is used again' faults a_replica_with_a_hole \
    link.rs "if error.ends_connection() {" "if false {" reader.rs "if read.is_err() {" "if false {"
fault 'WAIT is not looked at' faults what_replicas_have_not \
    confirm.rs "if replicas < self.count =>" "if false && replicas < self.count =>"
fault 'evicting is allowed' access a_redis_that_will_not_do \
    link.rs 'Some("noeviction") => Ok(()),' 'Some("noeviction" | "allkeys-lru") => Ok(()),'
fault 'one bad topic stops all' topics one_topic_that_is_no_stream \
    reader.rs "Err(error) if error.ends_connection() => Err(error)," "Err(error) if true => Err(error),"

judged 'history is not looked at' hole \
    append.lua "m[2] == hist" "true" ensure.lua "m[2]==hist and" ""
judged 'history is not looked at by two masters' two-masters \
    append.lua "m[2] == hist" "true" ensure.lua "m[2]==hist and" ""
judged 'an old AOF goes on' older-aof \
    append.lua "m[2] == hist" "true" ensure.lua "m[2]==hist and" ""
judged 'an ID ahead is unknown' behind \
    pages.rs "if last.epoch != after.epoch || last.seq < after.seq {" "if last != (Id { seq: after.seq + 99, ..after }) {"
judged 'a deleted stream counts on' del \
    append.lua "string.sub(id,-2) == '-0'" "false"

exit $bad
