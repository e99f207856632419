//! The opt-in layers of a configuration, as plain data.

use std::{collections::BTreeSet, time::Duration};

use super::{
    error::ConfigError,
    keys::{Entry, Keys},
};
use crate::{
    host_pattern::HostPattern,
    opt_in::{
        allowed_hosts::AllowedHostsLayer, https_redirect::HttpsRedirectLayer,
        location::LocationLayer, trusted_peers::TrustedPeersLayer,
    },
    outbound::OutboundLayer,
    resolution::Finding,
};

/// What a configuration says of the opt-in layers. `None` is a layer that is off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct OptIns {
    pub(super) trusted_peers: Option<TrustedPeers>,
    pub(super) allowed_hosts: Option<AllowedHosts>,
    pub(super) reject: Option<Vec<Finding>>,
    pub(super) https_redirect: Option<HttpsRedirect>,
    pub(super) location: Option<Location>,
    pub(super) outbound: Option<OutboundLayer>,
}

impl OptIns {
    pub(super) fn read(keys: &mut Keys) -> Result<Self, ConfigError> {
        Ok(Self {
            trusted_peers: TrustedPeers::read(keys)?,
            allowed_hosts: AllowedHosts::read(keys)?,
            reject: keys.read("reject", Entry::filled)?,
            https_redirect: HttpsRedirect::read(keys)?,
            location: Location::read(keys)?,
            outbound: outbound(keys)?,
        })
    }
}

