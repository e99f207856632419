//! What known products write, append and pass through.

use std::str::FromStr;

use super::{
    ClientSyntax, Headers, HeadersError,
    known::{Field, NONE, field},
};

const XFF: Field = field("x-forwarded-for");
const XFP: Field = super::X_FORWARDED_PROTO;
const XFH: Field = field("x-forwarded-host");
const X_PORT: Field = field("x-forwarded-port");
const X_PREFIX: Field = field("x-forwarded-prefix");

/// `X-Forwarded-*` under `name`, with what the product itself writes beyond For and Proto.
const fn x_forwarded(name: &'static str, host: Field, port: Field, prefix: Field) -> Headers {
    let mut headers = Headers::nothing(name);
    headers.client = XFF;
    headers.client_syntax = ClientSyntax::List;
    headers.scheme = XFP;
    headers.host = host;
    headers.port = port;
    headers.prefix = prefix;
    headers
}

/// RFC 7239 under `name`.
const fn forwarded(name: &'static str, port: Field, prefix: Field) -> Headers {
    let mut headers = x_forwarded(name, NONE, port, prefix);
    headers.client = field("forwarded");
    headers.client_syntax = ClientSyntax::Forwarded;
    headers.scheme = NONE;
    headers
}

/// One client field and one scheme field, and what else the product sets.
const fn single(
    name: &'static str,
    client: &str,
    client_syntax: ClientSyntax,
    scheme: Field,
    host: Field,
    port: Field,
) -> Headers {
    let mut headers = x_forwarded(name, host, port, NONE);
    headers.client = field(client);
    headers.client_syntax = client_syntax;
    headers.scheme = scheme;
    headers
}

impl Headers {
    /// `X-Forwarded-For`, `-Proto`, `-Host`, `-Port` and `-Prefix`: the default.
    ///
    /// `-For` is a list, walked from the right. The others hold one value each, so every proxy that can
    /// be the peer must set `-Proto`. If your proxies append to one of them, say so with
    /// [`with_lists`](Self::with_lists).
    pub const X_FORWARDED: Self = x_forwarded("x-forwarded", XFH, X_PORT, X_PREFIX);

    /// `Forwarded` (RFC 7239), and nothing of the other family.
    ///
    /// A proxy that puts a client's text into its element has to quote it, with a backslash before each
    /// quotation mark and backslash. One that does not lets the client write the rest of the element.
    ///
    /// It has no parameter for a port apart from the host's, or for a prefix: who opts into them
    /// believes `X-Forwarded-Port` and `-Prefix`.
    pub const FORWARDED: Self = forwarded("forwarded", X_PORT, X_PREFIX);

    /// AWS Application Load Balancer: appends to `X-Forwarded-For`, sets `-Proto` and `-Port`, and
    /// passes on a client's `X-Forwarded-Host`, which is therefore not read.
    ///
    /// With the attribute `routing.http.xff_header_processing.mode` at `preserve` it appends
    /// nothing: every client can then forge its address. Trust the subnets that the balancer is in.
    ///
    /// With a Lambda function behind it that gets multi-value headers, it [leaves a client's lines before its
    /// own](https://github.com/laravel/vapor-core/pull/25): add `.with_lists(["x-forwarded-proto"])`, or a client turns
    /// its own https into http. See [AWS Lambda](crate::guide::entrances#aws-lambda).
    ///
    /// Source: [HTTP headers and Application Load Balancers](https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html).
    pub const AWS_ALB: Self = x_forwarded("aws-alb", NONE, X_PORT, NONE);

    /// AWS CloudFront: sets `CloudFront-Viewer-Address` (address and port) and
    /// `CloudFront-Forwarded-Proto`, if its origin request policy asks for both.
    ///
    /// They survive a balancer between CloudFront and the service, whose own `X-Forwarded-Proto`
    /// tells how CloudFront connected and not how the viewer did. Trust that balancer, and let it
    /// accept connections from CloudFront only, or whoever reaches it directly writes both fields.
    ///
    /// **CloudFront's addresses are shared by all its customers**, so they do not prove that a request came
    /// through your distribution. Let CloudFront add a header with a secret, and
    /// [require](crate::ForwardedLayer::require) it ([Restrict access to Application Load Balancers](https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/restrict-access-to-load-balancer.html)),
    /// or use VPC origins.
    ///
    /// Source: [Add CloudFront request headers](https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/adding-cloudfront-headers.html).
    pub const AWS_CLOUDFRONT: Self = single(
        "aws-cloudfront",
        "cloudfront-viewer-address",
        ClientSyntax::SingleWithPort,
        field("cloudfront-forwarded-proto"),
        NONE,
        NONE,
    );

