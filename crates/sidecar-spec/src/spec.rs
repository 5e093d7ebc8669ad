//! All sidecars of an app, as they reach it.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::MapAccess;
use serde::{Deserialize, Serialize};

use crate::read::{At, Keys, Refused, Take, deserialize, table, value};
use crate::{Install, Run};

/// The version of the format that this crate writes, and the newest that it reads.
pub const SPEC_VERSION: u32 = 1;

/// All sidecars of an app: `sidecar-spec.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct Spec {
    /// The version of the format.
    #[serde(rename = "spec")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub version: u32,
    /// The sidecars by name.
    #[serde(default)]
    pub sidecars: BTreeMap<String, Sidecar>,
}

impl Default for Spec {
    fn default() -> Self {
        Self { version: SPEC_VERSION, sidecars: BTreeMap::new() }
    }
}

/// One sidecar.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Sidecar {
    /// Where provisioning puts its program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub install: Option<Install>,
    /// How it is run.
    pub run: Run,
}

table!(Sidecar { "install" => install, "run" => run, });

deserialize!(Sidecar);

impl From<Run> for Sidecar {
    fn from(run: Run) -> Self {
        Self { install: None, run }
    }
}

impl Take for Spec {
    fn takes() -> String {
        "a table of `spec` and `sidecars`".to_owned()
    }

    fn table<'de, A: MapAccess<'de>>(at: &At<'_>, mut map: A) -> Result<Self, A::Error> {
        let mut spec = Self::default();
        let mut keys = Keys::new(at, &["spec", "sidecars"]);
        while let Some(key) = keys.next(&mut map)? {
            if key == "spec" {
                let FormatVersion(version) = value(&at.key(key), &mut map)?;
                spec.version = version;
            } else {
                spec.sidecars = value(&at.key(key), &mut map)?;
            }
        }
        keys.need("spec")?;
        Ok(spec)
    }
}

deserialize!(Spec);

/// A version of the format; 0 was none.
struct FormatVersion(u32);

impl Take for FormatVersion {
    fn takes() -> String {
        "the version of the format, from 1".to_owned()
    }

    fn integer(number: i128) -> Result<Self, Refused> {
        u32::try_from(number).ok().filter(|version| *version > 0).map(Self).ok_or(Refused::Type)
    }
}

impl Spec {
    /// A spec of these sidecars.
    pub fn new<N: Into<String>, S: Into<Sidecar>>(sidecars: impl IntoIterator<Item = (N, S)>) -> Self {
        let sidecars = sidecars.into_iter().map(|(name, sidecar)| (name.into(), sidecar.into())).collect();
        Self { sidecars, ..Self::default() }
    }

    /// Reads `sidecar-spec.json`. What its values mean together is judged by [`check`](Self::check).
    ///
    /// # Errors
    /// [`TooNew`](SpecErrorKind::TooNew) where a newer version wrote it, whatever else it holds.
    pub fn from_json(text: &str) -> Result<Self, SpecError> {
        // A newer format may have other keys and values; only its version can be relied on.
        let VersionOnly { spec } = serde_json::from_str(text).map_err(|error| SpecError::invalid(&error))?;
        if let Some(found) = spec.as_ref().and_then(serde_json::Value::as_u64)
            && found > u64::from(SPEC_VERSION)
        {
            let message = format!("the spec has version {found}; this version reads up to {SPEC_VERSION}");
            return Err(SpecError { kind: SpecErrorKind::TooNew, message });
        }
        serde_json::from_str(text).map_err(|error| SpecError::invalid(&error))
    }

    /// The text of `sidecar-spec.json`: the same bytes for the same spec.
    ///
    /// # Errors
    /// None that is known: every value has a form in JSON.
    pub fn to_json(&self) -> Result<String, SpecError> {
        serde_json::to_string_pretty(self).map(|text| text + "\n").map_err(|error| SpecError::invalid(&error))
    }
}

#[derive(Deserialize)]
struct VersionOnly {
    #[serde(default)]
    spec: Option<serde_json::Value>,
}

/// Why a spec cannot be read: what is wrong, and where in the text.
#[derive(Clone, PartialEq, Eq)]
pub struct SpecError {
    kind: SpecErrorKind,
    message: String,
}

/// What is wrong with a spec that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SpecErrorKind {
    /// A newer version of the toolkit wrote it.
    TooNew,
    /// It is not JSON, or a key or value in it is not known.
    Invalid,
}

impl SpecErrorKind {
    /// The stable kebab-case code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooNew => "spec-too-new",
            Self::Invalid => "spec-invalid",
        }
    }
}

impl SpecError {
    fn invalid(error: &serde_json::Error) -> Self {
        Self { kind: SpecErrorKind::Invalid, message: error.to_string() }
    }

    /// What is wrong, to match on.
    pub fn kind(&self) -> SpecErrorKind {
        self.kind
    }
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for SpecError {}
