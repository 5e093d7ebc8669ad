//! Reads one asset name: its tokens, and what they say about the build.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::Query;
use super::format::{self, Format};
use super::words::{self, Arch, Fact, Libc, Os};

/// A build as its name describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Build {
    /// Where its name stands in the release.
    pub(super) index: usize,
    pub(super) os: Option<Os>,
    pub(super) arch: Option<Arch>,
    pub(super) libc: Option<Libc>,
    pub(super) format: Format,
    /// Tokens that neither the platform nor the tool, repository and version explain: `lsp`, `cuda`, `ubuntu`, `22`.
    pub(super) extras: BTreeSet<String>,
    /// The extras that tell another program or feature set, without numbers and names of distributions.
    pub(super) family: BTreeSet<String>,
    /// How many tokens of the tool's name are in it; one more where it stands there as a whole.
    pub(super) named: usize,
    pub(super) hints: BTreeSet<Hint>,
}

/// What else a name says, of use where names are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hint {
    /// It holds a version.
    Versioned,
    /// The architecture was told by the word `intel`, or `x86` alone.
    Intel,
    /// It is told that the oldest machines of the architecture will do: `amd64-v1`.
    Portable,
    /// The architecture was told by its width only: `64bit`.
    ByWidth,
}

/// The longest name of a file that file systems take, in bytes.
const LONGEST: usize = 255;

/// What is taken out of every name before words are looked up, so that `win-tool` and `go-arch-lint` speak of nothing.
#[derive(Debug)]
pub(super) struct Subject {
    tool: Vec<String>,
    /// Tool, repository, tag and version as token sequences, longest first.
    sequences: Vec<Vec<String>>,
    /// The tokens of owner, repository, tool and tag: where the product is called so, `docker` or `cyclonedx` is no
    /// other kind of file.
    words: BTreeSet<String>,
}

impl Subject {
    pub(super) fn new(query: &Query<'_>) -> Self {
        // What is longer than a name can be is in no name.
        let known = |text| Some(text).filter(|text: &&str| text.len() <= LONGEST).unwrap_or_default();
        let (tool, repo, tag) = (known(query.tool), known(query.repo), known(query.tag));
        let name = repo.rsplit('/').next().unwrap_or(repo);
        let version = tag.find(|c: char| c.is_ascii_digit()).map_or("", |at| &tag[at..]);
        let release = version.split(['-', '+']).next().unwrap_or(version);
        let mut sequences: Vec<Vec<String>> = [tool, name, tag, version, release].map(lower).into();
        sequences.retain(|sequence| !sequence.is_empty());
        sequences.sort_by_key(|sequence| std::cmp::Reverse(sequence.len()));
        let words = [repo, tool, tag].into_iter().flat_map(lower).collect();
        Self { tool: lower(tool), sequences, words }
    }

    /// Takes what the name says of the subject out of its chunks: each sequence as it stands, a long one also where its
    /// words stand in another order (`xpack-arm-none-eabi-gcc` of `arm-none-eabi-gcc-xpack`). Whether a version was
    /// among it.
    fn take_from(&self, chunks: &mut [Chunk<'_>]) -> bool {
        let mut versioned = false;
        for sequence in &self.sequences {
            let is_version = sequence.iter().any(|word| is_number(word));
            if let Some(at) = position(chunks, sequence) {
                chunks[at..at + sequence.len()].iter_mut().for_each(|chunk| chunk.taken = true);
                versioned |= is_version;
                continue;
            }
            let place = |word: &String| chunks.iter().position(|chunk| chunk.is(word));
            let places: Option<BTreeSet<usize>> =
                (sequence.len() > 2).then(|| sequence.iter().map(place).collect()).flatten();
            for at in places.filter(|places| places.len() == sequence.len()).unwrap_or_default() {
                chunks[at].taken = true;
                versioned |= is_version;
            }
        }
        versioned
    }

    /// How many tokens of the tool's name are among `chunks`; one more where it stands there as a whole.
    fn named(&self, chunks: &[Chunk<'_>]) -> usize {
        let count = self.tool.iter().filter(|word| chunks.iter().any(|chunk| chunk.is(word))).count();
        count + usize::from(position(chunks, &self.tool).is_some())
    }

    /// What is left of a chunk that begins with the tool's name and goes on with platform words: `mytoolwin64`.
    fn glued<'a>(&self, chunk: Chunk<'a>) -> Option<Chunk<'a>> {
        let [word] = self.tool.as_slice() else { return None };
        let rest = chunk.low.strip_prefix(word.as_str()).filter(|rest| !rest.is_empty())?;
        let is_own = !words::facts(chunk.low).is_empty() || row(chunk.low).is_some();
        let speaks = |(_, facts): (Vec<String>, Vec<Fact>)| facts.into_iter().any(is_platform);
        let text = &chunk.text[chunk.text.len() - rest.len()..];
        (!is_own && row(rest).is_some_and(speaks)).then_some(Chunk { text, low: rest, taken: false })
    }
}

