//! Starts a real proxy in the foreground, on free ports, and stops it by its pid.

use std::{
    fs,
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use crate::support::process::Process;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Nginx,
    Haproxy,
    HaproxyForwarded,
    /// With `host=` in the element.
    HaproxyForwardedHost,
    Apache,
    Nghttpx,
    /// With `Forwarded` that names clients by address.
    NghttpxForwarded,
    Caddy,
    /// For every host name.
    CaddyAnyHost,
    Traefik,
    /// With middlewares that strip prefixes.
    TraefikPrefix,
    Envoy,
    /// Behind another proxy.
    NginxInner,
    /// Behind another proxy.
    HaproxyInner,
    /// In front of three replicas.
    HaproxyReplicas,
    /// With two origins, and 301 for plain http.
    NginxArticle,
    /// With only these directives.
    NginxWith(&'static [&'static str]),
    /// With a configuration of its own.
    Own(&'static Own),
}

/// A program, a name, and the configuration. The program starts with the first file.
#[derive(Debug, PartialEq, Eq)]
pub struct Own {
    pub name: &'static str,
    pub program: Program,
    pub files: &'static [(&'static str, &'static str)],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    Nginx,
    Haproxy,
    Apache,
    Caddy,
    Traefik,
    Envoy,
}

impl Program {
    /// The command that starts it with this configuration.
    fn command(self, file: &str) -> (&'static str, Vec<String>) {
        let (program, arguments): (_, &[&str]) = match self {
            Self::Nginx => ("nginx", &["-c", file]),
            Self::Haproxy => ("haproxy", &["-f", file]),
            Self::Apache => ("apache2", &["-f", file, "-DFOREGROUND"]),
            Self::Caddy => (
                "caddy",
                &["run", "--adapter", "caddyfile", "--config", file],
            ),
            Self::Traefik => ("traefik", &["--configfile", file]),
            Self::Envoy => (
                "envoy",
                &[
                    "--disable-hot-restart",
                    "--concurrency",
                    "1",
                    "-l",
                    "error",
                    "-c",
                    file,
                ],
            ),
        };
        let arguments = arguments.iter().map(|argument| (*argument).to_owned());
        (program, arguments.collect())
    }
}

/// How the proxy reaches the app.
#[derive(Clone, Debug)]
pub enum Upstream {
    Http1(SocketAddr),
    Http2(SocketAddr),
    Unix(PathBuf),
    /// Three replicas, over HTTP/1.1.
    Replicas([SocketAddr; 3]),
}

