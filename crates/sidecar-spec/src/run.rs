//! The `run` table.

use std::collections::BTreeMap;

use serde::de::MapAccess;
use serde::{Serialize, Serializer};

use crate::read::{At, Refused, Take, deserialize, table, words};
use crate::{
    ExitCode, Expose, Health, Host, Limits, Logs, Port, Program, Restart, Sha256, Stop, Template, Token,
};

/// How a sidecar is run: the table `[sidecar.<name>.run]` of `sidecar.toml`. Every key may be left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Run {
    /// Which program. Default: the one that the sidecar's table provisions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<Program>,
    /// Its arguments, with placeholders such as {port}.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<Template>,
    /// Environment variables that are added to the app's own, with placeholders.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, Template>,
    /// Its working directory, with placeholders. Default: the app's data directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwd: Option<Template>,
    /// What it reads from.
    pub stdin: Stdin,
    /// How it gets its port.
    pub port: Port,
    /// The loopback address that it listens on.
    pub host: Host,
    /// Where other machines may reach it.
    pub expose: Expose,
    /// When it counts as started, ready and alive.
    pub health: Health,
    /// The sidecars that are ready before it starts, and are stopped after it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<Dependency>,
    /// When it is started again.
    pub restart: Restart,
    /// How it is stopped.
    pub stop: Stop,
    /// Exit codes that are a success.
    pub success_codes: Vec<ExitCode>,
    /// Exit codes after which another start would fail as well.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub permanent_codes: Vec<ExitCode>,
    /// How much of its output is kept.
    pub logs: Logs,
    /// How much of the machine it may use.
    pub limits: Limits,
    /// The program must have this hash. Bundlers for macOS and Windows change a program when they sign it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Sha256>,
    /// What proves that an answer is this sidecar's.
    pub identity: Identity,
    /// How it gets this launch's secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<Token>,
}

impl Default for Run {
    fn default() -> Self {
        Self {
            program: None,
            args: Vec::new(),
            env: BTreeMap::new(),
            cwd: None,
            stdin: Stdin::default(),
            port: Port::default(),
            host: Host::default(),
            expose: Expose::default(),
            health: Health::default(),
            depends_on: Vec::new(),
            restart: Restart::default(),
            stop: Stop::default(),
            success_codes: vec![ExitCode::from(0)],
            permanent_codes: Vec::new(),
            logs: Logs::default(),
            limits: Limits::default(),
            sha256: None,
            identity: Identity::default(),
            token: None,
        }
    }
}

table!(Run {
    "program" => program,
    "args" => args,
    "env" => env,
    "cwd" => cwd,
    "stdin" => stdin,
    "port" => port,
    "host" => host,
    "expose" => expose,
    "health" => health,
    "depends-on" => depends_on,
    "restart" => restart,
    "stop" => stop,
    "success-codes" => success_codes,
    "permanent-codes" => permanent_codes,
    "logs" => logs,
    "limits" => limits,
    "sha256" => sha256,
    "identity" => identity,
    "token" => token,
});

deserialize!(Run, Dependency);

words! {
    /// What a sidecar reads from.
    #[derive(Default)]
    Stdin {
        /// Nothing: its input has ended when it starts.
        #[default]
        Null = "null",
        /// What the app writes.
        Pipe = "pipe",
    }
}

words! {
    /// What proves that an answer is this sidecar's, besides the socket, which must belong to its processes.
    #[derive(Default)]
    Identity {
        /// Nothing more.
        #[default]
        Socket = "socket",
        /// It answers the launch's nonce, which it gets as `SIDECAR_NONCE`, in the header `X-Sidecar-Nonce`.
        Nonce = "nonce",
    }
}

/// A sidecar that another one needs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dependency {
    /// Its name.
    pub name: String,
    /// Whether the one that needs it is restarted with it.
    pub restart_with: bool,
}

impl Dependency {
    /// One whose restart is not passed on.
    pub fn on(name: impl Into<String>) -> Self {
        Self { name: name.into(), restart_with: false }
    }

    /// One whose restart is passed on.
    #[must_use]
    pub fn restart_with(self) -> Self {
        Self { restart_with: true, ..self }
    }
}

#[derive(Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct DependencyTable {
    /// The sidecar's name.
    name: String,
    /// Whether the sidecar that needs it is restarted with it.
    #[serde(default)]
    restart_with: bool,
}

table!(DependencyTable { "name" => name, "restart-with" => restart_with, } requires "name");

impl Take for Dependency {
    fn takes() -> String {
        "a sidecar's name, or `{ name = \"…\", restart-with = true }`".to_owned()
    }

    fn text(text: &str) -> Result<Self, Refused> {
        Ok(Self::on(text))
    }

    fn table<'de, A: MapAccess<'de>>(at: &At<'_>, map: A) -> Result<Self, A::Error> {
        let DependencyTable { name, restart_with } = DependencyTable::table(at, map)?;
        Ok(Self { name, restart_with })
    }
}

impl Serialize for Dependency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !self.restart_with {
            return serializer.serialize_str(&self.name);
        }
        DependencyTable { name: self.name.clone(), restart_with: true }.serialize(serializer)
    }
}
