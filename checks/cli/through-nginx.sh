#!/usr/bin/env bash
# `sse serve` behind nginx with TLS, and `sse tail` before it: nginx is stopped and started again in the
# middle, the client is too, and every line of the input comes out once.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
.ci/need nginx openssl
sse=$(realpath "${1:-target/debug/sse}")

room=$(mktemp -d)
pids=()
end() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    [ ! -s "$room/nginx.pid" ] || kill "$(cat "$room/nginx.pid")" 2>/dev/null || true
    rm -rf "$room"
}
trap end EXIT
cd "$room"

# An authority of this check's own.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
    -subj '/CN=check' -keyout ca.key -out ca.pem 2>openssl.log
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/CN=localhost' \
    -keyout server.key -out server.csr 2>>openssl.log
echo 'subjectAltName=DNS:localhost' >extensions
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
    -extfile extensions -out server.pem 2>>openssl.log

# 600 lines in some 12 s.
mkfifo lines
touch serve.log
"$sse" serve 127.0.0.1:0 --exit <lines 2>serve.log &
pids+=($!)
(for number in $(seq 600); do echo "$number" && sleep 0.02; done) >lines &
pids+=($!)
until url=$(sed -n 's/^sse: stream: //p' serve.log) && [ -n "$url" ]; do sleep 0.05; done

port=$((20000 + RANDOM % 20000))
cat >nginx.conf <<END
pid $room/nginx.pid;
error_log $room/nginx.log;
events {}
http {
    access_log off;
    client_body_temp_path $room/body;
    proxy_temp_path $room/proxy;
    fastcgi_temp_path $room/fastcgi;
    uwsgi_temp_path $room/uwsgi;
    scgi_temp_path $room/scgi;
    server {
        listen 127.0.0.1:$port ssl http2;
        ssl_certificate $room/server.pem;
        ssl_certificate_key $room/server.key;
        location / { proxy_pass ${url%/events}; }
    }
}
END
nginx -c "$room/nginx.conf" 2>>nginx.log
tail=("$sse" tail --cacert ca.pem --state state -o data -e message "https://localhost:$port/events")

# The first run: 100 lines and more, over three nginxes.
"${tail[@]}" -n 300 >first 2>first.log &
client=$!
pids+=("$client")
for _ in 1 2; do
    sleep 1.5
    kill "$(cat nginx.pid)"
    sleep 0.5
    nginx -c "$room/nginx.conf" 2>>nginx.log
done
wait "$client"
# The second goes on where that one ended, to the end of the input.
"${tail[@]}" --until 600 >second 2>second.log

cat first second <(echo 600) >all
first=$(head -1 all)
seq "$first" 600 | cmp - all
breaks=$(grep -c 'again in' first.log)
[ "$breaks" -ge 2 ]
grep -q 'HTTP/2.0 200' first.log
echo "through nginx $(nginx -v 2>&1 | cut -d/ -f2) with TLS and HTTP/2, $breaks breaks, two runs:" \
    "lines $first to 600, each once"