/// Whether a layer is on. Fails if it is not named and one of its options is.
fn is_on(keys: &mut Keys, layer: &str) -> Result<bool, ConfigError> {
    let is_on = keys.read(layer, Entry::switch)?;
    if is_on.is_none() {
        keys.without(layer, &format!("`{layer} = true`"))?;
    }
    Ok(is_on.unwrap_or_default())
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TrustedPeers {
    exempt_paths: Vec<String>,
}

impl TrustedPeers {
    fn read(keys: &mut Keys) -> Result<Option<Self>, ConfigError> {
        let is_on = is_on(keys, "trusted_peers")?;
        let exempt_paths = keys.read("trusted_peers_exempt_paths", Entry::paths)?;
        Ok(is_on.then(|| Self {
            exempt_paths: exempt_paths.unwrap_or_default(),
        }))
    }

    pub(super) fn layer(&self) -> TrustedPeersLayer {
        let paths = self.exempt_paths.iter();
        paths.fold(TrustedPeersLayer::new(), |layer, path| {
            layer.exempt_path(path)
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AllowedHosts {
    hosts: Vec<HostPattern>,
    addresses: bool,
    exempt_paths: Vec<String>,
    bad_request: bool,
}

impl AllowedHosts {
    fn read(keys: &mut Keys) -> Result<Option<Self>, ConfigError> {
        let hosts = keys.read("allowed_hosts", Entry::filled)?;
        if hosts.is_none() {
            keys.without("allowed_hosts", "the names of your service")?;
        }
        let addresses = keys.switch("allowed_hosts_addresses")?;
        let exempt_paths = keys.read("allowed_hosts_exempt_paths", Entry::paths)?;
        let bad_request = keys.read("allowed_hosts_status", |entry| match entry.text()? {
            "400" => Ok(true),
            "421" => Ok(false),
            text => Err(entry.invalid(text, "421 or 400")),
        })?;
        Ok(hosts.map(|hosts| Self {
            hosts,
            addresses,
            exempt_paths: exempt_paths.unwrap_or_default(),
            bad_request: bad_request.unwrap_or_default(),
        }))
    }

    pub(super) fn layer(&self) -> AllowedHostsLayer {
        let mut layer = AllowedHostsLayer::of(self.hosts.clone());
        if self.addresses {
            layer = layer.allow_addresses();
        }
        if self.bad_request {
            layer = layer.answer_bad_request();
        }
        let paths = self.exempt_paths.iter();
        paths.fold(layer, |layer, path| layer.exempt_path(path))
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HttpsRedirect {
    exempt_paths: Vec<String>,
    hsts: Option<Hsts>,
    moved_permanently_for_get: bool,
    ports: Vec<(u16, u16)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Hsts {
    max_age: Duration,
    include_subdomains: bool,
    preload: bool,
}

impl HttpsRedirect {
    fn read(keys: &mut Keys) -> Result<Option<Self>, ConfigError> {
        let is_on = is_on(keys, "https_redirect")?;
        let exempt_paths = keys.read("https_redirect_exempt_paths", Entry::paths)?;
        let hsts = Hsts::read(keys)?;
        let moved_permanently_for_get = keys.switch("https_redirect_moved_permanently_for_get")?;
        let ports = keys.read("https_redirect_ports", |entry| {
            let list = entry.list()?;
            let ports = list.iter().map(|text| {
                ports(text).ok_or_else(|| {
                    entry.invalid(text, "two ports as `8080:8443`, for http and for https")
                })
            });
            let ports = ports.collect::<Result<Vec<_>, _>>()?;
            let from: BTreeSet<u16> = ports.iter().map(|(http, _)| *http).collect();
            if from.len() < ports.len() {
                return Err(entry.wrong("a port for http is set twice: expected each once"));
            }
            Ok(ports)
        })?;
        Ok(is_on.then(|| Self {
            exempt_paths: exempt_paths.unwrap_or_default(),
            hsts,
            moved_permanently_for_get,
            ports: ports.unwrap_or_default(),
        }))
    }

    pub(super) fn layer(&self) -> HttpsRedirectLayer {
        let mut layer = HttpsRedirectLayer::new();
        if let Some(hsts) = self.hsts {
            layer = match hsts {
                Hsts {
                    max_age,
                    preload: true,
                    ..
                } => layer.hsts_with_preload(max_age),
                Hsts {
                    max_age,
                    include_subdomains: true,
                    ..
                } => layer.hsts_with_subdomains(max_age),
                Hsts { max_age, .. } => layer.hsts(max_age),
            };
        }
        if self.moved_permanently_for_get {
            layer = layer.moved_permanently_for_get();
        }
        for (http, https) in &self.ports {
            layer = layer.map_port(*http, *https);
        }
        let paths = self.exempt_paths.iter();
        paths.fold(layer, |layer, path| layer.exempt_path(path))
    }
}

/// `8080:8443`.
fn ports(text: &str) -> Option<(u16, u16)> {
    let (http, https) = text.split_once(':')?;
    let port = |text: &str| text.parse().ok().filter(|port| *port != 0);
    Some((port(http)?, port(https)?))
}

impl Hsts {
    fn read(keys: &mut Keys) -> Result<Option<Self>, ConfigError> {
        let max_age = keys.read("https_redirect_hsts_max_age", |entry| {
            entry.number("a number of seconds").map(Duration::from_secs)
        })?;
        let names = [
            "https_redirect_hsts_include_subdomains",
            "https_redirect_hsts_preload",
        ];
        let [include_subdomains, preload] = names.map(|name| keys.take(name));
        let switch = |entry: &Option<Entry>| entry.as_ref().map(Entry::switch).transpose();
        let hsts = (switch(&include_subdomains)?, switch(&preload)?);
        match (max_age, include_subdomains, preload) {
            (None, Some(entry), _) | (None, None, Some(entry)) => Err(entry.wrong(
                "has no effect without `https_redirect_hsts_max_age`: expected its number of seconds",
            )),
            // The list that browsers keep is of hosts with all their subdomains.
            (Some(_), Some(entry), Some(_)) if hsts == (Some(false), Some(true)) => Err(entry
                .wrong("`false` is not valid: expected `true`, because `https_redirect_hsts_preload` needs it")),
            (max_age, _, _) => Ok(max_age.map(|max_age| Self {
                max_age,
                include_subdomains: hsts.0.unwrap_or_default(),
                preload: hsts.1.unwrap_or_default(),
            })),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Location {
    backends: Vec<HostPattern>,
    secure_cookies: bool,
}

impl Location {
    fn read(keys: &mut Keys) -> Result<Option<Self>, ConfigError> {
        let is_on = is_on(keys, "location")?;
        let backends = keys.read("location_backends", Entry::parse_list)?;
        let secure_cookies = keys.switch("location_secure_cookies")?;
        Ok(is_on.then(|| Self {
            backends: backends.unwrap_or_default(),
            secure_cookies,
        }))
    }

    pub(super) fn layer(&self) -> LocationLayer {
        let layer = LocationLayer::new().with_backends(self.backends.clone());
        if self.secure_cookies {
            layer.secure_cookies()
        } else {
            layer
        }
    }
}

/// Reads what the service says to the next one.
fn outbound(keys: &mut Keys) -> Result<Option<OutboundLayer>, ConfigError> {
    let Some(headers) = keys.take("outbound") else {
        keys.without("outbound", "`x-forwarded`, `forwarded` or both")?;
        return Ok(None);
    };
    let (mut x_forwarded, mut forwarded) = (false, false);
    for name in headers.list()? {
        match name.as_str() {
            "x-forwarded" => x_forwarded = true,
            "forwarded" => forwarded = true,
            _ => return Err(headers.invalid(&name, "`x-forwarded`, `forwarded` or both")),
        }
    }
    let mut layer = match (x_forwarded, forwarded) {
        (true, false) => OutboundLayer::x_forwarded(),
        (false, true) => OutboundLayer::forwarded(),
        (true, true) => OutboundLayer::x_forwarded_and_forwarded(),
        (false, false) => {
            return Err(headers.invalid("", "`x-forwarded`, `forwarded` or both"));
        }
    };
    if let Some(by) = keys.take("outbound_by") {
        layer = layer.by(by.text()?).map_err(|error| by.wrong(error))?;
    }
    if let Some(remove) = keys.take("outbound_remove") {
        layer = layer
            .remove(remove.header_names()?)
            .map_err(|error| remove.wrong(error))?;
    }
    Ok(Some(layer))
}
