//! Lists of networks that providers publish as JSON.

use ipnet::IpNet;
use serde::{Deserialize, de::DeserializeOwned};

use super::{lists::ListError, proxies::TrustedProxies};

const AWS: &str = "AWS's ip-ranges.json";
const FASTLY: &str = "Fastly's public-ip-list";
const GOOGLE: &str = "Google's goog.json or cloud.json";
const AZURE: &str = "Azure's ServiceTags_Public.json";

impl TrustedProxies {
    /// Reads the networks of one service from AWS's
    /// [ip-ranges.json](https://docs.aws.amazon.com/vpc/latest/userguide/aws-ip-ranges.html), in one region or in all
    /// regions.
    ///
    /// Behind CloudFront, trust the service `CLOUDFRONT_ORIGIN_FACING` in all regions, since a few of its networks are
    /// listed under a single region. `EC2` and `AMAZON` contain the machines of other customers, so never trust these.
    ///
    /// ```
    /// use tower_forwarded::TrustedProxies;
    ///
    /// let json = r#"{ "prefixes": [ { "ip_prefix": "120.52.22.96/27", "region": "GLOBAL",
    ///     "service": "CLOUDFRONT_ORIGIN_FACING", "network_border_group": "GLOBAL" } ],
    ///     "ipv6_prefixes": [] }"#;
    /// let proxies = TrustedProxies::from_aws_ip_ranges(json, "CLOUDFRONT_ORIGIN_FACING", None)?;
    /// assert!(proxies.contains("120.52.22.97".parse()?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the text is not such a list, or contains no networks for this service and region.
    pub fn from_aws_ip_ranges(
        json: &str,
        service: &str,
        region: Option<&str>,
    ) -> Result<Self, ListError> {
        #[derive(Deserialize)]
        struct Ranges {
            prefixes: Vec<Range>,
            #[serde(default)]
            ipv6_prefixes: Vec<Range>,
        }
        #[derive(Deserialize)]
        struct Range {
            #[serde(alias = "ipv6_prefix")]
            ip_prefix: IpNet,
            region: String,
            service: String,
        }
        let ranges: Ranges = read(AWS, json)?;
        let networks = ranges
            .prefixes
            .into_iter()
            .chain(ranges.ipv6_prefixes)
            .filter(|range| {
                range.service == service && region.is_none_or(|region| range.region == region)
            })
            .map(|range| range.ip_prefix);
        let wanted = || match region {
            Some(region) => format!("service `{service}` in region `{region}`"),
            None => format!("service `{service}`"),
        };
        some(AWS, networks, wanted)
    }

    /// Reads Fastly's [public IP list](https://www.fastly.com/documentation/reference/api/utils/public-ip-list/).
    ///
    /// All Fastly customers share these networks: see [`Headers::FASTLY`](crate::Headers::FASTLY).
    ///
    /// ```
    /// use tower_forwarded::TrustedProxies;
    ///
    /// let json = r#"{ "addresses": ["23.235.32.0/20"], "ipv6_addresses": ["2a04:4e40::/32"] }"#;
    /// let proxies = TrustedProxies::from_fastly_ip_list(json)?;
    /// assert!(proxies.contains("23.235.32.9".parse()?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the text is not such a list, or contains no networks.
    pub fn from_fastly_ip_list(json: &str) -> Result<Self, ListError> {
        #[derive(Deserialize)]
        struct List {
            #[serde(default)]
            addresses: Vec<IpNet>,
            #[serde(default)]
            ipv6_addresses: Vec<IpNet>,
        }
        let list: List = read(FASTLY, json)?;
        let networks = list.addresses.into_iter().chain(list.ipv6_addresses);
        some(FASTLY, networks, || "IPv4 and IPv6".to_owned())
    }