    /// AWS API Gateway, HTTP APIs: appends to `Forwarded`.
    ///
    /// REST APIs write `X-Forwarded-For`, `-Proto` and `-Port` as a balancer does: use
    /// [`AWS_ALB`](Self::AWS_ALB) for them. Trust the VPC link's subnets.
    ///
    /// Not for Lambda functions: events that were recorded there have no `Forwarded` of the gateway's, so that the client
    /// writes it. See [AWS Lambda](crate::guide::entrances#aws-lambda).
    ///
    /// Source: [Working with HTTP proxy integrations](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-http.html).
    pub const AWS_API_GATEWAY: Self = forwarded("aws-api-gateway", NONE, NONE);

    /// Google Cloud external Application Load Balancer: appends two elements to `X-Forwarded-For`,
    /// the client's address and its own, and sets `-Proto`.
    ///
    /// Trust 35.191.0.0/16 and 130.211.0.0/22, where its connections come from, **and the load
    /// balancer's own address**, which is the external IP address of its forwarding rule
    /// (`gcloud compute forwarding-rules list`). Without it, the balancer comes out as the client.
    /// Nothing is counted: asked around the balancer, the same service is right too.
    ///
    /// Source: [External Application Load Balancer overview, X-Forwarded-For header](https://cloud.google.com/load-balancing/docs/https#x-forwarded-for_header).
    pub const GOOGLE_CLOUD: Self = x_forwarded("google-cloud", NONE, NONE, NONE);

    /// Azure Front Door: sets `X-Azure-SocketIP`, `X-Forwarded-Proto` and `X-Forwarded-Host`.
    ///
    /// Its `X-Azure-ClientIP` is taken from what the client writes into `X-Forwarded-For`, so it is
    /// not read. Trust the service tag AzureFrontDoor.Backend, and
    /// [require](crate::ForwardedLayer::require) the id of your own front door in `X-Azure-FDID`: other
    /// customers' front doors connect from the same addresses.
    ///
    /// Source: [HTTP headers in Azure Front Door](https://learn.microsoft.com/en-us/azure/frontdoor/front-door-http-headers-protocol).
    pub const AZURE_FRONT_DOOR: Self = single(
        "azure-front-door",
        "x-azure-socketip",
        ClientSyntax::Single,
        XFP,
        XFH,
        NONE,
    );

    /// Azure Application Gateway: appends `address:port` to `X-Forwarded-For`, sets `-Proto` and
    /// `-Port`, and puts the client's host into `X-Original-Host`.
    ///
    /// Trust the gateway's subnet.
    ///
    /// Source: [How an application gateway works](https://learn.microsoft.com/en-us/azure/application-gateway/how-application-gateway-works#modifications-to-the-request).
    pub const AZURE_APPLICATION_GATEWAY: Self = x_forwarded(
        "azure-application-gateway",
        field("x-original-host"),
        X_PORT,
        NONE,
    );

