//! The layers that a configuration describes.

use tower_layer::{Layer, Stack};

use super::Config;
use crate::{
    layer::ForwardedLayer,
    opt_in::{
        allowed_hosts::AllowedHostsLayer, https_redirect::HttpsRedirectLayer,
        location::LocationLayer, reject::RejectLayer, trusted_peers::TrustedPeersLayer,
    },
    outbound::OutboundLayer,
};

impl Config {
    /// The [`ForwardedLayer`] that this describes, without the opt-in layers.
    pub fn layer(&self) -> ForwardedLayer {
        let mut layer = ForwardedLayer::new(self.trust.clone())
            .headers(self.headers.clone())
            .connection_scheme(self.scheme)
            .host_patterns(self.hosts.clone())
            .keep_and_remove(self.keep.clone(), self.remove.clone())
            .identity(self.identity.clone());
        if let Some(secret) = &self.secret {
            layer = layer.secret(secret.clone());
        }
        for (is_on, option) in [
            (self.port, ForwardedLayer::believe_port as Switch),
            (self.prefix, ForwardedLayer::believe_prefix),
            (self.keep_uri, ForwardedLayer::keep_uri),
            (self.keep_connect_info, ForwardedLayer::keep_connect_info),
            (self.record_hops, ForwardedLayer::record_hops),
        ] {
            if is_on {
                layer = option(layer);
            }
        }
        layer
    }

    /// All layers that this describes, in [the right order](crate#the-order-of-layers), around `cors`.
    ///
    /// `cors` is your CORS layer, or a `ServiceBuilder` with all that belongs in this place. Without CORS, pass
    /// `ServiceBuilder::new()`.
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// use tower_forwarded::Config;
    /// use tower_http::cors::CorsLayer;
    ///
    /// let config: Config = toml::from_str(r#"
    ///     trust = "10.0.0.0/8"
    ///     allowed_hosts = ["api.example.com"]
    ///     https_redirect = true
    /// "#)?;
    /// let app: Router = Router::new()
    ///     .route("/users", get(|| async { "users" }))
    ///     .layer(config.layers(CorsLayer::permissive()));
    /// # Ok::<(), toml::de::Error>(())
    /// ```
    ///
    /// If another layer belongs between two of these, add them one by one: [`layer`](Self::layer),
    /// [`trusted_peers`](Self::trusted_peers), [`allowed_hosts`](Self::allowed_hosts), your CORS layer,
    /// [`reject`](Self::reject), [`https_redirect`](Self::https_redirect), [`location`](Self::location), from the
    /// outside in.
    pub fn layers<C>(&self, cors: C) -> ConfigLayers<C> {
        let inside = Stack::new(self.location(), self.https_redirect());
        let inside = Stack::new(Stack::new(inside, self.reject()), cors);
        let hosts = Stack::new(inside, self.allowed_hosts());
        ConfigLayers(Stack::new(
            Stack::new(hosts, self.trusted_peers()),
            self.layer(),
        ))
    }

    /// The layer of `trusted_peers`. If the section does not turn it on, it does nothing.
    pub fn trusted_peers(&self) -> TrustedPeersLayer {
        match &self.opt_ins.trusted_peers {
            Some(peers) => peers.layer(),
            None => TrustedPeersLayer::new().off(),
        }
    }

    /// The layer of `allowed_hosts`. If the section does not turn it on, it does nothing.
    pub fn allowed_hosts(&self) -> AllowedHostsLayer {
        match &self.opt_ins.allowed_hosts {
            Some(hosts) => hosts.layer(),
            None => AllowedHostsLayer::of(Vec::new()).off(),
        }
    }

    /// The layer of `reject`. If the section does not turn it on, it does nothing.
    pub fn reject(&self) -> RejectLayer {
        match &self.opt_ins.reject {
            Some(fatal) => RejectLayer::new(fatal.iter().copied()),
            None => RejectLayer::new([]).off(),
        }
    }

    /// The layer of `https_redirect`. If the section does not turn it on, it does nothing.
    pub fn https_redirect(&self) -> HttpsRedirectLayer {
        match &self.opt_ins.https_redirect {
            Some(redirect) => redirect.layer(),
            None => HttpsRedirectLayer::new().off(),
        }
    }

    /// The layer of `location`. If the section does not turn it on, it does nothing.
    pub fn location(&self) -> LocationLayer {
        match &self.opt_ins.location {
            Some(location) => location.layer(),
            None => LocationLayer::new().off(),
        }
    }

    /// The layer for the HTTP client of a gateway, if the section has `outbound`.
    ///
    /// It is not among [`layers`](Self::layers), since it belongs around the client that sends requests on.
    #[must_use]
    pub fn outbound(&self) -> Option<OutboundLayer> {
        self.opt_ins.outbound.clone()
    }
}

/// An option of the layer that is on or off.
type Switch = fn(ForwardedLayer) -> ForwardedLayer;

/// From the inside out.
type Inside<C> = Stack<Stack<Stack<LocationLayer, HttpsRedirectLayer>, RejectLayer>, C>;
type All<C> = Stack<Stack<Stack<Inside<C>, AllowedHostsLayer>, TrustedPeersLayer>, ForwardedLayer>;

/// The layers that [`Config::layers`] makes.
#[derive(Clone, Debug)]
#[must_use]
pub struct ConfigLayers<C>(All<C>);

impl<S, C> Layer<S> for ConfigLayers<C>
where
    All<C>: Layer<S>,
{
    type Service = <All<C> as Layer<S>>::Service;

    fn layer(&self, inner: S) -> Self::Service {
        self.0.layer(inner)
    }
}
