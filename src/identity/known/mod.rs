//! The known headers that say who the client is, and the products that set them.

/// A product, and the headers in which it says who the client is.
#[derive(Debug)]
#[cfg_attr(not(test), allow(dead_code))] // the table in the docs is generated from it
pub(crate) struct Product {
    pub(crate) name: &'static str,
    /// A `*` at the end stands for any text.
    pub(crate) headers: &'static [&'static str],
    /// The address of the documentation or source that shows these headers.
    pub(crate) source: &'static str,
}

const fn product(
    name: &'static str,
    headers: &'static [&'static str],
    source: &'static str,
) -> Product {
    Product {
        name,
        headers,
        source,
    }
}

/// Every product whose headers are known. The layer removes these headers from every request unless it believes them
/// (rule R18). To add a product, add one entry in any place.
pub(crate) const PRODUCTS: &[Product] = &[
    product(
        "oauth2-proxy",
        &[
            "x-forwarded-user",
            "x-forwarded-email",
            "x-forwarded-groups",
            "x-forwarded-preferred-username",
            "x-forwarded-access-token",
            "x-auth-request-*",
        ],
        "https://oauth2-proxy.github.io/oauth2-proxy/configuration/overview",
    ),
    product(
        "OpenShift oauth-proxy",
        &["gap-auth", "gap-signature"],
        "https://github.com/openshift/oauth-proxy",
    ),
    product(
        "Authelia",
        &[
            "remote-user",
            "remote-groups",
            "remote-name",
            "remote-email",
        ],
        "https://www.authelia.com/integration/trusted-header-sso/introduction/",
    ),
    product(
        "Tinyauth",
        &["remote-sub"],
        "https://github.com/steveiliop56/tinyauth",
    ),
    product(
        "authentik",
        &["x-authentik-*"],
        "https://docs.goauthentik.io/add-secure-apps/providers/proxy",
    ),
    product(
        "Cloudflare Access",
        &["cf-access-*"],
        "https://developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/authorization-cookie/validating-json/",
    ),
    product(
        "Google Identity-Aware Proxy",
        &["x-goog-authenticated-user-*", "x-goog-iap-*"],
        "https://cloud.google.com/iap/docs/identity-howto",
    ),
    product(
        "Azure App Service",
        &["x-ms-client-principal*", "x-ms-token-*"],
        "https://learn.microsoft.com/en-us/azure/app-service/configure-authentication-user-identities",
    ),
    product(
        "AWS Application Load Balancer, OIDC",
        &["x-amzn-oidc-*"],
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-authenticate-users.html",
    ),
    product(
        "AWS Verified Access",
        &["x-amzn-ava-user-context"],
        "https://docs.aws.amazon.com/verified-access/latest/ug/user-claims-passing.html",
    ),
    product(
        "Tailscale",
        &["tailscale-*"],
        "https://tailscale.com/s/serve-headers",
    ),
    product(
        "Apache mod_auth_openidc",
        &[
            "oidc-claim-*",
            "oidc-access-token*",
            "oidc-id-token*",
            "oidc-userinfo-*",
            "oidc-refresh-token",
            "oidc-signed-jwt",
            "oidc-scope",
        ],
        "https://github.com/OpenIDC/mod_auth_openidc/blob/master/auth_openidc.conf",
    ),
    product(
        "Grafana, Gitea, Tailscale nginx-auth",
        &["x-webauth-*"],
        "https://grafana.com/docs/grafana/latest/setup-grafana/configure-security/configure-authentication/auth-proxy/",
    ),
    product(
        "Kubernetes authenticating proxies",
        &[
            "x-remote-user",
            "x-remote-group",
            "x-remote-uid",
            "x-remote-extra-*",
        ],
        "https://kubernetes.io/docs/reference/access-authn-authz/authentication/#authenticating-proxy",
    ),
    product(
        "Kong, Apache APISIX",
        &[
            "x-consumer-id",
            "x-consumer-custom-id",
            "x-consumer-username",
            "x-consumer-groups",
            "x-credential-identifier",
            "x-anonymous-consumer",
            "x-authenticated-groups",
            "x-authenticated-scope",
            "x-authenticated-userid",
            "x-userinfo",
        ],
        "https://github.com/Kong/kong/blob/master/kong/constants.lua",
    ),
    product(
        "Pomerium",
        &["x-pomerium-jwt-assertion*", "x-pomerium-claim-*"],
        "https://github.com/pomerium/pomerium/blob/main/internal/httputil/headers.go",
    ),
    product(
        "Vouch Proxy",
        &["x-vouch-user", "x-vouch-idp-*"],
        "https://github.com/vouch/vouch-proxy",
    ),
    product(
        "gogatekeeper",
        &[
            "x-auth-audience",
            "x-auth-expiresin",
            "x-auth-groups",
            "x-auth-roles",
            "x-auth-subject",
            "x-auth-userid",
            "x-auth-username",
        ],
        "https://github.com/gogatekeeper/gatekeeper/blob/master/docs/content/_index.md",
    ),
    product(
        "Teleport",
        &["teleport-jwt-assertion"],
        "https://goteleport.com/docs/enroll-resources/application-access/jwt/introduction",
    ),
    product(
        "SiteMinder",
        &[
            "sm-user",
            "sm-userdn",
            "sm-universalid",
            "sm-serversessionid",
        ],
        "https://techdocs.broadcom.com/us/en/symantec-security-software/identity-security/siteminder/12-8/configuring/web-agent-configuration/web-application-protection/default-http-headers-used-by-the-product.html",
    ),
    product(
        "Shibboleth SP",
        &[
            "remoteuser",
            "shib-application-id",
            "shib-session-id",
            "shib-identity-provider",
        ],
        "https://shibboleth.atlassian.net/wiki/spaces/SHIB2/pages/2577072162/NativeSPAttributeAccess",
    ),
    product(
        "IBM Security Verify Access",
        &["iv-user", "iv-user-l", "iv-groups", "iv-creds"],
        "https://www.ibm.com/support/knowledgecenter/SSPREK_9.0.0/com.ibm.isam.doc/wrp_config/concept/con_supply_client_id_http_hdr.html",
    ),
    product(
        "ngrok",
        &["ngrok-auth-*"],
        "https://ngrok.com/docs/http/oauth/",
    ),
    product(
        "Envoy and Istio, as their documentation calls them",
        &["x-jwt-payload", "x-jwt-claim-*"],
        "https://istio.io/latest/docs/tasks/security/authentication/claim-to-header/",
    ),
    product(
        "Kubeflow",
        &["kubeflow-userid"],
        "https://github.com/kubeflow/kubeflow/pull/7032",
    ),
    product(
        "Warpgate",
        &["x-warpgate-username"],
        "https://github.com/warp-tech/warpgate/security/advisories/GHSA-862h-v6cc-9757",
    ),
    product(
        "Linkerd",
        &["l5d-client-id"],
        "https://github.com/linkerd/linkerd2-proxy/blob/main/linkerd/app/inbound/src/http/set_identity_header.rs",
    ),
    product(
        "RFC 9440",
        &["client-cert", "client-cert-chain"],
        "https://www.rfc-editor.org/rfc/rfc9440",
    ),
    product(
        "Envoy, certificates",
        &["x-forwarded-client-cert"],
        "https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers#x-forwarded-client-cert",
    ),
    product(
        "AWS Application Load Balancer, mutual TLS",
        &["x-amzn-mtls-clientcert*"],
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/mutual-authentication.html",
    ),
    product(
        "Amazon CloudFront, mutual TLS",
        &["cloudfront-viewer-cert-*"],
        "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/viewer-mtls-headers.html",
    ),
    product(
        "ingress-nginx, Apache",
        &["ssl-client-*"],
        "https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/#client-certificate-authentication",
    ),
    product(
        "HAProxy, OpenShift router",
        &["x-ssl-client-*", "x-ssl-issuer"],
        "https://github.com/openshift/router/blob/master/images/router/haproxy/conf/haproxy-config.template",
    ),
    product(
        "Traefik",
        &[
            "x-forwarded-tls-client-cert",
            "x-forwarded-tls-client-cert-info",
        ],
        "https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/passtlsclientcert/",
    ),
    product(
        "Azure App Service, certificates",
        &["x-arr-clientcert"],
        "https://learn.microsoft.com/azure/app-service/app-service-web-configure-tls-mutual-auth",
    ),
    product(
        "Cloudflare, certificates",
        &["cf-client-cert-*", "cf-cert-*"],
        "https://developers.cloudflare.com/ssl/client-certificates/forward-a-client-certificate/",
    ),
    product(
        "Google Cloud load balancers, Kong",
        &["x-client-cert", "x-client-cert-*"],
        "https://cloud.google.com/load-balancing/docs/https/custom-headers",
    ),
    product(
        "Keycloak reads",
        &["cert-chain-*"],
        "https://www.keycloak.org/server/reverseproxy",
    ),
    product(
        "AWS VPC Lattice",
        &["x-amzn-lattice-*"],
        "https://docs.aws.amazon.com/vpc-lattice/latest/ug/http-targets.html",
    ),
    product(
        "AWS Lambda Web Adapter",
        &["x-amzn-request-context"],
        "https://github.com/awslabs/aws-lambda-web-adapter/blob/main/README.md",
    ),
    product(
        "Pangolin",
        &["remote-role"],
        "https://docs.pangolin.net/manage/access-control/forwarded-headers",
    ),
    product(
        "Sandstorm",
        &["x-sandstorm-*"],
        "https://docs.sandstorm.io/en/latest/developing/auth/",
    ),
    product(
        "WSO2 API Manager",
        &["x-jwt-assertion"],
        "https://wso2.github.io/docs-choreo-dev/authentication-and-authorization/pass-end-user-attributes-to-upstream-services",
    ),
    product(
        "Puppet Server reads",
        &["x-client-dn", "x-client-verify"],
        "https://puppet.com/docs/puppet/8/external_ssl_termination.html",
    ),
];