    /// Cloudflare: sets `CF-Connecting-IP`, and the scheme in `CF-Visitor` and `X-Forwarded-Proto`.
    ///
    /// `CF-Visitor` goes first, since a proxy between Cloudflare and the service overwrites the
    /// other. Trust Cloudflare's published networks, or the proxy behind them if that accepts
    /// connections from these networks only.
    ///
    /// With [Pseudo IPv4](https://developers.cloudflare.com/network/pseudo-ipv4/) set to overwrite headers,
    /// `CF-Connecting-IP` holds an address of 240.0.0.0/4 for a client that has IPv6. The client is then what
    /// `CF-Connecting-IPv6` says.
    ///
    /// **All of Cloudflare's customers share these networks**, so they do not prove that a request came
    /// through your zone. Let a
    /// [request header transform rule](https://developers.cloudflare.com/rules/transform/request-header-modification/)
    /// set a header to a secret, and [require](crate::ForwardedLayer::require) it.
    ///
    /// Source: [Cloudflare HTTP headers](https://developers.cloudflare.com/fundamentals/reference/http-headers/).
    pub const CLOUDFLARE: Self = {
        let mut headers = single(
            "cloudflare",
            "cf-connecting-ip",
            ClientSyntax::Single,
            super::CF_VISITOR,
            NONE,
            NONE,
        );
        headers.other_scheme = XFP;
        headers.client_v6 = field("cf-connecting-ipv6");
        headers
    };

    /// Fastly, with two lines of VCL: `Fastly-Client-IP` and `Fastly-SSL`.
    ///
    /// **By default Fastly believes both when a client sends them.** This preset is for services whose
    /// VCL sets them at the edge:
    ///
    /// ```vcl
    /// if (fastly.ff.visits_this_service == 0 && req.restarts == 0) {
    ///   set req.http.Fastly-Client-IP = client.ip;
    ///   set req.http.Fastly-SSL = if(fastly_info.edge.is_tls, "1", "0");
    /// }
    /// ```
    ///
    /// Trust Fastly's published networks. **All of Fastly's customers share them**, so they do not prove
    /// that a request came through your service. Let your VCL set a header to a secret, and
    /// [require](crate::ForwardedLayer::require) it.
    ///
    /// Source: [Fastly-Client-IP](https://www.fastly.com/documentation/reference/http/http-headers/Fastly-Client-IP/),
    /// [Fastly-SSL](https://www.fastly.com/documentation/reference/http/http-headers/Fastly-SSL/).
    pub const FASTLY: Self = single(
        "fastly",
        "fastly-client-ip",
        ClientSyntax::Single,
        field("fastly-ssl"),
        NONE,
        NONE,
    );

    /// Fly.io: sets `Fly-Client-IP` and `X-Forwarded-Proto`.
    ///
    /// Its `X-Forwarded-Port` may come from the client; `Fly-Forwarded-Port` does not. Trust
    /// 172.16.0.0/12 and fdaa::/16, or [any](crate::TrustedProxies::any) if nothing else reaches the
    /// machine.
    ///
    /// Source: [Request headers](https://fly.io/docs/networking/request-headers/).
    pub const FLY: Self = single(
        "fly",
        "fly-client-ip",
        ClientSyntax::Single,
        XFP,
        NONE,
        field("fly-forwarded-port"),
    );

    /// Heroku's router: appends to `X-Forwarded-For`, sets `-Proto` and `-Port`.
    ///
    /// Its addresses are not published and nothing else reaches a dyno:
    /// [`TrustedProxies::any`](crate::TrustedProxies::any).
    ///
    /// Source: [HTTP routing, Heroku headers](https://devcenter.heroku.com/articles/http-routing#heroku-headers).
    pub const HEROKU: Self = x_forwarded("heroku", NONE, X_PORT, NONE);

    /// nginx, with the usual lines: it writes none of these fields by itself.
    ///
    /// ```text
    /// proxy_set_header Host              $host;
    /// proxy_set_header X-Forwarded-For   $proxy_add_x_forwarded_for;
    /// proxy_set_header X-Forwarded-Proto $scheme;
    /// proxy_set_header X-Forwarded-Host  $host;
    /// proxy_set_header X-Forwarded-Port  $server_port;
    /// ```
    ///
    /// `$host` drops the port. Where clients name one in the URL, write `$http_host` in its place, which is
    /// [empty over HTTP/3](https://github.com/nginx/nginx/issues/455), or, from nginx 1.29.3 on,
    /// [`$host$is_request_port$request_port`](https://nginx.org/en/docs/http/ngx_http_core_module.html#var_request_port).
    ///
    /// A client's field passes through where its line is missing, so leave out none whose field you
    /// [opt into](crate::ForwardedLayer::believe_port). Without the first line, `Host` is the name of
    /// the upstream.
    ///
    /// Source: [ngx_http_proxy_module](https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_set_header).
    pub const NGINX: Self = x_forwarded("nginx", XFH, X_PORT, NONE);