impl Upstream {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Http1(_) => "HTTP/1.1",
            Self::Http2(_) => "HTTP/2",
            Self::Unix(_) => "Unix socket",
            Self::Replicas(_) => "three HTTP/1.1",
        }
    }
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Haproxy => "haproxy",
            Self::HaproxyForwarded => "haproxy-forwarded",
            Self::HaproxyForwardedHost => "haproxy-forwarded-host",
            Self::NghttpxForwarded => "nghttpx-forwarded",
            Self::CaddyAnyHost => "caddy-any-host",
            Self::TraefikPrefix => "traefik-prefix",
            Self::Apache => "apache",
            Self::Nghttpx => "nghttpx",
            Self::Caddy => "caddy",
            Self::Traefik => "traefik",
            Self::Envoy => "envoy",
            Self::NginxInner => "nginx-inner",
            Self::HaproxyInner => "haproxy-inner",
            Self::HaproxyReplicas => "haproxy-replicas",
            Self::NginxArticle => "nginx-article",
            Self::NginxWith(_) => "nginx-with",
            Self::Own(own) => own.name,
        }
    }

    /// Whether the proxy can connect to the app in this way.
    pub fn can(self, upstream: &Upstream) -> bool {
        !matches!(
            (self, upstream),
            (Self::Nginx, Upstream::Http2(_)) | (Self::Traefik, Upstream::Unix(_))
        )
    }

    fn files(self) -> &'static [(&'static str, &'static str)] {
        macro_rules! files {
            ($($name:literal),*) => {
                &[$(($name, include_str!(concat!("../proxies/", $name)))),*]
            };
        }
        match self {
            Self::Nginx => files!["nginx.conf"],
            Self::Haproxy => files!["haproxy.cfg"],
            Self::HaproxyForwarded => files!["haproxy-forwarded.cfg"],
            Self::Apache => files!["apache.conf"],
            Self::HaproxyForwardedHost => files!["haproxy-forwarded-host.cfg"],
            Self::Nghttpx | Self::NghttpxForwarded => &[],
            Self::CaddyAnyHost => files!["CaddyfileAnyHost"],
            Self::TraefikPrefix => files!["traefik.yml", "traefik-prefix.yml"],
            Self::Caddy => files!["Caddyfile"],
            Self::Traefik => files!["traefik.yml", "traefik-routes.yml"],
            Self::Envoy => files!["envoy.yaml"],
            Self::NginxInner => files!["nginx-inner.conf"],
            Self::HaproxyInner => files!["haproxy-inner.cfg"],
            Self::HaproxyReplicas => files!["haproxy-replicas.cfg"],
            Self::NginxArticle => files!["nginx-article.conf"],
            Self::NginxWith(_) => files!["nginx-with.conf"],
            Self::Own(own) => own.files,
        }
    }

    fn command(self, dir: &Path, [port, second]: [u16; 2], upstream: &Upstream) -> Command {
        let file = |name: &str| dir.join(name).display().to_string();
        let (program, arguments): (&str, Vec<String>) = match self {
            Self::Nginx | Self::NginxInner | Self::NginxArticle | Self::NginxWith(_) => {
                Program::Nginx.command(&file(self.files()[0].0))
            }
            Self::Haproxy
            | Self::HaproxyForwarded
            | Self::HaproxyForwardedHost
            | Self::HaproxyInner
            | Self::HaproxyReplicas => Program::Haproxy.command(&file(self.files()[0].0)),
            Self::Apache => Program::Apache.command(&file("apache.conf")),
            Self::Caddy | Self::CaddyAnyHost => Program::Caddy.command(&file(self.files()[0].0)),
            Self::Traefik | Self::TraefikPrefix => Program::Traefik.command(&file("traefik.yml")),
            Self::Envoy => Program::Envoy.command(&file("envoy.yaml")),
            Self::Own(own) => own.program.command(&file(own.files[0].0)),
            Self::Nghttpx | Self::NghttpxForwarded => {
                let backend = match upstream {
                    Upstream::Http1(address) => format!("-b{},{}", address.ip(), address.port()),
                    Upstream::Http2(address) => {
                        format!("-b{},{};/;proto=h2", address.ip(), address.port())
                    }
                    Upstream::Unix(path) => format!("-bunix:{}", path.display()),
                    Upstream::Replicas(_) => unreachable!("nghttpx is asked for one"),
                };
                let mut arguments = vec![
                    format!("-f127.0.0.1,{port}"),
                    format!("-f::1,{port}"),
                    format!("-f127.0.0.1,{second};no-tls"),
                    backend,
                    file("key.pem"),
                    file("cert.pem"),
                ];
                arguments.extend(
                    [
                        "--conf=/dev/null",
                        "--add-x-forwarded-for",
                        "--add-forwarded=by,for,host,proto",
                        "--add-request-header=x-origin-verify: s3cret",
                        "--no-server-rewrite",
                        "--no-ocsp",
                        "--workers=1",
                        "--no-http2-cipher-block-list",
                        "--request-header-field-buffer=65536",
                        "--log-level=ERROR",
                    ]
                    .map(String::from),
                );
                if self == Self::NghttpxForwarded {
                    arguments.push("--forwarded-for=ip".to_owned());
                }
                ("nghttpx", arguments)
            }
        };
        let mut command = Command::new(program);
        command.args(arguments).current_dir(dir).env("HOME", dir);
        command
    }
}

/// A running proxy.
pub struct Proxy {
    pub address: SocketAddr,
    /// The second port, if the proxy listens on two.
    pub second: u16,
    process: Option<Process>,
    kind: Kind,
    upstream: Upstream,
    dir: TempDir,
}

impl Proxy {
    /// Starts the proxy, and waits until it listens.
    ///
    /// # Panics
    ///
    /// If it does not listen. The message contains its log.
    pub fn start(kind: Kind, upstream: &Upstream, certificate: &Certificate) -> Self {
        Self::start_filled(kind, upstream, certificate, &[])
    }

