//! A list in brackets (array, object, inline table) as a row of tokens: items go and come, commas are settled, and every
//! other byte stays.

use std::borrow::Cow;
use std::ops::Range;

/// How a format writes comments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comments {
    /// `//` and `/* */`
    Slash,
    /// `#`
    Hash,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Item,
    Comma,
    Newline,
    Space,
    LineComment,
    BlockComment,
}

#[derive(Debug)]
struct Token<'t> {
    piece: Piece,
    text: Cow<'t, str>,
}

/// What stands between two brackets.
#[derive(Debug)]
pub(super) struct List<'t> {
    tokens: Vec<Token<'t>>,
    brackets: [&'t str; 2],
    trailing_comma: bool,
    /// White space in front of the items, where they begin their lines.
    indent: Option<&'t str>,
    /// White space behind the commas of a line.
    gap: Option<&'t str>,
    /// White space behind the opening bracket, where the first item stands in its line.
    padding: &'t str,
}

impl<'t> List<'t> {
    /// Takes apart the list at `span` of a text that parsed. `values`: where the items' values stand, in their order; an
    /// item reaches from its key, where it has one, to the end of its value.
    pub(super) fn scan(
        text: &'t str,
        span: &Range<usize>,
        values: &[Range<usize>],
        comments: Comments,
    ) -> Self {
        let (first, last) = (span.start + 1, span.end - 1);
        let mut values = values.iter();
        let mut tokens = Vec::new();
        let mut at = first;
        while at < last {
            let (piece, length) = match next(&text[at..last], comments) {
                Some(found) => found,
                None => (Piece::Item, values.find(|v| v.start >= at).map_or(last, |v| v.end) - at),
            };
            tokens.push(Token { piece, text: Cow::Borrowed(&text[at..at + length]) });
            at += length;
        }
        let is = |at: usize, piece| tokens.get(at).is_some_and(|t: &Token| t.piece == piece);
        let borrowed = |at: usize, piece| match tokens.get(at) {
            Some(Token { piece: found, text: Cow::Borrowed(text) }) if *found == piece => *text,
            _ => "",
        };
        let comma = tokens.iter().rposition(|t| t.piece == Piece::Comma);
        let item = tokens.iter().rposition(|t| t.piece == Piece::Item);
        let begins_line = |at: &usize| {
            let before = if *at > 0 && is(at - 1, Piece::Space) { at - 1 } else { *at };
            is(*at, Piece::Item) && before > 0 && is(before - 1, Piece::Newline)
        };
        let indent =
            (0..tokens.len()).rev().find(begins_line).map(|at| borrowed(at.wrapping_sub(1), Piece::Space));
        let gap =
            tokens.iter().position(|t| t.piece == Piece::Comma).filter(|at| !is(at + 1, Piece::Newline));
        let gap = gap.filter(|at| at + 1 < tokens.len()).map(|at| borrowed(at + 1, Piece::Space));
        Self {
            brackets: [&text[span.start..first], &text[last..span.end]],
            trailing_comma: comma > item,
            padding: if is(1, Piece::Item) { borrowed(0, Piece::Space) } else { "" },
            indent,
            gap,
            tokens,
        }
    }

    /// Whether nothing but white space stands in it.
    pub(super) fn is_blank(&self) -> bool {
        self.tokens.iter().all(|t| matches!(t.piece, Piece::Space | Piece::Newline))
    }

    /// Whether its items stand in several lines.
    pub(super) fn has_lines(&self) -> bool {
        self.has(Piece::Newline)
    }