    /// `X-Real-IP` and `X-Forwarded-Proto`, which the proxy sets: in nginx
    ///
    /// ```text
    /// proxy_set_header X-Real-IP         $remote_addr;
    /// proxy_set_header X-Forwarded-Proto $scheme;
    /// ```
    ///
    /// It holds one address, so it knows of one proxy only: behind a second one it names the first, unless
    /// nginx's `real_ip_recursive` corrects `$remote_addr`.
    ///
    /// Source: [ngx_http_proxy_module](https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_set_header).
    pub const X_REAL_IP: Self = single(
        "x-real-ip",
        "x-real-ip",
        ClientSyntax::Single,
        XFP,
        NONE,
        NONE,
    );

    /// Tailscale `serve` and `funnel`: sets `X-Forwarded-For`, `-Host`, and `-Proto` where it was asked by https.
    ///
    /// tailscaled is a process on the machine itself, so trust `loopback`, or `unix` for a target on a socket. A
    /// client's `X-Forwarded-Port` passes through and is not read. Where Tailscale runs with userspace networking,
    /// connections of the whole tailnet come from loopback without passing `serve`
    /// ([a measurement](https://github.com/alphastorm/omp-session-gateway/pull/102)): do not trust it there.
    ///
    /// Source: [`addProxyForwardedHeaders`](https://github.com/tailscale/tailscale/blob/000403c276b21e984608fe68d1390f7a84d3bf9f/ipn/ipnlocal/serve.go).
    pub const TAILSCALE: Self = x_forwarded("tailscale", XFH, NONE, NONE);

    /// IIS with Application Request Routing: appends `address:port` to `X-Forwarded-For`, and sets `X-ARR-SSL` on
    /// requests that came by https.
    ///
    /// No source says that it removes a client's own `X-ARR-SSL` from a request that came by http, so that a client may
    /// make its own http look like https. Where only https is served, take
    /// [`without_scheme`](Self::without_scheme) and say so with
    /// [`connection_scheme`](crate::ForwardedLayer::connection_scheme). Trust the address of the server that ARR runs on.
    ///
    /// Source: [SSL in Windows Azure Web Sites](https://fusebit.io/blog/2013/12/16/secure-by-default-with-ssl-in-windows/),
    /// [a request as ARR sends it](https://abhimantiwari.github.io/blog/ARR).
    pub const IIS_ARR: Self = {
        let mut headers = x_forwarded("iis-arr", NONE, NONE, NONE);
        headers.scheme = super::X_ARR_SSL;
        headers
    };

    /// Google App Engine: sets `X-Appengine-User-IP` and `X-Appengine-Https`, and removes headers of these names that a
    /// client sends.
    ///
    /// Its router adds an element of its own behind the client's to `X-Forwarded-For`, which is not read. Nothing is
    /// published about where its connections come from, and nothing else reaches an instance: trust any peer. Requests
    /// of cron and of task queues have the addresses 0.1.0.1 and 0.1.0.2.
    ///
    /// Source: [Request headers, removed headers](https://cloud.google.com/appengine/docs/standard/reference/request-headers).
    pub const APP_ENGINE: Self = single(
        "app-engine",
        "x-appengine-user-ip",
        ClientSyntax::Single,
        field("x-appengine-https"),
        NONE,
        NONE,
    );

    /// Azure App Service: sets `Client-IP`, an address with a port, replacing what the client sent, and `X-ARR-SSL` on
    /// requests that came by https.
    ///
    /// No source says that `X-Forwarded-For` and `-Proto` are overwritten, so they are not read, and none that a client's
    /// own `X-ARR-SSL` is removed from a request that came by http: let the app be "HTTPS only". Nothing is published about
    /// where its connections come from: trust any peer.
    ///
    /// Source: [Things you should know, headers](https://github.com/Azure/app-service-linux-docs/blob/2efb99d58e22f6dee358de643b48196704050b45/Things_You_Should_Know/headers.md).
    pub const AZURE_APP_SERVICE: Self = single(
        "azure-app-service",
        "client-ip",
        ClientSyntax::Single,
        super::X_ARR_SSL,
        NONE,
        NONE,
    );

