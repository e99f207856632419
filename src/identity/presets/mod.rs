//! The identity headers that known products set.

use std::str::FromStr;

use super::Identity;
use crate::headers::HeadersError;

impl Identity {
    /// oauth2-proxy in front of the service, with `--pass-user-headers` (the default).
    ///
    /// It strips these headers from the client's request, since version 7.13.0 in their spellings with underscores too.
    /// While `--skip-auth-strip-headers` is on (the default), it also strips them on routes without a login. It strips
    /// `X-Forwarded-Access-Token` only if it also sets this header.
    /// <https://oauth2-proxy.github.io/oauth2-proxy/configuration/overview>
    pub const OAUTH2_PROXY: Self = Self::new(
        "oauth2-proxy",
        &[
            "x-forwarded-user",
            "x-forwarded-email",
            "x-forwarded-groups",
            "x-forwarded-preferred-username",
        ],
    );

    /// oauth2-proxy with `--set-xauthrequest`, which another proxy calls for each request (`auth_request`).
    ///
    /// oauth2-proxy sets the headers on *its response*, and the other proxy copies them into the request. Configure
    /// that proxy to overwrite all four.
    /// <https://oauth2-proxy.github.io/oauth2-proxy/configuration/integration>
    pub const OAUTH2_PROXY_AUTH_REQUEST: Self = Self::new(
        "oauth2-proxy-auth-request",
        &[
            "x-auth-request-user",
            "x-auth-request-email",
            "x-auth-request-groups",
            "x-auth-request-preferred-username",
        ],
    );

    /// Authelia, which another proxy calls for each request.
    ///
    /// Authelia sets the headers on *its response*, and the other proxy copies them into the request. Configure that
    /// proxy to overwrite all four, even if the response lacks some of them. Traefik's `authResponseHeaders` does so,
    /// and Caddy's `copy_headers` does so since 2.11.2 (CVE-2026-30851). nginx needs a `proxy_set_header` for each.
    /// <https://www.authelia.com/integration/trusted-header-sso/introduction/>
    pub const AUTHELIA: Self = Self::new(
        "authelia",
        &[
            "remote-user",
            "remote-groups",
            "remote-name",
            "remote-email",
        ],
    );

    /// authentik's proxy outpost.
    ///
    /// It overwrites these headers on requests from a user who is logged in. If it lets requests to some paths through
    /// without a login, strip `X-authentik-*` in front of it.
    /// <https://docs.goauthentik.io/add-secure-apps/providers/proxy>
    pub const AUTHENTIK: Self = Self::new(
        "authentik",
        &[
            "x-authentik-username",
            "x-authentik-groups",
            "x-authentik-entitlements",
            "x-authentik-email",
            "x-authentik-name",
            "x-authentik-uid",
            "x-authentik-jwt",
        ],
    );

    /// Cloudflare Access.
    ///
    /// Its documentation does not say that it strips these headers from the client's request, so verify the signature
    /// of the token. Also [require a secret](crate::ForwardedLayer::require), because other customers of Cloudflare use
    /// the same addresses.
    /// <https://developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/authorization-cookie/validating-json/>
    pub const CLOUDFLARE_ACCESS: Self = Self::new(
        "cloudflare-access",
        &[
            "cf-access-jwt-assertion",
            "cf-access-authenticated-user-email",
        ],
    );

    /// Google's Identity-Aware Proxy.
    ///
    /// While it is on, it strips these headers from the client's request. Google says not to rely on the two headers
    /// that are not signed, so verify the token.
    /// <https://cloud.google.com/iap/docs/identity-howto>
    pub const GOOGLE_IAP: Self = Self::new(
        "google-iap",
        &[
            "x-goog-iap-jwt-assertion",
            "x-goog-authenticated-user-email",
            "x-goog-authenticated-user-id",
        ],
    );

    /// Azure App Service and Container Apps with authentication.
    ///
    /// The front end does not let a client set these headers.
    /// <https://learn.microsoft.com/en-us/azure/app-service/configure-authentication-user-identities>
    pub const AZURE_APP_SERVICE: Self = Self::new(
        "azure-app-service",
        &[
            "x-ms-client-principal",
            "x-ms-client-principal-id",
            "x-ms-client-principal-name",
            "x-ms-client-principal-idp",
        ],
    );

    /// An AWS Application Load Balancer that authenticates users.
    ///
    /// Verify the signature of `X-Amzn-Oidc-Data`, and check that its `signer` is your load balancer.
    /// <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-authenticate-users.html>
    pub const AWS_ALB: Self = Self::new(
        "aws-alb",
        &[
            "x-amzn-oidc-data",
            "x-amzn-oidc-identity",
            "x-amzn-oidc-accesstoken",
        ],
    );

    /// `tailscale serve`.
    ///
    /// It removes these headers from the client's request before it sets them.
    /// <https://tailscale.com/s/serve-headers>
    pub const TAILSCALE: Self = Self::new(
        "tailscale",
        &[
            "tailscale-user-login",
            "tailscale-user-name",
            "tailscale-user-profile-pic",
        ],
    );

    /// Apache httpd with mod_auth_openidc, which writes header names with underscores.
    ///
    /// On the paths that it protects, it strips every header that begins with `OIDC_`, in all spellings. The headers of
    /// other claims follow the same pattern, such as `OIDC_CLAIM_given_name`.
    /// <https://github.com/OpenIDC/mod_auth_openidc/blob/master/auth_openidc.conf>
    pub const MOD_AUTH_OPENIDC: Self = Self::new(
        "mod-auth-openidc",
        &[
            "oidc_claim_sub",
            "oidc_claim_email",
            "oidc_claim_preferred_username",
            "oidc_claim_groups",
        ],
    );