    /// White space in front of the items, where they begin their lines.
    pub(super) fn indent(&self) -> Option<&'t str> {
        self.indent
    }

    fn has(&self, piece: Piece) -> bool {
        self.tokens.iter().any(|t| t.piece == piece)
    }

    fn is(&self, at: usize, piece: Piece) -> bool {
        self.tokens.get(at).is_some_and(|t| t.piece == piece)
    }

    fn find(&self, mut range: Range<usize>, piece: Piece) -> Option<usize> {
        range.find(|at| self.is(*at, piece))
    }

    /// Takes out the items of these numbers, in ascending order, with the comments on their lines.
    pub(super) fn remove(&mut self, numbers: &[usize]) {
        for number in numbers.iter().rev() {
            let mut items = (0..self.tokens.len()).filter(|at| self.is(*at, Piece::Item));
            if let Some(at) = items.nth(*number) {
                self.remove_token(at);
            }
        }
        if self.is_blank() && !self.has_lines() {
            self.tokens.clear();
        }
    }

    fn remove_token(&mut self, item: usize) {
        let end = self.tokens.len();
        let newline = self.tokens[..item].iter().rposition(|t| t.piece == Piece::Newline);
        let line = newline.map_or(0, |at| at + 1);
        let before = self.tokens[line..item].iter().rposition(|t| t.piece == Piece::Item).map(|at| at + line);
        let line_end = self.find(item..end, Piece::Newline).unwrap_or(end);
        if let Some(after) = self.find(item + 1..line_end, Piece::Item) {
            let comma = self.find(item..after, Piece::Comma).unwrap_or(item) + 1;
            let range = match before {
                Some(before) => self.behind_comma(before, item)..comma,
                // The next item takes the place of this one.
                None => {
                    line + usize::from(self.is(line, Piece::Space))
                        ..comma + usize::from(self.is(comma, Piece::Space))
                }
            };
            self.tokens.drain(range);
            return;
        }
        let mut tail = line_end;
        while tail > item + 1 && tail == end && self.is(tail - 1, Piece::Space) {
            tail -= 1;
        }
        if let Some(before) = before {
            // Comments behind the comma are also about what is left of the line.
            let mut own = item + 1;
            while self.is(own, Piece::BlockComment)
                || (self.is(own, Piece::Space) && self.is(own + 1, Piece::BlockComment))
            {
                own += 1;
            }
            let own = self.find(item..tail, Piece::Comma).map_or(own, |comma| comma + 1);
            self.tokens.drain(self.behind_comma(before, item)..own);
        } else if let Some(newline) = newline {
            let hold = newline > 0 && self.is(newline - 1, Piece::LineComment);
            let range = match (tail < end && self.is(tail, Piece::Newline), hold) {
                (true, _) => line..tail + 1,
                (false, true) => line..tail,
                (false, false) => newline..tail,
            };
            self.tokens.drain(range);
        } else {
            self.tokens.drain(line..tail);
        }
    }

    fn behind_comma(&self, from: usize, to: usize) -> usize {
        self.find(from..to, Piece::Comma).map_or(to, |at| at + 1)
    }

    /// Adds items at the end, each in a line of its own where the list has lines. For a list that does not show them:
    /// the items' indentation, the line ending, and the white space behind commas.
    pub(super) fn add(&mut self, items: impl IntoIterator<Item = String>, [indent, newline, gap]: [&str; 3]) {
        let indent = self.indent.unwrap_or(indent).to_owned();
        let gap = self.gap.unwrap_or(gap).to_owned();
        for item in items {
            let at = self.end();
            let mut new = Vec::with_capacity(4);
            if self.has_lines() {
                let found = self.tokens[at..].iter().chain(&self.tokens).find(|t| t.piece == Piece::Newline);
                let newline = found.map_or_else(|| newline.to_owned(), |t| t.text.to_string());
                new.push(Token { piece: Piece::Newline, text: newline.into() });
                new.push(Token { piece: Piece::Space, text: indent.clone().into() });
            } else if at > 0 {
                new.push(Token { piece: Piece::Space, text: gap.clone().into() });
            } else {
                self.tokens.clear();
                self.tokens.push(Token { piece: Piece::Space, text: self.padding.into() });
                new.push(Token { piece: Piece::Space, text: self.padding.into() });
            }
            new.push(Token { piece: Piece::Item, text: item.into() });
            if self.trailing_comma {
                new.push(Token { piece: Piece::Comma, text: ",".into() });
            }
            self.tokens.splice(at..at, new);
        }
    }

    /// Where a further item goes: below the line of the last, or behind it.
    fn end(&self) -> usize {
        let last = self.tokens.iter().rposition(|t| matches!(t.piece, Piece::Item | Piece::Comma));
        let line = match last {
            Some(last) => self.find(last..self.tokens.len(), Piece::Newline),
            None => self.tokens.iter().rposition(|t| t.piece == Piece::Newline),
        };
        let comma = last.filter(|at| !self.has_lines() && self.is(*at, Piece::Comma)).map(|at| at + 1);
        line.or(comma).unwrap_or_else(|| {
            self.tokens.iter().rposition(|t| t.piece != Piece::Space).map_or(0, |at| at + 1)
        })
    }

    /// Puts each item into a line of its own, where they stood in one.
    pub(super) fn spread(&mut self, indent: &str, outer: &str, newline: &str) {
        let line = |out: &mut Vec<Token<'t>>, indent: &str| {
            out.push(Token { piece: Piece::Newline, text: newline.to_owned().into() });
            out.push(Token { piece: Piece::Space, text: indent.to_owned().into() });
        };
        self.settle_commas();
        let mut out = Vec::new();
        let mut fresh = true;
        for token in self.tokens.drain(..) {
            if fresh && token.piece == Piece::Space {
                continue;
            }
            if fresh {
                line(&mut out, indent);
            }
            fresh = token.piece == Piece::Comma;
            out.push(token);
        }
        if out.last().is_some_and(|t| t.piece == Piece::Space) {
            out.pop();
        }
        line(&mut out, outer);
        self.tokens = out;
    }

    /// One comma between two items; behind the last one where the list had one there.
    fn settle_commas(&mut self) {
        let mut out: Vec<Token<'t>> = Vec::with_capacity(self.tokens.len() + 2);
        let last = self.tokens.iter().rposition(|t| t.piece == Piece::Item);
        // Where the comma of the item that was passed belongs, until one was seen.
        let mut owed = None;
        let mut seen_item = false;
        for (i, token) in self.tokens.drain(..).enumerate() {
            match token.piece {
                Piece::Item => {
                    if let Some(at) = owed {
                        out.insert(at, Token { piece: Piece::Comma, text: ",".into() });
                    }
                    seen_item = true;
                    out.push(token);
                    owed = (Some(i) != last || self.trailing_comma).then_some(out.len());
                }
                Piece::Comma if owed.take().is_none() || !seen_item => {}
                Piece::BlockComment if owed.is_some_and(|at| at + 1 >= out.len()) => {
                    out.push(token);
                    owed = Some(out.len());
                }
                _ => out.push(token),
            }
        }
        if let Some(at) = owed {
            out.insert(at, Token { piece: Piece::Comma, text: ",".into() });
        }
        self.tokens = out;
    }

    /// The list with its brackets.
    pub(super) fn into_text(mut self) -> String {
        if self.is_blank() {
            self.tokens.clear();
        }
        self.settle_commas();
        let inside = self.tokens.iter().map(|t| t.text.as_ref());
        [self.brackets[0]].into_iter().chain(inside).chain([self.brackets[1]]).collect()
    }
}

