//! The proxies, each in front of both servers.

use std::{error::Error, fs, io, net::TcpListener, path::Path, process::Stdio, time::Duration};

use tokio::{
    net::TcpStream,
    process::{Child, Command},
    time::{sleep, timeout},
};

use crate::origin::{Kind, Origin};

pub struct Proxy {
    pub name: &'static str,
    pub compresses: bool,
    program: &'static str,
    arguments: &'static [&'static str],
    /// The files, by name. In them and in the arguments `{directory}` is their directory; `{serve}`
    /// and `{body}` are the ports of the servers, `{for_serve}` and `{for_body}` those of the proxy.
    files: &'static [(&'static str, &'static str)],
}

pub struct Running {
    _process: Child,
    serve: String,
    body: String,
}

impl Running {
    pub fn address(&self, kind: Kind) -> &str {
        match kind {
            Kind::Serve => &self.serve,
            Kind::Body => &self.body,
        }
    }
}

impl Proxy {
    pub async fn start(
        &self,
        directory: &Path,
        origin: &Origin,
    ) -> Result<Running, Box<dyn Error>> {
        let path = directory.to_str().ok_or("a directory that is no text")?;
        let (serve, body) = (free_port()?, free_port()?);
        let fill_in = |text: &str| {
            text.replace("{directory}", path)
                .replace("{for_serve}", &serve.to_string())
                .replace("{for_body}", &body.to_string())
                .replace("{serve}", &origin.serve.port().to_string())
                .replace("{body}", &origin.body.port().to_string())
        };
        for (name, text) in self.files {
            fs::write(directory.join(name), fill_in(text))?;
        }
        let log = fs::File::create(directory.join("log"))?;
        let arguments = self.arguments.iter().map(|text| fill_in(text));
        let process = Command::new(self.program)
            .args(arguments)
            .env("HOME", path)
            .env("XDG_DATA_HOME", path)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{}: {error}", self.program))?;
        let running = Running {
            _process: process,
            serve: format!("127.0.0.1:{serve}"),
            body: format!("127.0.0.1:{body}"),
        };
        for address in [&running.serve, &running.body] {
            if timeout(Duration::from_secs(30), listens(address))
                .await
                .is_err()
            {
                let log = fs::read_to_string(directory.join("log"))?;
                return Err(format!("{} does not start:\n{log}", self.name).into());
            }
        }
        Ok(running)
    }
}

