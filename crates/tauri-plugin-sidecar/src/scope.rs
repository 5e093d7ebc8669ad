//! Which sidecars a window may name.

use std::sync::Arc;

use serde::Deserialize;
use tauri::Runtime;
use tauri::ipc::{CommandArg, CommandItem, CommandScope, GlobalScope, InvokeError};

use crate::error::{Error, Result};
use crate::supervisor::{self, Status};

/// An entry of a capability's scope: `{ "name": "pocketbase" }`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    name: String,
}

/// What the capabilities of a window say about the command that it calls.
///
/// Who lists none under `allow` allows all: the sidecars are the app's own, their arguments are fixed in its spec, and it is
/// the permission that a window needs. What is under `deny` is left out in any case.
#[derive(Debug, Clone, Default)]
pub(crate) struct Allowed {
    allow: Vec<Arc<Entry>>,
    deny: Vec<Arc<Entry>>,
}

impl Allowed {
    pub(crate) fn has(&self, name: &str) -> bool {
        let names = |entries: &[Arc<Entry>]| entries.iter().any(|entry| entry.name == name);
        !names(&self.deny) && (self.allow.is_empty() || names(&self.allow))
    }

    pub(crate) fn check(&self, name: &str) -> Result<()> {
        if self.has(name) { Ok(()) } else { Err(Error::not_allowed(name, self)) }
    }

    /// Whether a capability leaves it out by name.
    pub(crate) fn denies(&self, name: &str) -> bool {
        self.deny.iter().any(|entry| entry.name == name)
    }

    /// The sidecars that are allowed by name.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.allow.iter().map(|entry| entry.name.clone()).filter(|name| self.has(name)).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Whether there may be sidecars that the window is not to know.
    fn is_narrow(&self) -> bool {
        !(self.allow.is_empty() && self.deny.is_empty())
    }

    /// An error as the window may see it: what one sidecar says of another may be of one that it is not to know.
    pub(crate) fn error(&self, error: supervisor::Error) -> supervisor::Error {
        if self.is_narrow() { error.without_others() } else { error }
    }

    /// A status as the window may see it.
    pub(crate) fn shown(&self, mut status: Status) -> Status {
        status.error = status.error.map(|error| self.error(error));
        status
    }
}

impl<'a, R: Runtime> CommandArg<'a, R> for Allowed {
    fn from_command(command: CommandItem<'a, R>) -> std::result::Result<Self, InvokeError> {
        let CommandItem { plugin, name, key, message, acl } = command;
        let item = || CommandItem { plugin, name, key, message, acl };
        let own = CommandScope::<Entry>::from_command(item())?;
        let global = GlobalScope::<Entry>::from_command(item())?;
        Ok(Self {
            allow: own.allows().iter().chain(global.allows()).cloned().collect(),
            deny: own.denies().iter().chain(global.denies()).cloned().collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(allow: &[&str], deny: &[&str]) -> Allowed {
        let entries =
            |names: &[&str]| names.iter().map(|&name| Arc::new(Entry { name: name.into() })).collect();
        Allowed { allow: entries(allow), deny: entries(deny) }
    }

    #[test]
    fn none_allows_all_and_deny_goes_first() {
        assert!(allowed(&[], &[]).has("db"));
        assert!(allowed(&["db"], &[]).has("db") && !allowed(&["db"], &[]).has("web"));
        assert!(!allowed(&["db"], &["db"]).has("db") && !allowed(&[], &["db"]).has("db"));
        assert!(allowed(&[], &["db"]).has("web"));
    }

    #[test]
    fn a_refusal_names_who_is_allowed() {
        let scope = allowed(&["web", "api", "web", "old"], &["old"]);
        let told = |name: &str| serde_json::to_value(scope.check(name).unwrap_err()).unwrap();
        let error = told("db");
        assert_eq!((&error["code"], &error["facts"][0][1]), (&"not-allowed".into(), &"api, web".into()));
        assert!(error["help"].as_str().unwrap().starts_with("add `{ \"name\": \"db\" }`"), "{error}");
        assert!(told("old")["help"].as_str().unwrap().contains("`deny`"));
    }

    #[test]
    fn an_entry_has_a_name_and_nothing_else() {
        assert!(serde_json::from_str::<Entry>(r#"{"name":"db"}"#).is_ok());
        assert!(serde_json::from_str::<Entry>(r#"{"name":"db","args":true}"#).is_err());
    }
}