/// What a text between items begins with; `None`: an item.
fn next(text: &str, comments: Comments) -> Option<(Piece, usize)> {
    let line = |text: &str| text.find(['\n', '\r', '\u{2028}', '\u{2029}']).unwrap_or(text.len());
    let hash_line =
        |text: &str| text.find('\n').map_or(text.len(), |at| at - usize::from(text[..at].ends_with('\r')));
    let is_newline = |c: char| matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}');
    let first = text.chars().next()?;
    Some(match first {
        ',' => (Piece::Comma, 1),
        '\r' if text.starts_with("\r\n") => (Piece::Newline, 2),
        c if is_newline(c) => (Piece::Newline, c.len_utf8()),
        c if c.is_whitespace() || c == '\u{feff}' => {
            let blank = |c: char| (c.is_whitespace() || c == '\u{feff}') && !is_newline(c);
            (Piece::Space, text.find(|c| !blank(c)).unwrap_or(text.len()))
        }
        '#' if comments == Comments::Hash => (Piece::LineComment, hash_line(text)),
        '/' if comments == Comments::Slash && text.starts_with("//") => (Piece::LineComment, line(text)),
        '/' if comments == Comments::Slash => {
            (Piece::BlockComment, text.find("*/").map_or(text.len(), |at| at + 2))
        }
        _ => return None,
    })
}
