//! From a wish to a lock entry: which release, which asset, which hash. Only subcommands do this.

pub(crate) mod checksum;
pub(crate) mod choose;
pub(crate) mod dist_manifest;
mod forge;
pub(crate) mod forgejo;
pub(crate) mod github;
pub(crate) mod gitlab;
pub(crate) mod integrity;
pub(crate) mod local;
pub(crate) mod npm;
pub(crate) mod npmrc;
pub(crate) mod pick;
pub(crate) mod release;
pub(crate) mod repository;
pub(crate) mod source;
mod tag;
pub(crate) mod url;
pub(crate) mod version;

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeMap;

    use crate::error::Error;
    use crate::fetch::get::{Answer, Get, Transport};

    /// Answers from a table by URL, 404 for everything else; remembers what was asked.
    #[derive(Default)]
    pub(super) struct Table {
        answers: BTreeMap<String, Answer>,
        asked: RefCell<Vec<String>>,
    }

    impl Table {
        pub(super) fn with(self, url: &str, body: &str) -> Self {
            self.with_status(url, 200, body)
        }

        pub(super) fn with_status(mut self, url: &str, status: u16, body: &str) -> Self {
            let answer = Answer { status, body: body.as_bytes().to_vec(), ..Answer::default() };
            self.answers.insert(url.to_owned(), answer);
            self
        }

        /// With a `Link` header to the next page.
        pub(super) fn with_next(mut self, url: &str, body: &str, next: &str) -> Self {
            let headers = [("link".to_owned(), format!("<{next}>; rel=\"next\""))].into();
            self.answers
                .insert(url.to_owned(), Answer { status: 200, headers, body: body.as_bytes().to_vec() });
            self
        }

        pub(super) fn asked(&self) -> Vec<String> {
            self.asked.borrow().clone()
        }
    }

    impl Transport for Table {
        fn get(&self, get: Get<'_>) -> Result<Answer, Error> {
            assert_eq!(get.bearer, None, "only GitHub gets a token");
            self.asked.borrow_mut().push(get.url.to_owned());
            let missing = || Answer { status: 404, ..Answer::default() };
            Ok(self.answers.get(get.url).cloned().unwrap_or_else(missing))
        }
    }
}