/// The names without a `*`.
pub(crate) const NAMES: [&str; count(false)] = select(false);

/// The prefixes of the families, without the `*`.
pub(crate) const FAMILIES: [&str; count(true)] = select(true);

#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]
const fn count(families: bool) -> usize {
    let mut count = 0;
    let mut product = 0;
    while product < PRODUCTS.len() {
        let headers = PRODUCTS[product].headers;
        let mut at = 0;
        while at < headers.len() {
            if is_family(headers[at]) == families {
                count += 1;
            }
            at += 1;
        }
        product += 1;
    }
    count
}

#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]
const fn select<const COUNT: usize>(families: bool) -> [&'static str; COUNT] {
    let mut selected = [""; COUNT];
    let mut count = 0;
    let mut product = 0;
    while product < PRODUCTS.len() {
        let headers = PRODUCTS[product].headers;
        let mut at = 0;
        while at < headers.len() {
            if is_family(headers[at]) == families {
                selected[count] = without_star(headers[at]);
                count += 1;
            }
            at += 1;
        }
        product += 1;
    }
    selected
}

const fn is_family(header: &str) -> bool {
    matches!(header.as_bytes(), [.., b'*'])
}

const fn without_star(header: &str) -> &str {
    match header.as_bytes() {
        [name @ .., b'*'] => match std::str::from_utf8(name) {
            Ok(name) => name,
            Err(_) => header,
        },
        _ => header,
    }
}

#[cfg(test)]
mod tests;
