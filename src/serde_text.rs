//! Types that are a single string in configuration files (feature `serde`).

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use crate::{
    host_pattern::HostPattern,
    resolution::{Finding, scheme::Scheme},
    trust::TrustedProxies,
};

fn read<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: std::str::FromStr<Err: fmt::Display>,
{
    let text = Cow::<str>::deserialize(deserializer)?;
    text.parse().map_err(D::Error::custom)
}

macro_rules! as_text {
    ($($Type:ty),*) => {
        $(
            impl<'de> Deserialize<'de> for $Type {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    read(deserializer)
                }
            }
        )*
    };
}

as_text!(Finding, HostPattern, Scheme, TrustedProxies);

macro_rules! to_text {
    ($($Type:ty),*) => {
        $(
            impl Serialize for $Type {
                fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    serializer.collect_str(self)
                }
            }
        )*
    };
}

// Sets of proxies and custom headers are missing here, since they hold more than their text shows.
to_text!(Finding, HostPattern, Scheme);
