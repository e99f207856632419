//! Makes scenarios from bytes, so that a fuzzer can change one thing at a time. After the last byte, every value is
//! zero.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderName, HeaderValue};
use tower_forwarded::Scheme;

use super::property::{Hop, Hosts, NAMES, Scenario, SchemeBy, Style, Truth};

pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    fn byte(&mut self) -> u8 {
        let Some((&byte, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        byte
    }

    fn last_byte(&mut self) -> u8 {
        let Some((&byte, rest)) = self.0.split_last() else {
            return 0;
        };
        self.0 = rest;
        byte
    }

    pub(super) fn bool(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        taken
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.byte())
    }

    fn address(&mut self) -> IpAddr {
        let address = match self.byte() % 4 {
            0 => IpAddr::from([10, 0, 0, self.byte()]),
            1 => IpAddr::from(self.array::<4>()),
            2 => IpAddr::from(self.array::<16>()),
            _ => {
                let address = std::net::Ipv4Addr::from(self.array::<4>());
                IpAddr::from(address.to_ipv6_mapped())
            }
        };
        if address.to_canonical().is_unspecified() {
            return IpAddr::from([192, 0, 2, 1]);
        }
        address
    }

    fn scheme(&mut self) -> Scheme {
        if self.bool() {
            Scheme::Https
        } else {
            Scheme::Http
        }
    }

    fn host(&mut self) -> String {
        const NAME: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
        let kind = self.byte();
        let host = match kind % 4 {
            0 => "api.example.com".to_owned(),
            1 => format!("[{}]", std::net::Ipv6Addr::from(self.array::<16>())),
            2 => std::net::Ipv4Addr::from(self.array::<4>()).to_string(),
            _ => {
                let length = usize::from(self.byte() % 40);
                let letters = self.take(length).iter();
                let name: String = letters
                    .map(|byte| char::from(NAME[usize::from(*byte) % NAME.len()]))
                    .collect();
                format!("a{name}")
            }
        };
        // These are not valid hosts, but proxies pass them on or quote them.
        let host = match kind / 16 {
            0 => format!("x,{host}"),
            1 => format!("{host}\"\\;for=198.51.100.66"),
            2 => host.repeat(100),
            3 => format!("{host}.0x7f.1"),
            _ => host,
        };
        match kind / 4 % 4 {
            0 => format!("{host}:{}", u16::from_be_bytes(self.array()).max(1)),
            1 => format!("{host}:443"),
            2 => format!("{host}:80"),
            _ => host,
        }
    }

    fn hop(&mut self) -> Hop {
        let flags = self.byte();
        Hop {
            address: self.address(),
            style: match flags % 4 {
                0 => Style::Append,
                1 => Style::Join,
                2 => Style::NewLine,
                _ => Style::Overwrite,
            },
            with_port: flags & 4 != 0,
            mapped: flags & 8 != 0,
            spaced: flags & 16 != 0,
            encrypts: flags & 32 != 0,
            says_host: flags & 64 != 0,
            strips: match flags & 0x84 {
                0x80 => Some("/api"),
                0x84 => Some("/t/a,/evil"),
                _ => None,
            },
            ours: flags & 0b1_1011 == 0b1_1000,
        }
    }

    pub(super) fn scenario(&mut self) -> Scenario {
        let flags = self.byte();
        let more = self.byte();
        let extra = self.last_byte();
        let client = SocketAddr::new(self.address(), u16::from_be_bytes(self.array()).max(1));
        let [odd, even] = client.port().to_be_bytes();
        Scenario {
            hosts: match odd & 3 {
                0 => Hosts::Other,
                1 => Hosts::Own,
                _ => Hosts::Any,
            },
            believes_port: odd & 4 != 0,
            single_value: odd & 24 == 24,
            keep: (odd & 96 == 96).then(|| NAMES[usize::from(even) % NAMES.len()]),
            remove: (extra & 192 == 192).then(|| NAMES[usize::from(extra & 63) % NAMES.len()]),
            counted: extra & 4 != 0,
            other_scheme_header: extra & 24 == 24,
            records: extra & 1 != 0,
            keeps_uri: extra & 2 != 0,
            extended_connect: extra & 32 != 0,
            absolute: odd & 128 != 0,
            believes_login: more & 64 != 0,
            believes_certificates: more & 128 != 0,
            edge_appends_certificate: client.port() & 1 != 0,
            edge_says_host: more & 1 != 0,
            believes_prefix: more & 2 != 0,
            any_peer: more & 4 != 0,
            secret: more & 8 != 0,
            forwarded: flags & 1 != 0,
            unix: flags & 2 != 0,
            http2: client.port() & 8 != 0,
            limited: client.port() & 16 != 0,
            zones: more & 16 != 0,
            broken: None,
            scheme_by: match (flags & 4 != 0, more & 32 != 0) {
                (_, true) => SchemeBy::Gateway,
                (true, false) => SchemeBy::Each,
                (false, false) => SchemeBy::Edge,
            },
            truth: Truth {
                client,
                is_logged_in: client.port() & 2 != 0,
                presents_certificate: client.port() & 4 != 0,
                port: match even & 96 {
                    0 => 80,
                    32 => 443,
                    _ => 8443,
                },
                scheme: self.scheme(),
                host: self.host(),
            },
            hops: (0..=flags / 8 % 5).map(|_| self.hop()).collect(),
            written: self.written(),
        }
        .made_possible()
    }

    /// Reads headers until the bytes are used up. Each has its name, its length and its value.
    fn written(&mut self) -> Vec<(HeaderName, HeaderValue)> {
        let mut written = Vec::new();
        while !self.0.is_empty() && written.len() < 8 {
            let name = NAMES[usize::from(self.byte()) % NAMES.len()];
            let length = usize::from(self.byte());
            if let Ok(value) = HeaderValue::from_bytes(self.take(length)) {
                written.push((HeaderName::from_static(name), value));
            }
        }
        written
    }
}
