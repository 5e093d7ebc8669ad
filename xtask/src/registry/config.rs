//! Where the registries are: what npm and pip are configured to use, without running them.
//!
//! Only registry addresses are read, never tokens: a registry that wants a login counts as one that does not answer.

use std::path::{Path, PathBuf};

/// The public npm registry.
pub(super) const NPM: &str = "https://registry.npmjs.org";
/// The public Python package index.
const PYPI: &str = "https://pypi.org/simple";

/// The machine as these functions see it; a table in tests.
pub(super) struct Machine<'a> {
    /// The value of an environment variable.
    pub(super) env: &'a (dyn Fn(&str) -> Option<String> + Sync),
    /// The text of a file, where it can be read.
    pub(super) read: &'a (dyn Fn(&Path) -> Option<String> + Sync),
    /// The directory whose `.npmrc` is the project's.
    pub(super) project: &'a Path,
}

impl Machine<'_> {
    /// The registry for an npm package, without a trailing slash. A scope's own registry goes before the general one;
    /// the environment goes before the files of project, user and machine, as npm has it.
    pub(super) fn npm(&self, package: &str) -> String {
        let files: Vec<String> = self.npmrc().iter().filter_map(|path| (self.read)(path)).collect();
        let in_files = |key: &str| files.iter().find_map(|text| value_of(text, key));
        let scope = package.split_once('/').map(|(scope, _)| format!("{scope}:registry"));
        let own = scope.and_then(|key| in_files(&key));
        let general = || {
            let set = ["npm_config_registry", "NPM_CONFIG_REGISTRY"].iter().find_map(|name| (self.env)(name));
            set.or_else(|| in_files("registry"))
        };
        self.base(own.or_else(general), NPM)
    }

    /// Page of the simple API that lists the packages, without a trailing slash.
    pub(super) fn pypi(&self) -> String {
        // pip reads from the general to the special; the last one that sets the key wins.
        let files = self.pip_conf();
        let set = files.iter().rev().filter_map(|path| (self.read)(path));
        let in_files = || set.into_iter().find_map(|text| value_of(&text, "index-url"));
        self.base((self.env)("PIP_INDEX_URL").or_else(in_files), PYPI)
    }

    fn base(&self, configured: Option<String>, default: &str) -> String {
        let url = configured.map(|text| self.expand(&text));
        // Anything else (a `file:` index, a variable that is not set) cannot be asked over HTTP.
        let url = url.filter(|url| url.starts_with("http://") || url.starts_with("https://"));
        url.as_deref().unwrap_or(default).trim_end_matches('/').to_owned()
    }

    /// `${NAME}` in configuration files; one that is not set stays as it is, as in npm.
    fn expand(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            out.push_str(before);
            let Some((name, tail)) = after.split_once('}') else {
                return out + "${" + after;
            };
            out.push_str(&(self.env)(name).unwrap_or_else(|| format!("${{{name}}}")));
            rest = tail;
        }
        out + rest
    }

    fn home(&self) -> PathBuf {
        let name = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
        (self.env)(name).map(PathBuf::from).unwrap_or_default()
    }

    /// npm's configuration files, the one that wins first.
    fn npmrc(&self) -> Vec<PathBuf> {
        let either = |name: &str| (self.env)(name).or_else(|| (self.env)(&name.to_uppercase()));
        let user = either("npm_config_userconfig").map_or_else(|| self.home().join(".npmrc"), PathBuf::from);
        let global = either("npm_config_globalconfig").map(PathBuf::from).or_else(|| {
            let prefix = either("npm_config_prefix").or_else(|| (self.env)("PREFIX")).map(PathBuf::from);
            let prefix = prefix.or_else(|| {
                if cfg!(windows) {
                    return Some(PathBuf::from((self.env)("APPDATA")?).join("npm"));
                }
                // npm's prefix is where node is: `/usr` for `/usr/bin/node`.
                let path = (self.env)("PATH")?;
                let node = std::env::split_paths(&path).find(|dir| dir.join("node").is_file())?;
                node.parent().map(Path::to_owned)
            });
            prefix.map(|prefix| prefix.join("etc").join("npmrc"))
        });
        [self.project.join(".npmrc"), user].into_iter().chain(global).collect()
    }

    /// pip's configuration files, the one that wins last: machine, user, virtual environment, `PIP_CONFIG_FILE`.
    fn pip_conf(&self) -> Vec<PathBuf> {
        let home = self.home();
        let mut files = if cfg!(windows) {
            let data = |name: &str| (self.env)(name).map(|dir| PathBuf::from(dir).join("pip"));
            let dirs = [data("PROGRAMDATA"), Some(home.join("pip")), data("APPDATA")];
            dirs.into_iter().flatten().map(|dir| dir.join("pip.ini")).collect()
        } else {
            let config = (self.env)("XDG_CONFIG_HOME").map_or_else(|| home.join(".config"), PathBuf::from);
            let mut files = vec![PathBuf::from("/etc/xdg/pip/pip.conf"), PathBuf::from("/etc/pip.conf")];
            if cfg!(target_os = "macos") {
                let library = Path::new("Library/Application Support/pip/pip.conf");
                files.extend([Path::new("/").join(library), home.join(library)]);
            }
            files.extend([home.join(".pip/pip.conf"), config.join("pip/pip.conf")]);
            files
        };
        let name = if cfg!(windows) { "pip.ini" } else { "pip.conf" };
        files.extend((self.env)("VIRTUAL_ENV").map(|dir| PathBuf::from(dir).join(name)));
        files.extend((self.env)("PIP_CONFIG_FILE").map(PathBuf::from));
        files
    }
}

