//! An [`Explanation`] as data. Its names are stable: new names can be added, but no name changes its meaning.

use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::{
    Explanation,
    advice::{Advice, Evidence},
    trace::{Element, Trace, Value},
};
use crate::{
    identity::fate::Fate,
    resolution::Finding,
    resolve::observer::{End, Source, Verdict},
};

impl Serialize for Explanation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let resolution = &self.resolution;
        let findings: Vec<_> = resolution.findings().iter().map(Finding::as_str).collect();
        let mut out = serializer.serialize_struct("Explanation", 10)?;
        let advice: Vec<_> = self
            .advice
            .iter()
            .map(|(advice, text)| Told { advice, text })
            .collect();
        out.serialize_field("advice", &advice)?;
        out.serialize_field("client", &resolution.client())?;
        out.serialize_field("client_port", &resolution.client_port())?;
        out.serialize_field("scheme", resolution.scheme().as_str())?;
        out.serialize_field("host", &resolution.authority().map(|a| a.as_str()))?;
        out.serialize_field("prefix", &resolution.prefix())?;
        out.serialize_field("hops", &resolution.hops())?;
        out.serialize_field("findings", &findings)?;
        out.serialize_field(
            "steps",
            &Steps {
                trace: &self.trace,
                left: &self.left,
                seen: &self.seen,
                removed: &self.removed,
                uri: &self.uri,
            },
        )?;
        out.end()
    }
}

/// A piece of advice with its sentence.
struct Told<'a> {
    advice: &'a Advice,
    text: &'a str,
}

impl Serialize for Told<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let advice = self.advice;
        let mut out = serializer.serialize_struct("Advice", 5)?;
        out.serialize_field("kind", advice.kind.as_str())?;
        out.serialize_field("text", self.text)?;
        out.serialize_field("cause", &advice.cause)?;
        out.serialize_field("evidence", &advice.evidence)?;
        out.serialize_field("cure", &advice.cure)?;
        out.end()
    }
}

impl Serialize for Evidence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Evidence", 2)?;
        out.serialize_field("header", self.header)?;
        out.serialize_field("value", &self.value)?;
        out.end()
    }
}

/// The walk, and what it changed.
struct Steps<'a> {
    trace: &'a Trace,
    left: &'a [String],
    seen: &'a [(String, String)],
    removed: &'a [String],
    uri: &'a str,
}

impl Serialize for Steps<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let trace = self.trace;
        let mut out = serializer.serialize_struct("Steps", 12)?;
        out.serialize_field("peer", &trace.peer.map(|peer| peer.to_string()))?;
        out.serialize_field("trusted", &trace.trusted)?;
        out.serialize_field("trusted_by", &trace.trusted_by)?;
        out.serialize_field("client_field", &trace.client_field)?;
        out.serialize_field("elements", &trace.elements)?;
        out.serialize_field("walk_ended", &trace.end.map(End::as_str))?;
        out.serialize_field("left_of_client", self.left)?;
        out.serialize_field("values", &trace.values)?;
        let identity: Vec<_> = trace
            .identity
            .iter()
            .map(|(header, fate)| Believed {
                header,
                fate: *fate,
            })
            .collect();
        out.serialize_field("identity", &identity)?;
        out.serialize_field("next_sees", self.seen)?;
        out.serialize_field("removed", self.removed)?;
        out.serialize_field("uri", self.uri)?;
        out.end()
    }
}

/// A header that says who the client is.
struct Believed<'a> {
    header: &'a str,
    fate: Fate,
}

impl Serialize for Believed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Identity", 3)?;
        out.serialize_field("header", self.header)?;
        out.serialize_field("believed", &(self.fate == Fate::Believed))?;
        out.serialize_field(
            "reason",
            match self.fate {
                Fate::Believed => "believed",
                Fate::NotNamed => "not-named",
                Fate::NotTrusted => "peer-untrusted",
                Fate::SeveralLines => "several-lines",
                Fate::OtherSpelling => "other-spelling",
                Fate::NotVerified => "not-verified",
                Fate::NotAboutTheClient => "not-about-the-client",
                Fate::Nobody => "nobody",
            },
        )?;
        out.end()
    }
}

impl Serialize for Element {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (verdict, address, trusted) = match self.verdict {
            Verdict::Address { address, trusted } => ("address", Some(address), trusted),
            Verdict::Unix { trusted } => ("unix", None, trusted),
            Verdict::Nothing => ("nothing", None, false),
            Verdict::Hidden => ("hidden", None, false),
            Verdict::WithoutFor => ("without-for", None, false),
            Verdict::Malformed => match self.text.as_deref() {
                None => ("too-long", None, false),
                Some("") => ("empty", None, false),
                Some(_) => ("malformed", None, false),
            },
        };
        let mut out = serializer.serialize_struct("Element", 5)?;
        out.serialize_field("text", &self.text)?;
        out.serialize_field("vouched_by", &self.voucher.to_string())?;
        out.serialize_field("verdict", verdict)?;
        out.serialize_field("address", &address)?;
        out.serialize_field("trusted", &trusted)?;
        out.end()
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (source, element) = match self.source {
            Source::Element(_, number) => ("field", Some(number)),
            Source::Lines(_) => ("field", None),
            Source::Parameter(_) => ("parameter", None),
            Source::Target => ("target", None),
            Source::Host => ("host", None),
        };
        let mut out = serializer.serialize_struct("Value", 7)?;
        out.serialize_field("what", self.role.as_str())?;
        out.serialize_field("text", &self.text)?;
        out.serialize_field("source", source)?;
        out.serialize_field("field", &self.field)?;
        out.serialize_field("element_from_right", &element)?;
        out.serialize_field("believed", &self.believed.is_ok())?;
        out.serialize_field("finding", &self.believed.err().map(Finding::as_str))?;
        out.end()
    }
}

impl End {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Client { .. } => "client",
            Self::Leftmost => "leftmost",
            Self::HopLimit { .. } => "hop-limit",
            Self::Unknown => "unknown",
            Self::Missing => "missing",
        }
    }
}