    /// Azure Container Apps: appends to `X-Forwarded-For` and sets `-Proto`, replacing what the client sent.
    ///
    /// Its documentation says that the rightmost element alone is its own. Trust any peer; other apps of the environment
    /// reach the app without passing the ingress.
    ///
    /// Source: [Ingress, HTTP headers](https://learn.microsoft.com/en-us/azure/container-apps/ingress-overview#http-headers).
    pub const AZURE_CONTAINER_APPS: Self = x_forwarded("azure-container-apps", NONE, NONE, NONE);

    /// Railway: sets `X-Real-IP`, `X-Forwarded-Proto` and `X-Forwarded-Host`.
    ///
    /// Its edge adds an element of its own behind the client's to `X-Forwarded-For`, and its addresses change, so that is
    /// not read. Trust any peer; a CDN in front comes out as the client, so believe the CDN's own header with a
    /// [secret](crate::ForwardedLayer::require) then.
    ///
    /// Source: [Public networking, specs and limits](https://github.com/railwayapp/docs/blob/135863d8c7f8bf7898d6571b90002da715a0c1ae/content/docs/networking/public-networking/specs-and-limits.md),
    /// [a measurement of forged headers](https://github.com/fancyboi999/open-tag/pull/107).
    pub const RAILWAY: Self = single("railway", "x-real-ip", ClientSyntax::Single, XFP, XFH, NONE);

    /// Kong: appends to `X-Forwarded-For`, and sets `-Proto`, `-Host`, `-Port` and `-Prefix` for peers outside of its
    /// `trusted_ips`.
    ///
    /// What comes from `trusted_ips` it passes on: let these be your own proxies only. Trust the nodes that Kong runs on.
    ///
    /// Source: [`kong/runloop/handler.lua`](https://github.com/Kong/kong/blob/master/kong/runloop/handler.lua).
    pub const KONG: Self = x_forwarded("kong", XFH, X_PORT, X_PREFIX);

    /// ngrok: appends to `X-Forwarded-For` and to `X-Forwarded-Proto`.
    ///
    /// Its agent connects from the machine that it runs on: trust `loopback` if that is the service's own. A
    /// client's `X-Forwarded-Host` passes through and is not read.
    ///
    /// Source: [HTTP endpoints, upstream headers](https://ngrok.com/docs/http/#upstream-headers).
    pub const NGROK: Self = {
        let mut headers = x_forwarded("ngrok", NONE, NONE, NONE);
        headers.lists.insert(XFP);
        headers
    };

    /// Vercel: sets `X-Forwarded-For`, replacing what the client sent.
    ///
    /// Its `X-Forwarded-Host` is the `Host`, so it is not read. Nothing is published about where its connections
    /// come from: trust any peer, and require a secret of your own where a service behind an external rewrite
    /// can be asked directly.
    ///
    /// Source: [Request headers](https://vercel.com/docs/headers/request-headers).
    pub const VERCEL: Self = x_forwarded("vercel", NONE, NONE, NONE);

    /// HAProxy, with `option forwardfor`: adds an `X-Forwarded-For` line of its own below the
    /// client's. The other two are up to the configuration:
    ///
    /// ```text
    /// option forwardfor
    /// http-request set-header X-Forwarded-Proto %[ssl_fc,iif(https,http)]
    /// http-request set-header X-Forwarded-Port %[dst_port]
    /// ```
    ///
    /// A client's `X-Forwarded-Host` passes through, so it is not read. Do not use `except` or `if-none`
    /// with `option forwardfor`: where they apply, HAProxy adds nothing, and a client's own line is believed.
    ///
    /// Source: [Configuration manual, option forwardfor](https://docs.haproxy.org/2.6/configuration.html#4-option%20forwardfor).
    pub const HAPROXY: Self = x_forwarded("haproxy", NONE, X_PORT, NONE);