/// A part of a name between two borders.
#[derive(Debug, Clone, Copy)]
struct Chunk<'a> {
    text: &'a str,
    /// The same in lower case.
    low: &'a str,
    /// It is explained by the subject.
    taken: bool,
}

impl Chunk<'_> {
    /// Whether it is this word, but for the `v` of a version.
    fn is(&self, wanted: &str) -> bool {
        !self.taken && bare(self.low) == bare(wanted)
    }
}

/// A version's number without its `v`.
fn bare(word: &str) -> &str {
    match word.strip_prefix('v') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => rest,
        _ => word,
    }
}

/// Splits at everything that is neither letter nor digit.
fn chunks(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|chunk| !chunk.is_empty())
}

fn lower(text: &str) -> Vec<String> {
    chunks(text).map(str::to_ascii_lowercase).collect()
}

/// Where `sequence` begins in `chunks`.
fn position(chunks: &[Chunk<'_>], sequence: &[String]) -> Option<usize> {
    if sequence.is_empty() {
        return None;
    }
    let is_there = |window: &[Chunk<'_>]| window.iter().zip(sequence).all(|(chunk, wanted)| chunk.is(wanted));
    chunks.windows(sequence.len()).position(is_there)
}

/// Why a name is not that of a program which one could install.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unfit {
    /// A package, a side file, a bundle: by its ending.
    Ending,
    /// It says that it is something else: `src`, `debug`, `setup`.
    Word(String),
    /// It speaks of two systems, or of two architectures.
    Contradiction,
    /// No file can be called so: too long, or with control characters.
    Name,
}

/// Reads a name.
pub(super) fn read(index: usize, name: &str, subject: &Subject) -> Result<Build, Unfit> {
    if name.len() > LONGEST || name.contains(char::is_control) {
        return Err(Unfit::Name);
    }
    let ending = format::ending(name, is_platform_row).ok_or(Unfit::Ending)?;
    let low = ending.stem.to_ascii_lowercase();
    let pairs = chunks(ending.stem).zip(chunks(&low));
    let mut chunks: Vec<Chunk<'_>> = pairs.map(|(text, low)| Chunk { text, low, taken: false }).collect();
    let mut named = subject.named(&chunks);
    let mut said = Said::default();
    said.hint(Hint::Versioned, subject.take_from(&mut chunks));
    let mut before: Cow<'static, [Fact]> = Cow::Borrowed(&[]);
    for chunk in &chunks {
        if chunk.taken {
            before = Cow::Borrowed(&[]);
            continue;
        }
        let glued = if named == 0 { subject.glued(*chunk) } else { None };
        if glued.is_some() {
            // As much as where it stands alone: once as a word, once as a whole.
            named = 2;
        }
        let (unknown, facts) = tokens(glued.unwrap_or(*chunk), &before);
        let is_product = facts.contains(&Fact::Unwanted) && subject.words.contains(chunk.low);
        said.note(facts.iter().filter(|fact| !(is_product && **fact == Fact::Unwanted)), chunk.low);
        said.hint(Hint::Versioned, unknown.iter().any(|word| is_number(word)));
        let wide = |fact: &Fact| matches!(fact, Fact::Arch(Arch::X64) | Fact::Bits(64));
        let level = chunk.low.ends_with("v1") && (before.iter().any(wide) || facts.iter().any(wide));
        said.hint(Hint::Portable, level);
        said.hint(Hint::Intel, chunk.low == "intel");
        said.family.extend(unknown.iter().filter(|word| !is_number(word)).cloned());
        said.extras.extend(unknown);
        before = facts;
    }
    if ending.exe {
        said.systems.insert(Os::Windows);
    }
    if let Some(word) = said.unwanted {
        return Err(Unfit::Word(word));
    }
    said.hint(Hint::Intel, said.is_bare_intel());
    said.hint(Hint::ByWidth, said.architectures.is_empty() && !said.bits.is_empty());
    Ok(Build {
        index,
        os: said.os()?,
        arch: said.arch()?,
        libc: said.libc,
        format: ending.format,
        extras: said.extras,
        family: said.family,
        named,
        hints: said.hints,
    })
}

fn is_number(word: &str) -> bool {
    let digits = word.strip_prefix('v').unwrap_or(word);
    digits.starts_with(|c: char| c.is_ascii_digit())
}

/// The unknown words and the facts of one chunk. A chunk that is not a word itself may be a row of words without a
/// border (`linuxamd64`), else it is cut where upper case or digits begin, if that brings a platform to light.
fn tokens(chunk: Chunk<'_>, before: &[Fact]) -> (Vec<String>, Cow<'static, [Fact]>) {
    let word = chunk.low;
    let facts = words::facts(word);
    if !facts.is_empty() {
        return (Vec::new(), Cow::Borrowed(facts));
    }
    if let Some(fact) = before.iter().map(|b| words::behind(*b, word)).find(|f| !f.is_empty()) {
        return (Vec::new(), Cow::Borrowed(fact));
    }
    if let Some((unknown, facts)) = row(word).filter(|(_, facts)| facts.iter().copied().any(is_platform)) {
        return (unknown, facts.into());
    }
    let (mut unknown, mut known) = (Vec::new(), Vec::new());
    for piece in pieces(chunk.text) {
        let piece = piece.to_ascii_lowercase();
        match words::facts(&piece) {
            [] => unknown.push(piece),
            facts => known.extend_from_slice(facts),
        }
    }
    if known.iter().copied().any(is_platform) {
        (unknown, known.into())
    } else {
        (vec![word.to_owned()], Cow::Borrowed(&[]))
    }
}

/// Whether every token of `text` is in the vocabulary: `x86_64`, `linux-amd64`.
fn is_platform_row(text: &str) -> bool {
    let low = text.to_ascii_lowercase();
    let mut before: Cow<'static, [Fact]> = Cow::Borrowed(&[]);
    chunks(text).zip(chunks(&low)).all(|(text, low)| {
        let (unknown, facts) = tokens(Chunk { text, low, taken: false }, &before);
        before = facts;
        unknown.is_empty()
    })
}

fn is_platform(fact: Fact) -> bool {
    matches!(fact, Fact::Os(_) | Fact::Arch(_))
}

/// Cuts `word` into words of the vocabulary that cover it wholly; digits may end it (`macos14`). What is longer than
/// any such row is not tried: there are more ways to cut a text than it has letters.
fn row(word: &str) -> Option<(Vec<String>, Vec<Fact>)> {
    if word.is_empty() {
        return Some((Vec::new(), Vec::new()));
    }
    if word.len() > words::LONGEST {
        return None;
    }
    let ends = word.char_indices().map(|(at, c)| at + c.len_utf8()).rev();
    for end in ends {
        let facts = words::facts(&word[..end]);
        if facts.is_empty() {
            continue;
        }
        let rest = &word[end..];
        let mut tail =
            match facts.iter().map(|fact| words::behind(*fact, rest)).find(|facts| !facts.is_empty()) {
                Some(facts) => Some((Vec::new(), facts.to_vec())),
                None => row(rest),
            };
        if tail.is_none() && rest.bytes().all(|b| b.is_ascii_digit()) {
            tail = Some((vec![rest.to_owned()], Vec::new()));
        }
        if let Some((unknown, more)) = tail {
            return Some((unknown, [facts, &more].concat()));
        }
    }
    None
}

/// Cuts where upper case follows lower case, and between letters and digits.
fn pieces(chunk: &str) -> Vec<&str> {
    let mut cuts = vec![0];
    let chars: Vec<(usize, char)> = chunk.char_indices().collect();
    for pair in chars.windows(2) {
        let ((_, a), (at, b)) = (pair[0], pair[1]);
        if (a.is_lowercase() && b.is_uppercase()) || a.is_ascii_digit() != b.is_ascii_digit() {
            cuts.push(at);
        }
    }
    cuts.push(chunk.len());
    cuts.windows(2).map(|cut| &chunk[cut[0]..cut[1]]).collect()
}

/// What all tokens of a name say together.
#[derive(Debug, Default)]
struct Said {
    systems: BTreeSet<Os>,
    architectures: BTreeSet<Arch>,
    bits: BTreeSet<u8>,
    libc: Option<Libc>,
    /// The first word that says so.
    unwanted: Option<String>,
    extras: BTreeSet<String>,
    family: BTreeSet<String>,
    hints: BTreeSet<Hint>,
}

impl Said {
    fn note<'f>(&mut self, facts: impl Iterator<Item = &'f Fact>, chunk: &str) {
        for fact in facts {
            match *fact {
                Fact::Os(os) => drop(self.systems.insert(os)),
                Fact::Arch(arch) => drop(self.architectures.insert(arch)),
                // `gnu` beside `static` is a static build for glibc systems.
                Fact::Libc(libc) => self.libc = Some(self.libc.map_or(libc, |known| known.min(libc))),
                Fact::Bits(bits) => drop(self.bits.insert(bits)),
                Fact::Unwanted => drop(self.unwanted.get_or_insert_with(|| chunk.to_owned())),
                Fact::Flavour => drop(self.extras.insert(chunk.to_owned())),
                Fact::Noise => {}
            }
        }
    }

    fn hint(&mut self, hint: Hint, holds: bool) {
        if holds {
            self.hints.insert(hint);
        }
    }

    /// Says `x86` and nothing more of the architecture.
    fn is_bare_intel(&self) -> bool {
        self.architectures == [Arch::Intel].into() && self.bits.is_empty()
    }

    /// The one system that is named, if any.
    fn os(&self) -> Result<Option<Os>, Unfit> {
        // `linux-android` is Android, `apple-ios` is iOS.
        if let Some(os) = [Os::Other, Os::Android].into_iter().find(|os| self.systems.contains(os)) {
            return Ok(Some(os));
        }
        if self.systems.len() > 1 { Err(Unfit::Contradiction) } else { Ok(self.systems.first().copied()) }
    }

    /// The one architecture that is named, if any.
    fn arch(&self) -> Result<Option<Arch>, Unfit> {
        let has = |arch| self.architectures.contains(&arch);
        let (wide, narrow) = (self.bits.contains(&64), self.bits.contains(&32));
        if has(Arch::Other) {
            return Ok(Some(Arch::Other));
        }
        if wide && has(Arch::X86) {
            return Err(Unfit::Contradiction);
        }
        let mut told = self.architectures.clone();
        if told.remove(&Arch::Intel) {
            // Nobody builds for 32-bit macOS: `x86` is the other word for `intel` there.
            let mac = self.systems.contains(&Os::Macos) && self.is_bare_intel();
            told.insert(if wide || mac || has(Arch::X64) { Arch::X64 } else { Arch::X86 });
        }
        if (wide || has(Arch::Arm64)) && told.remove(&Arch::Arm) {
            told.insert(Arch::Arm64);
        }
        // `arm32-v7a`, `armv7-unknown-linux-gnueabihf`: the version says more than the width.
        if has(Arch::ArmV7) || has(Arch::ArmV6) {
            told.remove(&Arch::Arm32);
        }
        if has(Arch::ArmV7) || has(Arch::ArmV6) || has(Arch::Arm32) {
            told.remove(&Arch::Arm);
        }
        let both = self.systems.contains(&Os::Macos) && told == [Arch::X64, Arch::Arm64].into();
        match told.first() {
            Some(_) if both || told.contains(&Arch::Universal) => Ok(Some(Arch::Universal)),
            Some(_) if told.len() > 1 => Err(Unfit::Contradiction),
            Some(arch) => Ok(Some(*arch)),
            None if wide => Ok(Some(Arch::X64)),
            None if narrow => Ok(Some(Arch::X86)),
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests;
