//! Which program is run, and the secret that it is given.

use serde::de::MapAccess;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::Template;
use crate::read::{At, Refused, Take, deserialize, error_at, table};

/// Which program a sidecar runs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Program {
    /// A provisioned one, by its name in `sidecar.toml`; of code without provisioning, the name of the file beside the
    /// app, without `.exe`.
    Provisioned(String),
    /// A file. A relative path starts at the sidecar's working directory.
    Path(Template),
    /// A file that is looked for on PATH.
    OnPath(String),
}

deserialize!(Program);

#[derive(Debug, Default)]
struct ProgramTable {
    path: Option<Template>,
    on_path: Option<String>,
}

table!(ProgramTable { "path" => path, "on-path" => on_path, });

impl Take for Program {
    fn takes() -> String {
        "the name of a sidecar, `{ path = \"…\" }` or `{ on-path = \"…\" }`".to_owned()
    }

    fn text(text: &str) -> Result<Self, Refused> {
        Ok(Self::Provisioned(text.to_owned()))
    }

    fn table<'de, A: MapAccess<'de>>(at: &At<'_>, map: A) -> Result<Self, A::Error> {
        match ProgramTable::table(at, map)? {
            ProgramTable { path: Some(path), on_path: None } => Ok(Self::Path(path)),
            ProgramTable { path: None, on_path: Some(name) } => Ok(Self::OnPath(name)),
            _ => Err(error_at(at, "takes exactly one of `path` and `on-path`")),
        }
    }
}

impl Serialize for Program {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Provisioned(name) => serializer.serialize_str(name),
            Self::Path(path) => one_key("path", path, serializer),
            Self::OnPath(name) => one_key("on-path", name, serializer),
        }
    }
}

/// How the sidecar gets this launch's secret, which it must ask its clients for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Token {
    /// In this environment variable.
    Env(String),
    /// In this file, which only the user may read. A path that is not absolute begins in `{instance_dir}`, as instances of
    /// an app may share everything else: hand `{instance_dir}/token` to the sidecar.
    File(Template),
}

deserialize!(Token);

#[derive(Debug, Default)]
struct TokenTable {
    env: Option<String>,
    file: Option<Template>,
}

table!(TokenTable { "env" => env, "file" => file, });

impl Take for Token {
    fn takes() -> String {
        "`{ env = \"VARIABLE\" }` or `{ file = \"…\" }`".to_owned()
    }

    fn table<'de, A: MapAccess<'de>>(at: &At<'_>, map: A) -> Result<Self, A::Error> {
        match TokenTable::table(at, map)? {
            TokenTable { env: Some(env), file: None } => Ok(Self::Env(env)),
            TokenTable { env: None, file: Some(file) } => Ok(Self::File(file)),
            _ => Err(error_at(at, "takes exactly one of `env` and `file`")),
        }
    }
}

impl Serialize for Token {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Env(name) => one_key("env", name, serializer),
            Self::File(path) => one_key("file", path, serializer),
        }
    }
}

/// A table of one key.
pub(crate) fn one_key<T: Serialize + ?Sized, S: Serializer>(
    key: &str,
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry(key, value)?;
    map.end()
}

/// Where provisioning puts a program, so that the app finds it again.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub struct Install {
    /// Name of the installed file without triple and `.exe`; of a tree, of its directory.
    pub install_as: String,
    /// Directory of the binaries in the app's source, such as `binaries`: there development finds
    /// `<install-as>-<triple>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binaries: Option<String>,
    /// Of a tree, the program's path below the app's resource directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// The version, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

table!(Install {
    "install-as" => install_as,
    "binaries" => binaries,
    "resource" => resource,
    "version" => version,
} requires "install-as");

deserialize!(Install);

impl Install {
    /// A program that is installed beside the app under this name.
    pub fn beside_app(install_as: impl Into<String>) -> Self {
        Self { install_as: install_as.into(), ..Self::default() }
    }
}
