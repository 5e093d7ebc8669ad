//! Where releases come from: one trait, and one file for each kind of source.

use super::checksum::Proof;
use super::release::{Asset, Release};
use super::version::{self, MinimumAge, Request};
use crate::error::Error;
use crate::template::Values;

/// How many pages of a list of releases are looked through. Forges list more, but who is not answered by the latest
/// thousand is better served by an exact tag than by ninety more requests.
pub(super) const PAGES: usize = 10;

/// A source of releases, asked for one sidecar.
pub(crate) trait Source {
    /// `owner/name`, or what comes nearest: the names in it are the project's and speak of no platform.
    fn project(&self) -> String;

    /// The release that answers a request. `minimum` counts where the source tells when it published what.
    fn find(&self, request: &Request, minimum: Option<MinimumAge>) -> Result<Release, Error>;

    /// What the source itself has for a target. Most list assets, and leave the choice to the chooser.
    fn offer(&self, _release: &Release, _values: &Values<'_>) -> Result<Offer, Error> {
        Ok(Offer::Choice)
    }

    /// The contents of a small asset, such as a checksum file: at most `limit` bytes.
    fn small_asset(&self, asset: &Asset, limit: u64) -> Result<Vec<u8>, Error>;

    /// Whether its assets can be downloaded with a token only.
    fn is_private(&self) -> Result<bool, Error> {
        Ok(false)
    }
}

/// What a source has for a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Offer {
    /// One of the release's assets: the chooser says which.
    Choice,
    /// One of these files, which are not those of every target: the chooser says which.
    Among(Vec<Asset>),
    /// This file.
    File {
        asset: Box<Asset>,
        /// What is published about its hash.
        proof: Option<Proof>,
        /// Why this one, for `explain`.
        reason: String,
    },
    /// Nothing, for this reason.
    Nothing(String),
}

/// A page of a list of releases, and where the next one is.
pub(super) type Page = (Vec<Release>, Option<String>);

/// Reads a list of releases, newest first, up to the page that brings an answer.
pub(super) fn search(
    first: String,
    request: &Request,
    minimum: Option<MinimumAge>,
    page: &dyn Fn(&str) -> Result<Page, Error>,
) -> Result<Release, Error> {
    let mut request = request.clone();
    let (mut releases, mut pages, mut url) = (Vec::new(), 0, first);
    loop {
        let (found, next) = page(&url)?;
        releases.extend(found);
        pages += 1;
        // The latest releases decide which tags are meant, not those from before the repository held more.
        request = request.settled(&releases)?;
        match (version::pick(&releases, &request, minimum), next) {
            (Ok(release), _) => return Ok(release.clone()),
            (Err(error), None) => return Err(error),
            (Err(error), Some(_)) if pages == PAGES => {
                return Err(error.fact("searched", format!("the latest {} releases", releases.len())));
            }
            (Err(_), Some(next)) => url = next,
        }
    }
}