    /// HAProxy 2.8 and later, with `option forwarded`: appends to `Forwarded`.
    ///
    /// Source: [Configuration manual, option forwarded](https://docs.haproxy.org/2.8/configuration.html#4-option%20forwarded).
    pub const HAPROXY_FORWARDED: Self = forwarded("haproxy-forwarded", NONE, NONE);

    /// Apache httpd's mod_proxy_http: appends to `X-Forwarded-For` and `X-Forwarded-Host`, and
    /// leaves the scheme to `RequestHeader set X-Forwarded-Proto https`.
    ///
    /// A client that sends `Connection: X-Forwarded-Proto` makes Apache drop the line that it set
    /// itself, so that its own request counts as plain http. `RequestHeader unset Connection early`
    /// prevents that; [`connection_scheme`](crate::ForwardedLayer::connection_scheme) also does.
    ///
    /// Source: [mod_proxy, reverse proxy request headers](https://httpd.apache.org/docs/2.4/mod/mod_proxy.html#x-headers).
    pub const APACHE: Self = {
        let mut headers = x_forwarded("apache", XFH, NONE, NONE);
        headers.lists.insert(XFH);
        headers
    };

    /// Caddy: sets `X-Forwarded-For`, `-Proto` and `-Host`, replacing what an untrusted client sent;
    /// a client's `-Port` and `-Prefix` pass through and are not read.
    ///
    /// Source: [reverse_proxy, defaults](https://caddyserver.com/docs/caddyfile/directives/reverse_proxy#defaults).
    pub const CADDY: Self = x_forwarded("caddy", XFH, NONE, NONE);

    /// Traefik: sets `X-Forwarded-For`, `-Proto`, `-Host` and `-Port`, replacing what an untrusted
    /// client sent, and adds a line to `-Prefix` for each StripPrefix middleware that takes one off.
    ///
    /// Traefik removes a client's own `X-Forwarded-Prefix` from versions 2.11.14 and 3.2.1 on
    /// ([CVE-2024-52003](https://github.com/traefik/traefik/security/advisories/GHSA-h924-8g65-j9wg)).
    /// [Believe prefixes](crate::ForwardedLayer::believe_prefix) only behind these. Before 2.11.9 and
    /// 3.1.3 a client could make Traefik drop `-Proto`, `-Host` and `-Port` by naming them in `Connection`
    /// ([GHSA-62c8-mh53-4cqv](https://github.com/traefik/traefik/security/advisories/GHSA-62c8-mh53-4cqv)).
    ///
    /// Source: [EntryPoints, forwarded headers](https://doc.traefik.io/traefik/routing/entrypoints/#forwarded-headers).
    pub const TRAEFIK: Self = x_forwarded("traefik", XFH, X_PORT, X_PREFIX);

    /// Envoy with `use_remote_address: true`: appends to `X-Forwarded-For`, sets `-Proto`; a
    /// client's `-Host`, `-Port` and `-Prefix` pass through and are not read.
    ///
    /// Source: [HTTP header manipulation](https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers#x-forwarded-for).
    pub const ENVOY: Self = x_forwarded("envoy", NONE, NONE, NONE);

    /// Istio's ingress gateway, which is an Envoy: see [`ENVOY`](Self::ENVOY).
    ///
    /// Where another balancer stands before the gateway, tell Istio with `numTrustedProxies`. With a
    /// sidecar the peer is the sidecar: trust `loopback` (127.0.0.6) alone, with one hop.
    ///
    /// Source: [Configuring gateway network topology](https://istio.io/latest/docs/ops/configuration/traffic-management/network-topologies/).
    pub const ISTIO: Self = x_forwarded("istio", NONE, NONE, NONE);

    /// ingress-nginx in Kubernetes: sets `X-Forwarded-For`, `-Proto`, `-Host` and `-Port`, replacing
    /// what the client sent unless `use-forwarded-headers` is on, and `-Prefix` with the annotation
    /// `x-forwarded-prefix`.
    ///
    /// Trust the network of the cluster's pods.
    ///
    /// Source: [ConfigMap, use-forwarded-headers](https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/configmap/#use-forwarded-headers).
    pub const INGRESS_NGINX: Self = x_forwarded("ingress-nginx", XFH, X_PORT, X_PREFIX);

