//! A value before its key says what it means.

use std::{fmt, str::FromStr};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};

/// A value before its key says what it means.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// JSON's null is how some write a key that is not there.
    Nothing,
    Text(String),
    List(Vec<String>),
    Table(Vec<(String, Self)>),
}

/// The same keys and values without tables: `headers = { client = … }` is `headers_client = …`, and nothing
/// where a value is null.
pub(super) fn flat(values: Vec<(String, Value)>) -> Vec<(String, Value)> {
    let mut flat = Vec::new();
    for (key, value) in values {
        match value {
            // A scheme that is null is one that nobody states.
            Value::Nothing if key == "headers_scheme" => {
                flat.push((key, Value::Text("none".to_owned())));
            }
            Value::Nothing => {}
            Value::Table(table) if key == "headers" => {
                for (name, value) in table {
                    let key = match name.as_str() {
                        "preset" => key.clone(),
                        name => format!("{key}_{name}"),
                    };
                    match value {
                        Value::Nothing if name == "scheme" => {
                            flat.push((key, Value::Text("none".to_owned())));
                        }
                        Value::Nothing => {}
                        value => flat.push((key, value)),
                    }
                }
            }
            value => flat.push((key, value)),
        }
    }
    flat
}

impl Value {
    pub(super) fn text(&self) -> Result<&str, String> {
        match self {
            Self::Text(text) => Ok(text),
            Self::List(list) => Err(format!("expected one value, not the list {list:?}")),
            Self::Table(_) | Self::Nothing => Err("expected one value, not a table".to_owned()),
        }
    }

    /// The entries of a list, which can also be one text with commas.
    pub(super) fn list(self) -> Result<Vec<String>, String> {
        match self {
            Self::List(list) => Ok(list),
            Self::Text(text) => Ok(text.split(',').map(|part| part.trim().to_owned()).collect()),
            Self::Table(_) | Self::Nothing => Err("expected a list, not a table".to_owned()),
        }
    }

    pub(super) fn parse<T>(&self) -> Result<T, String>
    where
        T: FromStr<Err: fmt::Display>,
    {
        let text = self.text()?;
        text.parse().map_err(|error: T::Err| error.to_string())
    }

    pub(super) fn switch(&self) -> Result<bool, String> {
        match self.text()? {
            "true" => Ok(true),
            "false" => Ok(false),
            text => Err(format!(
                "`{}` is neither `true` nor `false`",
                text.escape_debug()
            )),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number, a switch, a list of texts, or a table")
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_bool<E>(self, switch: bool) -> Result<Value, E> {
        Ok(Value::Text(switch.to_string()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Text(number.to_string()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Text(number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Text(number.to_string()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = list.next_element::<String>()? {
            texts.push(text);
        }
        Ok(Value::List(texts))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Nothing)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Nothing)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut table = Vec::new();
        while let Some(entry) = map.next_entry()? {
            table.push(entry);
        }
        Ok(Value::Table(table))
    }
}