/// The last value of `key` in an ini text, whatever its section: both tools have this key once, in `[global]` or
/// without a section. `index_url` is the same key as `index-url` to pip.
fn value_of(text: &str, key: &str) -> Option<String> {
    let pairs = text.lines().map(str::trim).filter(|line| !line.starts_with([';', '#']));
    let pairs = pairs.filter_map(|line| line.split_once('='));
    let found = pairs.rev().find(|(name, _)| name.trim().replace('_', "-") == key)?;
    let value = found.1.trim().trim_matches(['"', '\'']);
    (!value.is_empty()).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy)]
    enum For<'a> {
        Npm(&'a str),
        Pypi,
    }

    fn ask(env: &[(&str, &str)], files: &[(&str, &str)], what: For<'_>) -> String {
        let find = |table: &[(&str, &str)], key: &str| {
            table.iter().find(|(name, _)| *name == key).map(|(_, value)| (*value).to_owned())
        };
        let machine = Machine {
            env: &|name| find(env, name),
            read: &|path| find(files, &path.to_string_lossy().replace('\\', "/")),
            project: Path::new("/project"),
        };
        match what {
            For::Npm(package) => machine.npm(package),
            For::Pypi => machine.pypi(),
        }
    }

    const HOME: (&str, &str) = if cfg!(windows) { ("USERPROFILE", "/home/u") } else { ("HOME", "/home/u") };

    #[test]
    fn without_configuration_the_public_registries_are_asked() {
        assert_eq!(ask(&[], &[], For::Npm("@esbuild/linux-x64")), NPM);
        assert_eq!(ask(&[], &[], For::Pypi), PYPI);
    }

    #[test]
    fn npm_asks_environment_then_project_then_user() {
        let env = [HOME, ("NPM_CONFIG_REGISTRY", "https://env.example/npm/")];
        let files = [
            ("/home/u/.npmrc", "# mine\nregistry = \"https://user.example/\"\n"),
            ("/project/.npmrc", ";x\nregistry=https://project.example"),
        ];
        assert_eq!(ask(&env, &files, For::Npm("lefthook")), "https://env.example/npm");
        assert_eq!(ask(&env[..1], &files, For::Npm("lefthook")), "https://project.example");
        assert_eq!(ask(&env[..1], &files[..1], For::Npm("lefthook")), "https://user.example");
        let global = [("npm_config_globalconfig", "/opt/npmrc")];
        let files = [("/opt/npmrc", "registry=https://global.example")];
        assert_eq!(ask(&global, &files, For::Npm("lefthook")), "https://global.example");
    }

    #[test]
    fn a_scope_may_have_its_own_registry() {
        let files =
            [("/project/.npmrc", "@esbuild:registry=https://scope.example\nregistry=https://all.example")];
        assert_eq!(ask(&[], &files, For::Npm("@esbuild/linux-x64")), "https://scope.example");
        assert_eq!(ask(&[], &files, For::Npm("@other/linux-x64")), "https://all.example");
    }

    #[test]
    fn variables_in_files_are_expanded_and_nonsense_is_not_asked() {
        let files = [("/project/.npmrc", "registry=https://${HOST}/npm")];
        assert_eq!(ask(&[("HOST", "h.example")], &files, For::Npm("x")), "https://h.example/npm");
        let files = [("/project/.npmrc", "registry=${WHERE}")];
        assert_eq!(ask(&[], &files, For::Npm("x")), NPM);
        assert_eq!(ask(&[("PIP_INDEX_URL", "file:///wheels")], &[], For::Pypi), PYPI);
    }

    #[test]
    fn pip_asks_environment_then_the_most_special_file() {
        let env = [("PIP_CONFIG_FILE", "/special.conf"), ("PIP_INDEX_URL", "https://env.example/simple/")];
        let files = [("/special.conf", "[global]\ntimeout = 3\nindex_url = https://file.example/simple\n")];
        assert_eq!(ask(&env, &files, For::Pypi), "https://env.example/simple");
        assert_eq!(ask(&env[..1], &files, For::Pypi), "https://file.example/simple");
    }

    #[cfg(unix)]
    #[test]
    fn pip_prefers_the_users_file_to_the_machines() {
        let machine = ("/etc/pip.conf", "[global]\nindex-url = https://machine.example/simple");
        let user = ("/home/u/.config/pip/pip.conf", "[global]\nindex-url = https://user.example/simple");
        assert_eq!(ask(&[HOME], &[machine], For::Pypi), "https://machine.example/simple");
        assert_eq!(ask(&[HOME], &[machine, user], For::Pypi), "https://user.example/simple");
    }
}
