//! The certificate that the client presented.

use rustls_pki_types::CertificateDer;

/// The certificate that the client presented to the TLS-terminating proxy, as that proxy passed it on.
///
/// It comes from a header that you named with [`believe_identity`](crate::ForwardedLayer::believe_identity) or
/// [`believe_client_cert`](crate::ForwardedLayer::believe_client_cert), and that a trusted peer sent. **The layer does
/// not verify the certificate.** Some proxies verify it and some do not:
/// [client certificates](https://docs.rs/tower-forwarded-guide/latest/tower_forwarded_guide/client_certificates/index.html) describes what each product does. If the proxy states that
/// the verification failed, there is no certificate.
///
/// The certificates are DER, in the types of [`rustls_pki_types`]. Parse them with a crate such as `x509-parser`.
///
#[cfg_attr(feature = "axum-08", doc = "```")]
#[cfg_attr(not(feature = "axum-08"), doc = "```ignore")]
/// use axum::{Router, routing::get};
/// use tower_forwarded::{ClientCert, ForwardedLayer, Identity, TrustedProxies};
///
/// async fn handler(cert: ClientCert) -> String {
///     format!("{} bytes of DER, and {} more certificates", cert.der().len(), cert.chain().len())
/// }
///
/// let app: Router = Router::new().route("/", get(handler)).layer(
///     ForwardedLayer::new("10.0.0.0/8".parse::<TrustedProxies>()?)
///         .believe_identity(["client-cert", "client-cert-chain"])?,
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCert {
    pub(crate) der: CertificateDer<'static>,
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) is_verified: bool,
}

impl ClientCert {
    /// Creates a certificate for tests of your handlers. Pass it to
    /// [`Resolution::with_client_cert`](crate::Resolution::with_client_cert).
    #[must_use]
    pub fn for_test(der: CertificateDer<'static>, chain: Vec<CertificateDer<'static>>) -> Self {
        Self {
            der,
            chain,
            is_verified: false,
        }
    }

    /// The client's own certificate (`client_cert` in RFC 9440, section 2.2).
    #[must_use]
    pub const fn der(&self) -> &CertificateDer<'static> {
        &self.der
    }

    /// The rest of the chain, without the client's own certificate. The certificate that issued it comes first (RFC
    /// 9440, section 2.3). Empty if the proxy did not pass on a chain.
    #[must_use]
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    /// Whether the proxy states that it verified the certificate, in a second header that you believe
    /// (`ssl-client-verify: SUCCESS`).
    ///
    /// `false` means that the proxy states nothing. Most products have no such header: they pass on every certificate
    /// that they accepted.
    #[must_use]
    pub const fn is_verified(&self) -> bool {
        self.is_verified
    }
}

/// An element of Envoy's `X-Forwarded-Client-Cert`: what it says about a certificate, without the certificate itself.
///
/// Envoy copies URI and DNS names from the certificate without escaping them. A client with a certificate from its own
/// CA can write a whole forged element into such a name. So use these names only if the proxy accepts nothing but
/// certificates from your own CA, or if Envoy leaves URI and DNS names out.
/// <https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers#x-forwarded-client-cert>
///
/// ```
/// use tower_forwarded::{ForwardedLayer, Identity, TrustedProxies};
///
/// let layer = ForwardedLayer::new("10.0.0.0/8".parse::<TrustedProxies>()?)
///     .believe_identity(Identity::ENVOY)?;
/// let (parts, ()) = http::Request::get("/")
///     .header("x-forwarded-client-cert", "By=spiffe://td/ns/a;Hash=ab;URI=spiffe://td/ns/b")
///     .body(())?
///     .into_parts();
/// let resolution = layer.policy().resolve(Some("10.0.0.1:1".parse()?), &parts);
/// assert_eq!(resolution.xfcc().unwrap().uri(), ["spiffe://td/ns/b"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct XfccElement {
    pub(crate) by: Vec<String>,
    pub(crate) hash: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) uri: Vec<String>,
    pub(crate) dns: Vec<String>,
}

impl XfccElement {
    /// The URI names of the proxy that wrote the element (`By`).
    #[must_use]
    pub fn by(&self) -> &[String] {
        &self.by
    }

    /// The SHA-256 hash of the certificate in hexadecimal digits (`Hash`).
    #[must_use]
    pub fn hash(&self) -> Option<&str> {
        self.hash.as_deref()
    }

    /// The subject of the certificate (`Subject`, RFC 2253), without the quotation marks around it.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// The URI names of the certificate (`URI`), such as a SPIFFE ID.
    #[must_use]
    pub fn uri(&self) -> &[String] {
        &self.uri
    }

    /// The DNS names of the certificate (`DNS`).
    #[must_use]
    pub fn dns(&self) -> &[String] {
        &self.dns
    }
}
