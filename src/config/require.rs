//! The header that proves the proxy (rule R17). Its values come from the environment or from a file.

use http::HeaderName;

use super::{
    error::ConfigError,
    keys::{Entry, Keys},
};
use crate::{
    headers::Headers,
    secret::{self, Secret},
};

/// Reads `require`, `require_env` and `require_file`.
pub(super) fn read(keys: &mut Keys, headers: &Headers) -> Result<Option<Secret>, ConfigError> {
    let env = keys.take("require_env");
    let file = keys.take("require_file");
    let (Some(require), values) = (keys.take("require"), env.as_ref().or(file.as_ref())) else {
        return match env.or(file) {
            Some(values) => Err(values.wrong(
                "has no effect without `require`: expected `require`, the name of the header",
            )),
            None => Ok(None),
        };
    };
    let name = require.text()?;
    if name.parse::<HeaderName>().is_err() {
        return Err(require.invalid(name, "the name of a header"));
    }
    let header = secret::header(name, headers).map_err(|error| require.wrong(error))?;
    let (place, values) = match (values, &env, &file) {
        (Some(_), Some(_), Some(file)) => {
            return Err(file.wrong(format!(
                "{} cannot be combined with `require_env`: expected one of the two",
                file.value
            )));
        }
        (Some(_), Some(env), None) => (env, of_variable(env)?),
        (Some(_), None, Some(file)) => (file, of_file(file)?),
        _ => {
            return Err(require.wrong(format!(
                "`{}` needs its values: expected `require_env` or `require_file`",
                name.escape_debug()
            )));
        }
    };
    let secret = Secret::new(header, values)
        .map_err(|reason| place.wrong(format!("{}: {reason}", place.value)))?;
    Ok(Some(secret))
}

/// The values of an environment variable, between commas.
fn of_variable(entry: &Entry) -> Result<Vec<String>, ConfigError> {
    let name = entry.text()?;
    let values = std::env::var(name).map_err(|error| {
        // The error itself shows the value.
        let what = match error {
            std::env::VarError::NotPresent => "is not set",
            std::env::VarError::NotUnicode(_) => "is not valid Unicode",
        };
        entry.wrong(format!(
            "the environment variable `{}` {what}",
            name.escape_debug()
        ))
    })?;
    Ok(trimmed(values.split(',')))
}

/// The lines of a file.
fn of_file(entry: &Entry) -> Result<Vec<String>, ConfigError> {
    let path = entry.text()?;
    let values = std::fs::read_to_string(path)
        .map_err(|error| entry.wrong(format!("`{}`: {error}", path.escape_debug())))?;
    // Editors write a byte order mark that belongs to no value.
    Ok(trimmed(values.trim_start_matches('\u{feff}').lines()))
}

fn trimmed<'a>(values: impl Iterator<Item = &'a str>) -> Vec<String> {
    values.map(|value| value.trim().to_owned()).collect()
}