    /// nghttpx with `--add-x-forwarded-for`: appends to `X-Forwarded-For`, sets `-Proto`.
    ///
    /// Its `--add-forwarded` hides the client (`for=_hBtXlaOL`) unless
    /// `--forwarded-for=ip` is given; use [`FORWARDED`](Self::FORWARDED) then.
    ///
    /// Source: [nghttpx(1)](https://nghttp2.org/documentation/nghttpx.1.html#cmdoption-nghttpx-add-x-forwarded-for).
    pub const NGHTTPX: Self = x_forwarded("nghttpx", NONE, NONE, NONE);

    /// Every preset, in the order of the table above.
    #[must_use]
    pub fn presets() -> &'static [Self] {
        &ALL
    }
}

static ALL: [Headers; 32] = [
    Headers::X_FORWARDED,
    Headers::FORWARDED,
    Headers::AWS_ALB,
    Headers::AWS_CLOUDFRONT,
    Headers::AWS_API_GATEWAY,
    Headers::GOOGLE_CLOUD,
    Headers::AZURE_FRONT_DOOR,
    Headers::AZURE_APPLICATION_GATEWAY,
    Headers::CLOUDFLARE,
    Headers::FASTLY,
    Headers::FLY,
    Headers::HEROKU,
    Headers::NGINX,
    Headers::X_REAL_IP,
    Headers::TAILSCALE,
    Headers::IIS_ARR,
    Headers::APP_ENGINE,
    Headers::AZURE_APP_SERVICE,
    Headers::AZURE_CONTAINER_APPS,
    Headers::RAILWAY,
    Headers::KONG,
    Headers::NGROK,
    Headers::VERCEL,
    Headers::HAPROXY,
    Headers::HAPROXY_FORWARDED,
    Headers::APACHE,
    Headers::CADDY,
    Headers::TRAEFIK,
    Headers::ENVOY,
    Headers::ISTIO,
    Headers::INGRESS_NGINX,
    Headers::NGHTTPX,
];

impl FromStr for Headers {
    type Err = HeadersError;

    /// Finds a preset by its kebab-case name.
    fn from_str(name: &str) -> Result<Self, HeadersError> {
        ALL.iter()
            .find(|preset| preset.name == name)
            .cloned()
            .ok_or_else(|| HeadersError::UnknownPreset {
                name: name.to_owned(),
                presets: ALL.iter().map(Self::name).collect(),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(headers: &Headers, field: Field) -> String {
        match field {
            NONE => "–".to_owned(),
            list if headers.lists.contains(list) => {
                format!("`{}` (list)", headers.field_name(field))
            }
            _ => format!("`{}`", headers.field_name(field)),
        }
    }

    #[test]
    fn the_table_in_the_docs_is_the_code() {
        let table: String = ALL
            .iter()
            .map(|h| {
                let client = match h.client_syntax {
                    ClientSyntax::List => " (list)",
                    ClientSyntax::Forwarded => " `for=`",
                    ClientSyntax::Single | ClientSyntax::SingleWithPort => "",
                };
                let (scheme, host) = match h.client_syntax {
                    ClientSyntax::Forwarded => ("`proto=`".to_owned(), "`host=`".to_owned()),
                    _ => (cell(h, h.scheme), cell(h, h.host)),
                };
                let scheme = match h.other_scheme {
                    NONE => scheme,
                    other => format!("{scheme}, else {}", cell(h, other)),
                };
                format!(
                    "| [`{name}`](Self::{constant}) | {}{client} | {scheme} | {host} | {} | {} |\n",
                    cell(h, h.client),
                    cell(h, h.port),
                    cell(h, h.prefix),
                    name = h.name,
                    constant = h.name.to_uppercase().replace('-', "_"),
                )
            })
            .collect();
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/headers/presets.md");
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(path, &table).unwrap();
        }
        assert_eq!(
            std::fs::read_to_string(path).unwrap(),
            table,
            "run with BLESS=1 to write it"
        );
    }
}