    /// Reads Google's goog.json or cloud.json
    /// ([Obtain Google IP address ranges](https://support.google.com/a/answer/10026322)). From cloud.json, it reads one
    /// scope (a region, or `global`) or all scopes.
    ///
    /// **Neither list contains the addresses that a load balancer connects from.** For these, see
    /// [`Headers::GOOGLE_CLOUD`](crate::Headers::GOOGLE_CLOUD). cloud.json contains the machines of all customers. So
    /// if you trust a part of it, also require a [secret](crate::ForwardedLayer::require).
    ///
    /// ```
    /// use tower_forwarded::TrustedProxies;
    ///
    /// let json = r#"{ "syncToken": "1", "creationTime": "2026-01-01T00:00:00", "prefixes": [
    ///     { "ipv4Prefix": "34.1.208.0/20", "service": "Google Cloud", "scope": "africa-south1" },
    ///     { "ipv6Prefix": "2600:1900:8000::/44", "service": "Google Cloud", "scope": "global" } ] }"#;
    /// let proxies = TrustedProxies::from_google_ip_ranges(json, Some("africa-south1"))?;
    /// assert!(proxies.contains("34.1.208.9".parse()?));
    /// assert!(!proxies.contains("2600:1900:8000::1".parse()?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the text is not such a list, or contains no networks for this scope.
    pub fn from_google_ip_ranges(json: &str, scope: Option<&str>) -> Result<Self, ListError> {
        #[derive(Deserialize)]
        struct Ranges {
            prefixes: Vec<Range>,
        }
        #[derive(Deserialize)]
        struct Range {
            #[serde(alias = "ipv4Prefix", alias = "ipv6Prefix")]
            prefix: IpNet,
            scope: Option<String>,
        }
        let ranges: Ranges = read(GOOGLE, json)?;
        let networks = ranges
            .prefixes
            .into_iter()
            .filter(|range| scope.is_none() || range.scope.as_deref() == scope)
            .map(|range| range.prefix);
        let wanted = || match scope {
            Some(scope) => format!("scope `{scope}`"),
            None => "any scope".to_owned(),
        };
        some(GOOGLE, networks, wanted)
    }

    /// Reads the networks of one service tag from the file that
    /// [Azure publishes](https://learn.microsoft.com/en-us/azure/virtual-network/service-tags-overview#discover-service-tags-by-using-downloadable-json-files).
    ///
    /// Behind Front Door, trust the tag `AzureFrontDoor.Backend`. All Front Door customers share it: see
    /// [`Headers::AZURE_FRONT_DOOR`](crate::Headers::AZURE_FRONT_DOOR). `AzureCloud` contains the machines of other
    /// customers, so never trust it.
    ///
    /// ```
    /// use tower_forwarded::TrustedProxies;
    ///
    /// let json = r#"{ "changeNumber": 1, "cloud": "Public", "values": [ {
    ///     "name": "AzureFrontDoor.Backend", "id": "AzureFrontDoor.Backend",
    ///     "properties": { "addressPrefixes": ["4.150.241.128/25", "2603:1030:7::780/121"] } } ] }"#;
    /// let proxies = TrustedProxies::from_azure_service_tags(json, "AzureFrontDoor.Backend")?;
    /// assert!(proxies.contains("4.150.241.129".parse()?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the text is not such a list, or does not contain this tag.
    pub fn from_azure_service_tags(json: &str, tag: &str) -> Result<Self, ListError> {
        #[derive(Deserialize)]
        struct Tags {
            values: Vec<Tag>,
        }
        #[derive(Deserialize)]
        struct Tag {
            name: String,
            properties: Properties,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Properties {
            address_prefixes: Vec<IpNet>,
        }
        let tags: Tags = read(AZURE, json)?;
        let networks = tags
            .values
            .into_iter()
            .filter(|entry| entry.name == tag)
            .flat_map(|entry| entry.properties.address_prefixes);
        some(AZURE, networks, || format!("tag `{tag}`"))
    }
}

fn read<T: DeserializeOwned>(list: &'static str, json: &str) -> Result<T, ListError> {
    let json = json.trim_start_matches('\u{feff}');
    serde_json::from_str(json).map_err(|error| ListError::Format {
        list,
        reason: error.to_string(),
    })
}

/// Collects the networks into a set, and fails if there are none. Half a list, as after an interrupted download, is not
/// valid JSON. But an empty list is.
fn some(
    list: &'static str,
    networks: impl Iterator<Item = IpNet>,
    wanted: impl Fn() -> String,
) -> Result<TrustedProxies, ListError> {
    let proxies: TrustedProxies = networks.collect();
    if proxies.range_count() == 0 {
        return Err(ListError::Nothing {
            list,
            wanted: wanted(),
        });
    }
    Ok(proxies)
}