    /// Kong, on routes with an authentication plugin.
    ///
    /// On these routes it sets or clears each of these headers.
    /// <https://github.com/Kong/kong/blob/master/kong/plugins/key-auth/handler.lua>
    pub const KONG: Self = Self::new(
        "kong",
        &[
            "x-consumer-id",
            "x-consumer-custom-id",
            "x-consumer-username",
            "x-credential-identifier",
            "x-anonymous-consumer",
        ],
    );

    /// Pomerium, with or without `pass_identity_headers`.
    ///
    /// Without this option, it strips the header from the client's request.
    /// <https://github.com/pomerium/pomerium/blob/main/internal/httputil/headers.go>
    pub const POMERIUM: Self = Self::new("pomerium", &["x-pomerium-jwt-assertion"]);

    /// Teleport's application access, which sets the header on every request.
    /// <https://goteleport.com/docs/enroll-resources/application-access/jwt/introduction>
    pub const TELEPORT: Self = Self::new("teleport", &["teleport-jwt-assertion"]);

    /// A proxy that passes client certificates on in the headers of RFC 9440.
    ///
    /// The proxy must remove or overwrite these headers if the client sends them (section 2.4). HAProxy, Caddy, Apache
    /// and Cloudflare need a line of configuration for that.
    /// <https://www.rfc-editor.org/rfc/rfc9440>
    pub const RFC_9440: Self = Self::new("rfc-9440", &["client-cert", "client-cert-chain"]);

    /// Envoy with `forward_client_cert_details: SANITIZE_SET`, or `APPEND_FORWARD` in proxies behind it.
    ///
    /// Every trusted proxy must append to this list and to `X-Forwarded-For`. Set [`hops`](crate::TrustedProxies::hops)
    /// to the number of these proxies, or to 1 behind a sidecar.
    ///
    /// Envoy does not say whether it verified the certificate. It copies `URI` and `DNS` from the client's certificate
    /// without escaping them. So leave both out of `set_current_client_cert_details`, unless Envoy accepts only
    /// certificates from your own CA.
    /// <https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers#x-forwarded-client-cert>
    pub const ENVOY: Self = Self::new("envoy", &["x-forwarded-client-cert"]);

    /// ingress-nginx with `auth-tls-secret` and `auth-tls-pass-certificate-to-upstream: "true"`, and nginx with a
    /// `proxy_set_header` for each header.
    ///
    /// Without these annotations, ingress-nginx passes the client's headers through.
    /// <https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/#client-certificate-authentication>
    pub const INGRESS_NGINX: Self = Self::new(
        "ingress-nginx",
        &[
            "ssl-client-cert",
            "ssl-client-verify",
            "ssl-client-subject-dn",
            "ssl-client-issuer-dn",
        ],
    );

    /// OpenShift's router with mutual TLS.
    ///
    /// Before the fix of CVE-2026-46579, it passed the client's headers through if mutual TLS was off.
    /// <https://github.com/openshift/router/blob/master/images/router/haproxy/conf/haproxy-config.template>
    pub const OPENSHIFT_ROUTER: Self = Self::new(
        "openshift-router",
        &[
            "x-ssl-client-der",
            "x-ssl-client-verify",
            "x-ssl-client-dn",
            "x-ssl-client-cn",
            "x-ssl-client-serial",
            "x-ssl-client-sha1",
            "x-ssl-issuer",
        ],
    );

    /// Traefik with `passTLSClientCert` and `pem: true`.
    ///
    /// Its entry points strip the header from the client's request, unless they trust the client's address. Traefik
    /// does not say whether it verified the certificate, so set `clientAuthType: VerifyClientCertIfGiven`.
    /// <https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/passtlsclientcert/>
    pub const TRAEFIK: Self = Self::new("traefik", &["x-forwarded-tls-client-cert"]);

    /// An AWS Application Load Balancer that verifies client certificates.
    /// <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/mutual-authentication.html>
    pub const AWS_ALB_MTLS: Self = Self::new(
        "aws-alb-mtls",
        &[
            "x-amzn-mtls-clientcert-leaf",
            "x-amzn-mtls-clientcert-serial-number",
            "x-amzn-mtls-clientcert-subject",
            "x-amzn-mtls-clientcert-issuer",
            "x-amzn-mtls-clientcert-validity",
        ],
    );
}

static ALL: &[Identity] = &[
    Identity::OAUTH2_PROXY,
    Identity::OAUTH2_PROXY_AUTH_REQUEST,
    Identity::AUTHELIA,
    Identity::AUTHENTIK,
    Identity::CLOUDFLARE_ACCESS,
    Identity::GOOGLE_IAP,
    Identity::AZURE_APP_SERVICE,
    Identity::AWS_ALB,
    Identity::TAILSCALE,
    Identity::MOD_AUTH_OPENIDC,
    Identity::KONG,
    Identity::POMERIUM,
    Identity::TELEPORT,
    Identity::RFC_9440,
    Identity::ENVOY,
    Identity::INGRESS_NGINX,
    Identity::OPENSHIFT_ROUTER,
    Identity::TRAEFIK,
    Identity::AWS_ALB_MTLS,
];

impl Identity {
    /// Returns all presets.
    #[must_use]
    pub const fn presets() -> &'static [Self] {
        ALL
    }
}

pub(super) fn find(name: &str) -> Option<Identity> {
    ALL.iter().copied().find(|preset| preset.name == name)
}

impl FromStr for Identity {
    type Err = HeadersError;

    /// Finds a preset by its kebab-case name.
    fn from_str(name: &str) -> Result<Self, HeadersError> {
        find(name).ok_or_else(|| HeadersError::UnknownPreset {
            name: name.to_owned(),
            presets: ALL.iter().map(Self::name).collect(),
        })
    }
}

#[cfg(test)]
mod tests;