async fn listens(address: &str) {
    while TcpStream::connect(address).await.is_err() {
        sleep(Duration::from_millis(50)).await;
    }
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

pub fn all() -> [Proxy; 10] {
    [
        Proxy {
            name: "Apache",
            compresses: false,
            program: "apache2",
            arguments: &["-X", "-f", "{directory}/apache.conf"],
            files: &[("apache.conf", APACHE)],
        },
        Proxy {
            name: "Apache with DEFLATE",
            compresses: true,
            program: "apache2",
            arguments: &[
                "-X",
                "-f",
                "{directory}/apache.conf",
                "-c",
                "SetOutputFilter DEFLATE",
            ],
            files: &[("apache.conf", APACHE)],
        },
        Proxy {
            name: "Caddy",
            compresses: false,
            program: "caddy",
            arguments: &[
                "run",
                "--adapter",
                "caddyfile",
                "--config",
                "{directory}/Caddyfile",
            ],
            files: &[("Caddyfile", CADDY)],
        },
        Proxy {
            name: "HAProxy",
            compresses: false,
            program: "haproxy",
            arguments: &["-db", "-q", "-f", "{directory}/haproxy.cfg"],
            files: &[("haproxy.cfg", HAPROXY)],
        },
        Proxy {
            name: "lighttpd",
            compresses: false,
            program: "lighttpd",
            arguments: &["-D", "-f", "{directory}/lighttpd.conf"],
            files: &[("lighttpd.conf", LIGHTTPD)],
        },
        Proxy {
            name: "lighttpd, streaming",
            compresses: false,
            program: "lighttpd",
            arguments: &["-D", "-f", "{directory}/streaming.conf"],
            files: &[
                ("lighttpd.conf", LIGHTTPD),
                (
                    "streaming.conf",
                    "include \"lighttpd.conf\"\nserver.stream-response-body = 1\n",
                ),
            ],
        },
        Proxy {
            name: "nginx",
            compresses: false,
            program: "nginx",
            arguments: &[
                "-p",
                "{directory}",
                "-e",
                "stderr",
                "-c",
                "{directory}/nginx.conf",
            ],
            files: &[("nginx.conf", NGINX), ("http.conf", "")],
        },
        Proxy {
            name: "nginx with gzip",
            compresses: true,
            program: "nginx",
            arguments: &[
                "-p",
                "{directory}",
                "-e",
                "stderr",
                "-c",
                "{directory}/nginx.conf",
            ],
            files: &[
                ("nginx.conf", NGINX),
                (
                    "http.conf",
                    "proxy_http_version 1.1; gzip on; gzip_types text/event-stream;",
                ),
            ],
        },
        Proxy {
            name: "Squid",
            compresses: false,
            program: "squid",
            arguments: &["-N", "-f", "{directory}/squid.conf"],
            files: &[("squid.conf", SQUID)],
        },
        Proxy {
            name: "Varnish",
            compresses: false,
            program: "varnishd",
            arguments: &[
                "-F",
                "-j",
                "none",
                "-f",
                "{directory}/default.vcl",
                "-n",
                "{directory}/varnish",
                "-s",
                "malloc,16m",
                "-a",
                "127.0.0.1:{for_serve}",
                "-a",
                "127.0.0.1:{for_body}",
            ],
            files: &[("default.vcl", VARNISH)],
        },
    ]
}

const APACHE: &str = "
ServerRoot {directory}
PidFile {directory}/pid
ServerName localhost
ErrorLog /dev/stderr
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
LoadModule filter_module /usr/lib/apache2/modules/mod_filter.so
LoadModule deflate_module /usr/lib/apache2/modules/mod_deflate.so
Listen 127.0.0.1:{for_serve}
Listen 127.0.0.1:{for_body}
<VirtualHost 127.0.0.1:{for_serve}>
    ProxyPass / http://127.0.0.1:{serve}/
</VirtualHost>
<VirtualHost 127.0.0.1:{for_body}>
    ProxyPass / http://127.0.0.1:{body}/
</VirtualHost>
";

const CADDY: &str = "
{
    admin off
    auto_https off
}
:{for_serve} {
    bind 127.0.0.1
    reverse_proxy 127.0.0.1:{serve}
}
:{for_body} {
    bind 127.0.0.1
    reverse_proxy 127.0.0.1:{body}
}
";

const HAPROXY: &str = "
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
listen serve
    bind 127.0.0.1:{for_serve}
    server origin 127.0.0.1:{serve}
listen body
    bind 127.0.0.1:{for_body}
    server origin 127.0.0.1:{body}
";

const LIGHTTPD: &str = "
server.modules = (\"mod_proxy\")
server.document-root = \"{directory}\"
server.bind = \"127.0.0.1\"
server.port = {for_serve}
$SERVER[\"socket\"] == \"127.0.0.1:{for_serve}\" {
    proxy.server = (\"\" => ((\"host\" => \"127.0.0.1\", \"port\" => {serve})))
}
$SERVER[\"socket\"] == \"127.0.0.1:{for_body}\" {
    proxy.server = (\"\" => ((\"host\" => \"127.0.0.1\", \"port\" => {body})))
}
";

const NGINX: &str = "
daemon off;
master_process off;
pid {directory}/pid;
events {}
http {
    access_log off;
    client_body_temp_path {directory}/client;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    include {directory}/http.conf;
    server {
        listen 127.0.0.1:{for_serve};
        location / { proxy_pass http://127.0.0.1:{serve}; }
    }
    server {
        listen 127.0.0.1:{for_body};
        location / { proxy_pass http://127.0.0.1:{body}; }
    }
}
";

const SQUID: &str = "
http_port 127.0.0.1:{for_serve} accel defaultsite=serve
http_port 127.0.0.1:{for_body} accel defaultsite=body
acl to_serve localport {for_serve}
cache_peer 127.0.0.1 parent {serve} 0 no-query originserver name=serve
cache_peer 127.0.0.1 parent {body} 0 no-query originserver name=body
cache_peer_access serve allow to_serve
cache_peer_access body deny to_serve
http_access allow all
cache deny all
access_log none
cache_log /dev/null
pid_filename none
shutdown_lifetime 0 seconds
";

const VARNISH: &str = "
vcl 4.1;
import std;
backend serve { .host = \"127.0.0.1\"; .port = \"{serve}\"; }
backend body { .host = \"127.0.0.1\"; .port = \"{body}\"; }
sub vcl_recv {
    if (std.port(server.ip) == {for_body}) {
        set req.backend_hint = body;
    }
}
";