    /// The same, with more values for the placeholders in its configuration.
    ///
    /// # Panics
    ///
    /// If it does not listen. The message contains its log.
    pub fn start_filled(
        kind: Kind,
        upstream: &Upstream,
        certificate: &Certificate,
        more: &[(&str, &str)],
    ) -> Self {
        let dir = tempfile::Builder::new()
            .prefix(kind.name())
            .tempdir()
            .unwrap();
        let (port, second) = (free_port(), free_port());
        certificate.write(dir.path());
        for (name, template) in kind.files() {
            let mut text = fill(template, dir.path(), [port, second], upstream);
            if kind == Kind::TraefikPrefix {
                text = text.replace("traefik-routes.yml", "traefik-prefix.yml");
            }
            if let Kind::NginxWith(directives) = kind {
                text = text.replace("@FIELDS@", &directives.join("\n"));
            }
            for (mark, value) in more {
                text = text.replace(mark, value);
            }
            fs::write(dir.path().join(name), text).unwrap();
        }
        let mut proxy = Self {
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            second,
            process: None,
            kind,
            upstream: upstream.clone(),
            dir,
        };
        proxy.restart();
        proxy
    }

    /// Stops the proxy if it runs, starts it at the same address, and waits until it listens.
    ///
    /// # Panics
    ///
    /// If it does not listen. The message contains its log.
    pub fn restart(&mut self) {
        self.process = None;
        let dir = self.dir.path();
        let ports = [self.address.port(), self.second];
        let mut command = self.kind.command(dir, ports, &self.upstream);
        // Check both addresses, because a proxy may listen on one before the other.
        let addresses = [self.address, self.v6()];
        let process = self.process.insert(Process::start(&mut command));
        process.wait_until("listens", || {
            addresses
                .iter()
                .all(|address| TcpStream::connect(address).is_ok())
        });
    }

    pub fn v6(&self) -> SocketAddr {
        SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, self.address.port()))
    }
}

fn fill(template: &str, dir: &Path, [port, second]: [u16; 2], upstream: &Upstream) -> String {
    let mut more = [String::new(), String::new()];
    let (mark, tcp, socket) = match upstream {
        Upstream::Replicas([one, two, three]) => {
            more = [two.to_string(), three.to_string()];
            ("#h1#", Some(one), "")
        }
        Upstream::Http1(address) => ("#h1#", Some(address), ""),
        Upstream::Http2(address) => ("#h2#", Some(address), ""),
        Upstream::Unix(path) => ("#unix#", None, path.to_str().unwrap()),
    };
    let text = |value: Option<String>| value.unwrap_or_default();
    template
        .lines()
        .filter_map(|line| match line.strip_prefix(mark) {
            Some(line) => Some(line),
            None if ["#h1#", "#h2#", "#unix#"]
                .iter()
                .any(|mark| line.starts_with(mark)) =>
            {
                None
            }
            None => Some(line),
        })
        .map(|line| format!("{line}\n"))
        .collect::<String>()
        .replace("@DIR@", dir.to_str().unwrap())
        .replace("@PORT@", &port.to_string())
        .replace("@PORT2@", &second.to_string())
        .replace("@TCP2@", &more[0])
        .replace("@TCP3@", &more[1])
        .replace("@TCP@", &text(tcp.map(ToString::to_string)))
        .replace("@HOST@", &text(tcp.map(|address| address.ip().to_string())))
        .replace(
            "@UPPORT@",
            &text(tcp.map(|address| address.port().to_string())),
        )
        .replace("@SOCKET@", socket)
}

/// A port that is free on both loopback addresses.
pub fn free_port() -> u16 {
    loop {
        let v4 = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = v4.local_addr().unwrap().port();
        if TcpListener::bind(("::1", port)).is_ok() {
            return port;
        }
    }
}

/// A certificate for one test.
pub struct Certificate {
    pub der: rustls::pki_types::CertificateDer<'static>,
    cert: String,
    key: String,
    /// The authority whose certificates clients may present.
    pub clients: Option<String>,
}

impl Certificate {
    pub fn new() -> Self {
        let names = ["localhost", "api.example.test", "127.0.0.1", "::1"].map(String::from);
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        Self {
            der: made.cert.der().clone(),
            cert: made.cert.pem(),
            key: made.signing_key.serialize_pem(),
            clients: None,
        }
    }

    fn write(&self, dir: &Path) {
        fs::write(dir.join("cert.pem"), &self.cert).unwrap();
        fs::write(dir.join("key.pem"), &self.key).unwrap();
        if let Some(clients) = &self.clients {
            fs::write(dir.join("clients.pem"), clients).unwrap();
        }
        fs::write(dir.join("both.pem"), format!("{}{}", self.cert, self.key)).unwrap();
    }
}
