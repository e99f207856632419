//! Presets: which headers each known product sets, appends to and passes through.

use std::str::FromStr;

use super::{
    ClientSyntax, Headers, HeadersError,
    field_set::FieldSet,
    known::{Field, NONE, field},
};

const XFF: Field = field("x-forwarded-for");
const XFP: Field = super::X_FORWARDED_PROTO;
const XFH: Field = field("x-forwarded-host");
const X_PORT: Field = field("x-forwarded-port");
const X_PREFIX: Field = field("x-forwarded-prefix");

/// A preset called `name` that reads `X-Forwarded-*` headers. `host`, `port` and `prefix` are the headers that the
/// product itself writes, besides `-For` and `-Proto`.
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

/// A preset called `name` that reads `Forwarded` (RFC 7239).
const fn forwarded(name: &'static str, port: Field, prefix: Field) -> Headers {
    let mut headers = x_forwarded(name, NONE, port, prefix);
    headers.client = field("forwarded");
    headers.client_syntax = ClientSyntax::Forwarded;
    headers.scheme = NONE;
    headers
}

/// A preset with one client header and one scheme header, and with the other headers that the product sets.
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
    /// `X-Forwarded-For`, `-Proto`, `-Host`, `-Port` and `-Prefix`. This is the default.
    ///
    /// `X-Forwarded-For` is a list, which the layer reads from the right. Each of the other headers holds one value, so
    /// every proxy that can be the peer must set `X-Forwarded-Proto`. If your proxies append to one of these headers,
    /// declare it as a list with [`with_lists`](Self::with_lists).
    pub const X_FORWARDED: Self = x_forwarded("x-forwarded", XFH, X_PORT, X_PREFIX);

    /// `Forwarded` (RFC 7239). The layer reads the client, the scheme and the host from no other header.
    ///
    /// If a proxy copies text from the client into its element, it must quote this text. It must also write a backslash
    /// before each quotation mark and each backslash in the text. Otherwise the client can write the rest of the
    /// element.
    ///
    /// `Forwarded` has no parameter for a prefix, and none for a port outside of the host. If you opt into ports or
    /// prefixes, the layer reads them from `X-Forwarded-Port` and `X-Forwarded-Prefix`.
    pub const FORWARDED: Self = forwarded("forwarded", X_PORT, X_PREFIX);

    /// AWS Application Load Balancer: appends to `X-Forwarded-For`, and sets `-Proto` and `-Port`.
    ///
    /// A client's `X-Forwarded-Host` passes through, so it is not read.
    ///
    /// If the attribute `routing.http.xff_header_processing.mode` is `preserve`, the load balancer appends nothing.
    /// Then every client can forge its address. Trust the subnets that the load balancer is in.
    ///
    /// If the load balancer invokes a Lambda function with multi-value headers, it
    /// [leaves the client's header lines in front of its own](https://github.com/laravel/vapor-core/pull/25). Then add
    /// `.with_lists(["x-forwarded-proto"])`. Otherwise a client can make its own https request look like http. See
    /// [AWS Lambda](https://docs.rs/tower-forwarded-guide/latest/tower_forwarded_guide/entrances/index.html#aws-lambda).
    ///
    /// Source: [HTTP headers and Application Load Balancers](https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html).
    pub const AWS_ALB: Self = x_forwarded("aws-alb", NONE, X_PORT, NONE);

    /// AWS CloudFront: sets `CloudFront-Viewer-Address` (address and port) and `CloudFront-Forwarded-Proto`, if the
    /// origin request policy of your distribution includes both.
    ///
    /// A load balancer between CloudFront and the service passes both headers through. Its own `X-Forwarded-Proto` says
    /// how CloudFront connected, not how the viewer connected. Trust that load balancer, and let it accept connections
    /// only from CloudFront. Otherwise, anyone who reaches it directly can write both headers.
    ///
    /// **All CloudFront customers share CloudFront's addresses**, so they do not prove that a request came through your
    /// distribution. Let CloudFront add a header with a secret, and [require](crate::ForwardedLayer::require) that
    /// header
    /// ([Restrict access to Application Load Balancers](https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/restrict-access-to-load-balancer.html)).
    /// Or use VPC origins.
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
    /// REST APIs write `X-Forwarded-For`, `-Proto` and `-Port`, as an Application Load Balancer does. Use
    /// [`AWS_ALB`](Self::AWS_ALB) for them. Trust the subnets of the VPC link.
    ///
    /// Do not use this preset for Lambda functions. Events that were recorded there contain no `Forwarded` header from
    /// the gateway, so the client can write it. See [AWS Lambda](https://docs.rs/tower-forwarded-guide/latest/tower_forwarded_guide/entrances/index.html#aws-lambda).
    ///
    /// Source: [Working with HTTP proxy integrations](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-http.html).
    pub const AWS_API_GATEWAY: Self = forwarded("aws-api-gateway", NONE, NONE);

    /// Google Cloud external Application Load Balancer: appends two elements to `X-Forwarded-For`, the client's address
    /// and its own address. It also sets `X-Forwarded-Proto`.
    ///
    /// Trust 35.191.0.0/16 and 130.211.0.0/22, from which the load balancer connects, **and the load balancer's own
    /// address**. That is the external IP address of its forwarding rule (`gcloud compute forwarding-rules list`). If
    /// you do not trust it, the load balancer appears as the client. The layer does not count elements here. So
    /// requests that bypass the load balancer are also resolved correctly.
    ///
    /// Source: [External Application Load Balancer overview, X-Forwarded-For header](https://cloud.google.com/load-balancing/docs/https#x-forwarded-for_header).
    pub const GOOGLE_CLOUD: Self = x_forwarded("google-cloud", NONE, NONE, NONE);

    /// Azure Front Door: sets `X-Azure-SocketIP`, `X-Forwarded-Proto` and `X-Forwarded-Host`.
    ///
    /// Front Door takes `X-Azure-ClientIP` from the client's own `X-Forwarded-For`, so it is not read. Trust the
    /// service tag AzureFrontDoor.Backend. Other customers' front doors connect from the same addresses. So also
    /// [require](crate::ForwardedLayer::require) the ID of your own front door in `X-Azure-FDID`.
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

    /// Azure Application Gateway: appends `address:port` to `X-Forwarded-For`, sets `-Proto` and `-Port`, and copies
    /// the client's host into `X-Original-Host`.
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

    /// Cloudflare: sets `CF-Connecting-IP`, and writes the scheme into `CF-Visitor` and `X-Forwarded-Proto`.
    ///
    /// The layer reads `CF-Visitor` first, since a proxy between Cloudflare and the service overwrites
    /// `X-Forwarded-Proto`. Trust Cloudflare's published networks. If a proxy behind Cloudflare accepts connections
    /// only from these networks, trust that proxy instead.
    ///
    /// If [Pseudo IPv4](https://developers.cloudflare.com/network/pseudo-ipv4/) is set to overwrite headers,
    /// `CF-Connecting-IP` holds an address in 240.0.0.0/4 for each client that uses IPv6. The layer then reads the
    /// client's address from `CF-Connecting-IPv6`.
    ///
    /// **All Cloudflare customers share these networks**, so they do not prove that a request came through your zone.
    /// Let a
    /// [request header transform rule](https://developers.cloudflare.com/rules/transform/request-header-modification/)
    /// set a header to a secret, and [require](crate::ForwardedLayer::require) that header.
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

    /// Fastly, with two lines of VCL that set `Fastly-Client-IP` and `Fastly-SSL`.
    ///
    /// **By default, Fastly passes both headers through if a client sends them.** Use this preset only if your VCL sets
    /// both headers at the edge:
    ///
    /// ```vcl
    /// if (fastly.ff.visits_this_service == 0 && req.restarts == 0) {
    ///   set req.http.Fastly-Client-IP = client.ip;
    ///   set req.http.Fastly-SSL = if(fastly_info.edge.is_tls, "1", "0");
    /// }
    /// ```
    ///
    /// Trust Fastly's published networks. **All Fastly customers share them**, so they do not prove that a request came
    /// through your Fastly service. Let your VCL set a header to a secret, and
    /// [require](crate::ForwardedLayer::require) that header.
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
    /// A client may be able to write `X-Forwarded-Port`, but not `Fly-Forwarded-Port`, so the layer reads the latter.
    /// Trust 172.16.0.0/12 and fdaa::/16. If nothing else can reach the machine, you can trust
    /// [any peer](crate::TrustedProxies::any) instead.
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

    /// Heroku's router: appends to `X-Forwarded-For`, and sets `-Proto` and `-Port`.
    ///
    /// Heroku does not publish the router's addresses, and nothing else can reach a dyno. So trust any peer, with
    /// [`TrustedProxies::any`](crate::TrustedProxies::any).
    ///
    /// Source: [HTTP routing, Heroku headers](https://devcenter.heroku.com/articles/http-routing#heroku-headers).
    pub const HEROKU: Self = x_forwarded("heroku", NONE, X_PORT, NONE);

    /// nginx, with these lines in its configuration. By default, nginx writes none of the `X-Forwarded-*` headers.
    ///
    /// ```text
    /// proxy_set_header Host              $host;
    /// proxy_set_header X-Forwarded-For   $proxy_add_x_forwarded_for;
    /// proxy_set_header X-Forwarded-Proto $scheme;
    /// proxy_set_header X-Forwarded-Host  $host;
    /// proxy_set_header X-Forwarded-Port  $server_port;
    /// ```
    ///
    /// `$host` does not contain the port. If your clients use a port in the URL, replace `$host`. From nginx 1.29.3 on,
    /// write
    /// [`$host$is_request_port$request_port`](https://nginx.org/en/docs/http/ngx_http_core_module.html#var_request_port).
    /// Before that, write `$http_host`, which is [empty over HTTP/3](https://github.com/nginx/nginx/issues/455).
    ///
    /// If one of these lines is missing, the client's own header passes through. So keep the line for each header that
    /// you [opt into](crate::ForwardedLayer::believe_port). Without the first line, `Host` is the name of the upstream.
    ///
    /// Source: [ngx_http_proxy_module](https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_set_header).
    pub const NGINX: Self = x_forwarded("nginx", XFH, X_PORT, NONE);

    /// `X-Real-IP` and `X-Forwarded-Proto`. The proxy must set both. In nginx:
    ///
    /// ```text
    /// proxy_set_header X-Real-IP         $remote_addr;
    /// proxy_set_header X-Forwarded-Proto $scheme;
    /// ```
    ///
    /// `X-Real-IP` holds one address, so this preset works with one proxy. Behind two proxies, the header names the
    /// outer proxy instead of the client, unless nginx's `real_ip_recursive` corrects `$remote_addr`.
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

    /// Tailscale `serve` and `funnel`: sets `X-Forwarded-For` and `-Host`. For https requests, it also sets `-Proto`.
    ///
    /// tailscaled runs on the same machine as the service, so trust `loopback`. If the target is a socket, trust
    /// `unix`. A client's `X-Forwarded-Port` passes through, so it is not read.
    ///
    /// With userspace networking, connections from the whole tailnet come from loopback without passing through `serve`
    /// ([a measurement](https://github.com/alphastorm/omp-session-gateway/pull/102)). Do not trust `loopback` in that
    /// case.
    ///
    /// Source: [`addProxyForwardedHeaders`](https://github.com/tailscale/tailscale/blob/000403c276b21e984608fe68d1390f7a84d3bf9f/ipn/ipnlocal/serve.go).
    pub const TAILSCALE: Self = x_forwarded("tailscale", XFH, NONE, NONE);

    /// IIS with Application Request Routing: appends `address:port` to `X-Forwarded-For`, and sets `X-ARR-SSL` on https
    /// requests.
    ///
    /// We found no source which says that it removes a client's own `X-ARR-SSL` from http requests. So a client may be
    /// able to make its http request look like https. If you serve only https, use
    /// [`without_scheme`](Self::without_scheme), and set the scheme with
    /// [`connection_scheme`](crate::ForwardedLayer::connection_scheme). Trust the address of the server that runs ARR.
    ///
    /// Source: [SSL in Windows Azure Web Sites](https://fusebit.io/blog/2013/12/16/secure-by-default-with-ssl-in-windows/),
    /// [a request as ARR sends it](https://abhimantiwari.github.io/blog/ARR).
    pub const IIS_ARR: Self = {
        let mut headers = x_forwarded("iis-arr", NONE, NONE, NONE);
        headers.scheme = super::X_ARR_SSL;
        headers
    };

    /// Google App Engine: sets `X-Appengine-User-IP` and `X-Appengine-Https`, and removes these headers if a client
    /// sends them.
    ///
    /// Its router appends its own element to `X-Forwarded-For`, after the client's element, so this header is not read.
    /// Nothing is published about where its connections come from, and nothing else can reach an instance. So trust any
    /// peer. Requests from cron and from task queues have the addresses 0.1.0.1 and 0.1.0.2.
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

    /// Azure App Service: overwrites `Client-IP` with an address and a port, and sets `X-ARR-SSL` on https requests.
    ///
    /// We found no source which says that it overwrites `X-Forwarded-For` and `-Proto`, so they are not read. We also
    /// found none which says that it removes a client's own `X-ARR-SSL` from http requests. So set the app to "HTTPS
    /// only". Nothing is published about where its connections come from, so trust any peer.
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

    /// Azure Container Apps: appends to `X-Forwarded-For`, and overwrites `X-Forwarded-Proto`.
    ///
    /// Its documentation says that it writes only the rightmost element itself. Trust any peer. Note that other apps in
    /// the environment can reach your app without passing through the ingress.
    ///
    /// Source: [Ingress, HTTP headers](https://learn.microsoft.com/en-us/azure/container-apps/ingress-overview#http-headers).
    pub const AZURE_CONTAINER_APPS: Self = x_forwarded("azure-container-apps", NONE, NONE, NONE);

    /// Railway: sets `X-Real-IP`, `X-Forwarded-Proto` and `X-Forwarded-Host`.
    ///
    /// Its edge appends its own element to `X-Forwarded-For`, after the client's element, and the addresses of the edge
    /// change. So this header is not read. Trust any peer. If a CDN is in front of Railway, the CDN appears as the
    /// client. In that case, believe the CDN's own header, together with a [secret](crate::ForwardedLayer::require).
    ///
    /// Source: [Public networking, specs and limits](https://github.com/railwayapp/docs/blob/135863d8c7f8bf7898d6571b90002da715a0c1ae/content/docs/networking/public-networking/specs-and-limits.md),
    /// [a measurement of forged headers](https://github.com/fancyboi999/open-tag/pull/107).
    pub const RAILWAY: Self = single("railway", "x-real-ip", ClientSyntax::Single, XFP, XFH, NONE);

    /// Kong: appends to `X-Forwarded-For`. It sets `-Proto`, `-Host`, `-Port` and `-Prefix` if its peer is not in
    /// `trusted_ips`.
    ///
    /// If its peer is in `trusted_ips`, Kong passes these headers through. So let `trusted_ips` contain only your own
    /// proxies. Trust the nodes that Kong runs on.
    ///
    /// Source: [`kong/runloop/handler.lua`](https://github.com/Kong/kong/blob/master/kong/runloop/handler.lua).
    pub const KONG: Self = x_forwarded("kong", XFH, X_PORT, X_PREFIX);

    /// ngrok: appends to `X-Forwarded-For` and to `X-Forwarded-Proto`.
    ///
    /// The ngrok agent connects from the machine that it runs on. If that is the machine of your service, trust
    /// `loopback`. A client's `X-Forwarded-Host` passes through, so it is not read.
    ///
    /// Source: [HTTP endpoints, upstream headers](https://ngrok.com/docs/http/#upstream-headers).
    pub const NGROK: Self = {
        let mut headers = x_forwarded("ngrok", NONE, NONE, NONE);
        headers.lists.insert(XFP);
        headers
    };

    /// Vercel: overwrites `X-Forwarded-For`.
    ///
    /// Its `X-Forwarded-Host` is the same as `Host`, so it is not read. Nothing is published about where its
    /// connections come from, so trust any peer. If clients can send requests directly to a service behind an external
    /// rewrite, also [require](crate::ForwardedLayer::require) a secret of your own.
    ///
    /// Source: [Request headers](https://vercel.com/docs/headers/request-headers).
    pub const VERCEL: Self = x_forwarded("vercel", NONE, NONE, NONE);

    /// HAProxy, with `option forwardfor`: adds its own `X-Forwarded-For` line below the client's. It sets the other two
    /// headers only if your configuration says so:
    ///
    /// ```text
    /// option forwardfor
    /// http-request set-header X-Forwarded-Proto %[ssl_fc,iif(https,http)]
    /// http-request set-header X-Forwarded-Port %[dst_port]
    /// ```
    ///
    /// A client's `X-Forwarded-Host` passes through, so it is not read. Do not use `except` or `if-none` with
    /// `option forwardfor`. Where they apply, HAProxy adds nothing, and the layer would believe the client's own line.
    ///
    /// Source: [Configuration manual, option forwardfor](https://docs.haproxy.org/2.6/configuration.html#4-option%20forwardfor).
    pub const HAPROXY: Self = x_forwarded("haproxy", NONE, X_PORT, NONE);

    /// HAProxy 2.8 and later, with `option forwarded`: appends to `Forwarded`.
    ///
    /// Source: [Configuration manual, option forwarded](https://docs.haproxy.org/2.8/configuration.html#4-option%20forwarded).
    pub const HAPROXY_FORWARDED: Self = forwarded("haproxy-forwarded", NONE, NONE);

    /// Apache httpd with mod_proxy_http: appends to `X-Forwarded-For` and `X-Forwarded-Host`.
    ///
    /// It does not write the scheme. Set it with `RequestHeader set X-Forwarded-Proto https`.
    ///
    /// If a client sends `Connection: X-Forwarded-Proto`, Apache removes the header that it set itself. The scheme of
    /// this request is then that of the connection. To prevent that, use `RequestHeader unset Connection early`. If all
    /// clients use https, you can use [`connection_scheme`](crate::ForwardedLayer::connection_scheme) instead.
    ///
    /// Source: [mod_proxy, reverse proxy request headers](https://httpd.apache.org/docs/2.4/mod/mod_proxy.html#x-headers).
    pub const APACHE: Self = {
        let mut headers = x_forwarded("apache", XFH, NONE, NONE);
        headers.lists.insert(XFH);
        headers
    };

    /// Caddy: sets `X-Forwarded-For`, `-Proto` and `-Host`, and overwrites what an untrusted client sent.
    ///
    /// A client's `X-Forwarded-Port` and `-Prefix` pass through, so they are not read.
    ///
    /// Source: [reverse_proxy, defaults](https://caddyserver.com/docs/caddyfile/directives/reverse_proxy#defaults).
    pub const CADDY: Self = x_forwarded("caddy", XFH, NONE, NONE);

    /// Traefik: sets `X-Forwarded-For`, `-Proto`, `-Host` and `-Port`, and overwrites what an untrusted client sent.
    /// Each StripPrefix middleware that removes a prefix also adds a line to `X-Forwarded-Prefix`.
    ///
    /// From versions 2.11.14 and 3.2.1 on, Traefik removes a client's own `X-Forwarded-Prefix`
    /// ([CVE-2024-52003](https://github.com/traefik/traefik/security/advisories/GHSA-h924-8g65-j9wg)).
    /// [Believe prefixes](crate::ForwardedLayer::believe_prefix) only behind these or later versions. Before 2.11.9 and
    /// 3.1.3, a client could make Traefik remove `-Proto`, `-Host` and `-Port`, if it named them in `Connection`
    /// ([GHSA-62c8-mh53-4cqv](https://github.com/traefik/traefik/security/advisories/GHSA-62c8-mh53-4cqv)).
    ///
    /// Source: [EntryPoints, forwarded headers](https://doc.traefik.io/traefik/routing/entrypoints/#forwarded-headers).
    pub const TRAEFIK: Self = x_forwarded("traefik", XFH, X_PORT, X_PREFIX);

    /// Envoy with `use_remote_address: true`: appends to `X-Forwarded-For`, and sets `-Proto`.
    ///
    /// A client's `X-Forwarded-Host`, `-Port` and `-Prefix` pass through, so they are not read.
    ///
    /// Source: [HTTP header manipulation](https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers#x-forwarded-for).
    pub const ENVOY: Self = x_forwarded("envoy", NONE, NONE, NONE);

    /// Istio's ingress gateway, which is an Envoy proxy: see [`ENVOY`](Self::ENVOY).
    ///
    /// If there is another load balancer in front of the gateway, set `numTrustedProxies` in Istio. With a sidecar, the
    /// peer is the sidecar. Then trust only `loopback` (Istio's sidecar connects from 127.0.0.6), with one
    /// [hop](crate::TrustedProxies::hops).
    ///
    /// Source: [Configuring gateway network topology](https://istio.io/latest/docs/ops/configuration/traffic-management/network-topologies/).
    pub const ISTIO: Self = x_forwarded("istio", NONE, NONE, NONE);

    /// ingress-nginx in Kubernetes: sets `X-Forwarded-For`, `-Proto`, `-Host` and `-Port`. With the annotation
    /// `x-forwarded-prefix`, it also sets `-Prefix`.
    ///
    /// It overwrites the first four headers that a client sent, unless `use-forwarded-headers` is on.
    ///
    /// Trust the network of the cluster's pods.
    ///
    /// Source: [ConfigMap, use-forwarded-headers](https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/configmap/#use-forwarded-headers).
    pub const INGRESS_NGINX: Self = x_forwarded("ingress-nginx", XFH, X_PORT, X_PREFIX);

    /// nghttpx with `--add-x-forwarded-for`: appends to `X-Forwarded-For`, and sets `-Proto`.
    ///
    /// With `--add-forwarded`, nghttpx writes `Forwarded`, but hides the client (`for=_hBtXlaOL`) unless you also give
    /// `--forwarded-for=ip`. With both options, use [`FORWARDED`](Self::FORWARDED).
    ///
    /// Source: [nghttpx(1)](https://nghttp2.org/documentation/nghttpx.1.html#cmdoption-nghttpx-add-x-forwarded-for).
    pub const NGHTTPX: Self = x_forwarded("nghttpx", NONE, NONE, NONE);

    /// Returns every preset, in the order of the table above.
    #[must_use]
    pub fn presets() -> &'static [Self] {
        &ALL
    }
}

static ALL: [Headers; 32] = all();

/// The client fields of all presets.
pub(super) const CLIENTS: FieldSet = clients();

#[allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::mem_forget
)]
const fn clients() -> FieldSet {
    let all = all();
    let mut clients = FieldSet::EMPTY;
    let mut at = 0;
    while at < all.len() {
        clients.insert(all[at].client);
        at += 1;
    }
    // The compiler cannot drop header names.
    std::mem::forget(all);
    clients
}

const fn all() -> [Headers; 32] {
    [
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
    ]
}

impl FromStr for Headers {
    type Err = HeadersError;

    /// Finds a preset by its kebab-case name, such as `aws-alb`.
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
mod tests;
