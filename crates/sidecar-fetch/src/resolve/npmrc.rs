//! Which registry npm would ask for a package: its environment variables and `.npmrc` files, without running it.
//!
//! Only addresses are read, never tokens (<https://docs.npmjs.com/cli/v11/configuring-npm/npmrc>).

use std::path::{Path, PathBuf};

use crate::{env, fsx};

/// The registry that npm asks where nothing is configured.
const PUBLIC: &str = "https://registry.npmjs.org";

/// The base URL of the registry that npm, run in `directory`, would ask for `package`, without a slash at its end. A
/// scope's own registry goes before the general one; the environment goes before the files of project, user and
/// machine.
pub(crate) fn npm_registry(directory: &Path, package: &str) -> String {
    let read = |path: &Path| fsx::read_if_exists(path).ok().flatten();
    Machine { env: &env::text, read: &read, project: directory }.registry(package)
}

/// The machine as this module sees it; a table in tests.
struct Machine<'a> {
    env: &'a dyn Fn(&str) -> Option<String>,
    /// The text of a file, where it can be read.
    read: &'a dyn Fn(&Path) -> Option<String>,
    /// The directory whose `.npmrc` is the project's.
    project: &'a Path,
}

impl Machine<'_> {
    fn registry(&self, package: &str) -> String {
        let mut files: Vec<String> = Vec::new();
        for (at, path) in self.files().iter().enumerate() {
            let Some(text) = (self.read)(path) else { continue };
            // Whoever can change the project's file must not have variables sent to a server of theirs.
            let is_plain = |line: &&str| at > 0 || !line.contains("${");
            files.push(text.lines().filter(is_plain).collect::<Vec<_>>().join("\n"));
        }
        let in_files = |key: &str| files.iter().find_map(|text| value_of(text, key));
        let own = package.split_once('/').and_then(|(scope, _)| in_files(&format!("{scope}:registry")));
        let configured = own.or_else(|| self.either(env::NPM_REGISTRY)).or_else(|| in_files("registry"));
        let url = configured.map(|text| self.expand(&text));
        // Anything else (a variable that is not set) cannot be asked.
        let url = url.filter(|url| url.starts_with("http://") || url.starts_with("https://"));
        url.as_deref().unwrap_or(PUBLIC).trim_end_matches('/').to_owned()
    }

    /// npm takes the names of its variables in either case.
    fn either(&self, name: &str) -> Option<String> {
        (self.env)(name).or_else(|| (self.env)(&name.to_uppercase()))
    }

    /// npm's configuration files, the one that wins first.
    fn files(&self) -> Vec<PathBuf> {
        let home = (self.env)(env::HOME).or_else(|| (self.env)(env::USERPROFILE)).map(PathBuf::from);
        let user = self.either(env::NPM_USERCONFIG).map(PathBuf::from);
        let user = user.or_else(|| home.map(|home| home.join(".npmrc")));
        let global = self.either(env::NPM_GLOBALCONFIG).map(PathBuf::from).or_else(|| self.global());
        [Some(self.project.join(".npmrc")), user, global].into_iter().flatten().collect()
    }

    /// The machine's file is below npm's prefix, which is where node is: `/usr` for `/usr/bin/node`.
    fn global(&self) -> Option<PathBuf> {
        let prefix = self.either(env::NPM_PREFIX).or_else(|| (self.env)(env::PREFIX)).map(PathBuf::from);
        let prefix = prefix.or_else(|| {
            if cfg!(windows) {
                return Some(PathBuf::from((self.env)(env::APPDATA)?).join("npm"));
            }
            let path = (self.env)(env::PATH)?;
            let node = std::env::split_paths(&path).find(|dir| dir.join("node").is_file())?;
            node.parent().map(Path::to_owned)
        });
        prefix.map(|prefix| prefix.join("etc").join("npmrc"))
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
}

/// The last value of `key` in an ini text without sections.
fn value_of(text: &str, key: &str) -> Option<String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with([';', '#']));
    let mut pairs = lines.filter_map(|line| line.split_once('=')).rev();
    let found = pairs.find(|(name, _)| name.trim() == key)?;
    let value = found.1.trim().trim_matches(['"', '\'']);
    (!value.is_empty()).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(env: &[(&str, &str)], files: &[(&str, &str)], package: &str) -> String {
        let find = |table: &[(&str, &str)], key: &str| {
            table.iter().find(|(name, _)| *name == key).map(|(_, value)| (*value).to_owned())
        };
        let machine = Machine {
            env: &|name| find(env, name),
            read: &|path| find(files, &path.to_string_lossy().replace('\\', "/")),
            project: Path::new("/project"),
        };
        machine.registry(package)
    }

    const HOME: (&str, &str) = ("HOME", "/home/u");

    #[test]
    fn without_configuration_the_public_registry_is_asked() {
        assert_eq!(ask(&[], &[], "@esbuild/linux-x64"), PUBLIC);
    }

    #[test]
    fn environment_then_project_then_user_then_machine() {
        let env = [HOME, ("NPM_CONFIG_REGISTRY", "https://env.example/npm/")];
        let files = [
            ("/home/u/.npmrc", "# mine\nregistry = \"https://user.example/\"\n"),
            ("/project/.npmrc", ";x\nregistry=https://project.example"),
        ];
        assert_eq!(ask(&env, &files, "lefthook"), "https://env.example/npm");
        assert_eq!(ask(&env[..1], &files, "lefthook"), "https://project.example");
        assert_eq!(ask(&env[..1], &files[..1], "lefthook"), "https://user.example");
        let global = [("npm_config_globalconfig", "/opt/npmrc")];
        assert_eq!(
            ask(&global, &[("/opt/npmrc", "registry=https://g.example")], "lefthook"),
            "https://g.example"
        );
    }

    #[test]
    fn a_scope_may_have_its_own_registry() {
        let files =
            [("/project/.npmrc", "@esbuild:registry=https://scope.example\nregistry=https://all.example")];
        assert_eq!(ask(&[], &files, "@esbuild/linux-x64"), "https://scope.example");
        assert_eq!(ask(&[], &files, "@other/linux-x64"), "https://all.example");
    }

    #[test]
    fn variables_in_files_are_expanded_and_nonsense_is_not_asked() {
        let (host, user) = (("HOST", "h.example"), "/home/u/.npmrc");
        let of = |file: &str, text: &str| ask(&[HOME, host], &[(file, text)], "x");
        assert_eq!(of(user, "registry=https://${HOST}/npm"), "https://h.example/npm");
        assert_eq!(of("/project/.npmrc", "registry=https://${HOST}/npm"), PUBLIC, "not from the project");
        assert_eq!(of(user, "registry=${WHERE}"), PUBLIC);
        assert_eq!(of(user, "registry="), PUBLIC);
        assert_eq!(of(user, "registry=https://a.example/${X"), "https://a.example/${X");
    }
}
