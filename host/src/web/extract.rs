//! Parts of a request, with refusals that explain themselves.

use std::str::FromStr;

use axum::{
    RequestPartsExt as _,
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::{StatusCode, request::Parts},
};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};

use super::error::Problem;

/// The one variable segment of a path, parsed.
#[derive(Debug)]
pub(crate) struct Segment<T>(pub(crate) T);

impl<S: Send + Sync, T: FromStr<Err: std::fmt::Display> + Send> FromRequestParts<S> for Segment<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Path(text) = parts.extract::<Path<String>>().await.map_err(|rejection| {
            Problem::bad_request(rejection.body_text()).fix("Write the path in UTF-8, percent-encoded.")
        })?;
        text.parse().map(Self).map_err(|error: T::Err| {
            Problem::bad_request(error.to_string()).fix("Correct the name or id in the path.")
        })
    }
}

/// Query parameters; unknown ones are refused by the type.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = axum::extract::Query::<T>::try_from_uri(&parts.uri);
        query.map(|query| Self(query.0)).map_err(|rejection| {
            Problem::bad_request(rejection.body_text())
                .fix("The page /docs lists what this address understands.")
        })
    }
}

/// A JSON body; an empty one counts as `{}`.
#[derive(Debug)]
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| {
            let problem = Problem::new(rejection.status(), rejection.body_text());
            match rejection.status() {
                StatusCode::PAYLOAD_TOO_LARGE => problem.fix("Send at most 1 MiB."),
                _ => problem,
            }
        })?;
        let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        // Lists would fill our types field by field.
        if text.trim_ascii_start().first() != Some(&b'{') {
            return Err(Problem::bad_request("the body is no JSON object")
                .fix("The page /docs shows what this address takes."));
        }
        serde_json::from_slice(text).map(Self).map_err(|error| {
            Problem::bad_request(format!("the body does not fit: {error}"))
                .fix("The page /docs shows what this address takes.")
        })
    }
}

/// How many entries to answer with: at least one. A number that is too large means as many as there may be.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Limit(Option<usize>);

const MOST: usize = 1000;

impl Limit {
    pub(crate) fn or(self, default: usize) -> usize {
        self.0.unwrap_or(default)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits = text.strip_prefix('-').unwrap_or(&text);
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(serde::de::Error::custom(format!("`{text}` is not a whole number")));
        }
        // What has too many digits is too large.
        let limit = digits.parse().unwrap_or(MOST);
        if limit == 0 || digits.len() < text.len() {
            return Err(serde::de::Error::custom(format!("`{text}` is less than 1")));
        }
        Ok(Self(Some(limit.min(MOST))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brings_limits_into_range() {
        for (text, limit) in [("50", 50), ("1", 1), ("1000000", 1000), ("99999999999999999999999999", 1000)] {
            let parsed: Limit = serde_json::from_value(text.into()).unwrap();
            assert_eq!(parsed.or(7), limit, "{text}");
        }
        for text in ["", "-", "1.5", "ten", "٣", "0", "-0", "-5", "-99999999999999999999999999"] {
            assert!(serde_json::from_value::<Limit>(text.into()).is_err(), "{text}");
        }
    }
}
