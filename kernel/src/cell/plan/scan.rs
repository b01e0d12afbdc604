//! Walks over a cell once and marks what is not plain Rust.

use std::collections::HashSet;
use std::ops::Range;

use super::Facts;
use super::PlanError;
use super::Step;
use super::around;
use super::magic_name_len;
use super::question::question;
use super::statement::Statement;
use crate::cell::lexer::LiteralKind;
use crate::cell::lexer::Token;
use crate::cell::lexer::TokenKind;

/// How deep brackets may be nested. rust-analyzer and rustc read brackets by recursion: both become slow and then
/// overflow their stacks.
const DEEPEST: usize = 200;

/// Something that is not plain Rust. Marks come in the order of the text.
#[derive(Clone, Debug)]
pub(super) enum Mark {
    /// Rust stands for it, on its lines.
    Replace(Range<usize>, String),
    /// Whole lines that are a step of their own.
    Step(Range<usize>, Step),
    /// A command of evcxr's after Rust: evcxr takes it only at the beginning.
    Cut(usize),
    /// Rust or a command begins here, the first of it since the last step.
    Begins,
}

/// A cell that was walked over.
#[derive(Debug)]
pub(super) struct Scan {
    pub(super) marks: Vec<Mark>,
    /// Where shell lines stand, from their signs on.
    pub(super) shell: Vec<Range<usize>>,
    /// Where the brackets begin that are open at the end.
    pub(super) open: Vec<usize>,
    /// The first lines at which a brace is opened and closed with different indents.
    uneven: Option<(usize, usize)>,
    /// Whether a bracket is closed by another kind.
    pub(super) mismatched: bool,
    /// Whether a literal, a comment or a shell line runs into the end.
    pub(super) unterminated: bool,
    /// Whether no Rust ends with what stands at the end.
    pub(super) wants_more: bool,
    /// Where a comment begins that runs into the end.
    open_comment: Option<usize>,
}

impl Scan {
    /// The marks of a text that is to be run, if it closes what it opens. rustc finds faults in other kinds of ends better.
    pub(super) fn whole(self, text: &str) -> Result<Vec<Mark>, PlanError> {
        if let Some(at) = self.open_comment {
            return Err(PlanError::of_rust(
                at,
                "unterminated block comment (`*/` ends it)",
            ));
        }
        let Some(at) = self
            .open
            .last()
            .filter(|_| !self.mismatched && !self.unterminated)
        else {
            return Ok(self.marks);
        };
        let mut message = format!("unclosed delimiter: `{}`", &text[*at..=*at]);
        if let Some((open, close)) = self.uneven {
            message.push_str(&format!(
                " (perhaps that of line {open}: the `}}` in line {close}, which closes it, has another indent)"
            ));
        }
        Err(PlanError::of_rust(*at, message))
    }
}

pub(super) struct Scanner<'a> {
    pub(super) text: &'a str,
    pub(super) facts: &'a dyn Facts,
    pub(super) at: usize,
    /// Whether nothing but blanks stands before, on this line.
    line_start: bool,
    pub(super) open: Vec<Open>,
    statement: Statement,
    first_word: &'a str,
    /// The last tokens, newest first.
    last: [Option<(TokenKind, &'a str)>; 3],
    /// The names that the cell binds before this place.
    bound: HashSet<&'a str>,
    mismatched: bool,
    uneven: Option<(usize, usize)>,
    open_comment: Option<usize>,
    /// Of the Rust after the last magic: where brackets begin that are open at its end, and whether it can't end so.
    pub(super) cut_off: (Vec<usize>, bool),
    pub(super) unterminated: bool,
    /// Whether there was Rust, or only commands, since the last step.
    pub(super) part: Part,
    pub(super) marks: Vec<Mark>,
    pub(super) shell: Vec<Range<usize>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Empty,
    Commands,
    Rust,
}

/// An open bracket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open {
    kind: TokenKind,
    at: usize,
    outside: Statement,
    /// Whether it or one around it belongs to a macro, whose insides follow rules of their own.
    in_macro: bool,
    is_attribute: bool,
    /// Whether it is an attribute of what is around it, `#![..]`.
    is_inner: bool,
}

impl<'a> Scanner<'a> {
    /// `start`: where a line begins.
    pub(super) fn new(text: &'a str, start: usize, facts: &'a dyn Facts) -> Scanner<'a> {
        Scanner {
            text,
            facts,
            at: start,
            line_start: true,
            open: Vec::new(),
            statement: Statement::NEW,
            first_word: "",
            last: [None; 3],
            bound: HashSet::new(),
            mismatched: false,
            uneven: None,
            open_comment: None,
            cut_off: (Vec::new(), false),
            unterminated: false,
            part: Part::Empty,
            marks: Vec::new(),
            shell: Vec::new(),
        }
    }

    pub(super) fn run(mut self) -> Result<Scan, PlanError> {
        while let Some(token) = Token::at(self.text, self.at) {
            if !token.is_trivia() && self.line_start && self.can_begin() && self.line(&token)? {
                continue;
            }
            self.at = token.range.end;
            self.token(&token)?;
        }
        let (open, cut_off) = self.cut_off;
        let wants_more = cut_off
            || self.statement.is_attributed()
            || self.last[0].is_some_and(|(kind, word)| around::asks_for_more(kind, word));
        Ok(Scan {
            marks: self.marks,
            shell: self.shell,
            open: self.open.iter().map(|open| open.at).chain(open).collect(),
            uneven: self.uneven,
            open_comment: self.open_comment,
            mismatched: self.mismatched,
            unterminated: self.unterminated,
            wants_more,
        })
    }

    fn can_begin(&self) -> bool {
        let in_block = self
            .open
            .last()
            .is_none_or(|open| open.kind == TokenKind::OpenBrace && !open.in_macro);
        in_block && self.statement.can_begin()
    }

    /// A line at whose start a statement can begin: says whether it was something else than Rust.
    fn line(&mut self, token: &Token) -> Result<bool, PlanError> {
        let rest = &self.text[self.at..];
        let line_len = rest.find('\n').unwrap_or(rest.len());
        let line = &rest[..line_len];
        if self.open.is_empty() {
            if self.command(token, line_len) {
                return Ok(true);
            }
            if let Some(mut question) = question(line) {
                let is_rust = self.bound.contains(question.name.as_str())
                    || self.facts.is_fallible(&question.name);
                if !is_rust {
                    question.at += self.at;
                    self.step(line_len, Step::Help(question));
                    return Ok(true);
                }
            }
        }
        match token.kind {
            TokenKind::Percent if line.starts_with("%%") && magic_name_len(&line[2..]) > 0 => {
                Err(PlanError::new(
                    self.at,
                    format!(
                        "`%%{}` stands on a later line (a cell magic has to be the first line of its cell)",
                        &line[2..2 + magic_name_len(&line[2..])]
                    ),
                ))
            }
            TokenKind::Percent if magic_name_len(&line[1..]) > 0 => self.magic(line_len, true),
            TokenKind::Bang => Ok(self.bang(self.at, true)),
            _ => Ok(false),
        }
    }

    /// `:dep` and the like.
    fn command(&mut self, token: &Token, line_len: usize) -> bool {
        let rest = &self.text[self.at..self.at + line_len];
        let is_command = token.kind == TokenKind::Colon
            && rest[1..].starts_with(|first: char| first.is_alphanumeric() || first == '_');
        if is_command {
            self.begins(Part::Commands);
            if self.part == Part::Rust {
                self.marks.push(Mark::Cut(self.line_begin()));
                self.part = Part::Commands;
            }
            self.skip(line_len);
        }
        is_command
    }

    pub(super) fn line_begin(&self) -> usize {
        self.line_begin_of(self.at)
    }

    fn line_begin_of(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |newline| newline + 1)
    }

    /// Whole lines that are a step of the kernel's.
    pub(super) fn step(&mut self, len: usize, step: Step) {
        self.marks
            .push(Mark::Step(self.line_begin()..self.at + len, step));
        self.part = Part::Empty;
        self.skip(len);
    }

    pub(super) fn skip(&mut self, len: usize) {
        self.at += len;
        // Rust after a magic may end before its line does.
        self.line_start = false;
        self.statement = Statement::NEW;
        self.last = [None; 3];
    }

    pub(super) fn begins(&mut self, part: Part) {
        if self.part == Part::Empty {
            self.marks.push(Mark::Begins);
        }
        if self.part == Part::Empty || part == Part::Rust {
            self.part = part;
        }
    }

    pub(super) fn knows(&self, name: &str) -> bool {
        name == "self" || self.bound.contains(name) || self.facts.knows(name)
    }

    /// Rust.
    fn token(&mut self, token: &Token) -> Result<(), PlanError> {
        if !token.is_trivia() {
            self.cut_off = (Vec::new(), false);
        }
        let text = &self.text[token.range.clone()];
        self.unterminated = token.is_unterminated();
        if self.unterminated && token.is_trivia() {
            self.open_comment = Some(token.range.start);
        }
        if token.is_trivia() {
            if token.kind == TokenKind::Whitespace && text.contains('\n') {
                self.line_start = true;
            } else if token.kind != TokenKind::Whitespace {
                self.line_start = false;
            }
            return Ok(());
        }
        if self.line_start
            && text == ":"
            && self.part != Part::Rust
            && self.can_begin()
            && self.open.is_empty()
        {
            // A path from the root, which evcxr would take for a command at the top.
            self.begins(Part::Rust);
            self.marks.push(Mark::Replace(
                token.range.start..token.range.start,
                "\t".to_owned(),
            ));
        }
        self.begins(Part::Rust);
        self.line_start = false;
        self.bind(token.kind, text);
        if self.statement.can_begin() {
            self.first_word = text;
        }
        let assigns = token.kind == TokenKind::Eq && self.is_assignment(token);
        match token.kind {
            TokenKind::OpenParen | TokenKind::OpenBracket | TokenKind::OpenBrace => {
                self.opened(token)?
            }
            TokenKind::CloseParen | TokenKind::CloseBracket | TokenKind::CloseBrace => {
                self.closed(token, text)?
            }
            kind => self.statement.token(kind, text),
        }
        self.last = [Some((token.kind, text)), self.last[0], self.last[1]];
        if assigns {
            self.value(token.range.end)?;
        }
        Ok(())
    }

    fn is_assignment(&self, token: &Token) -> bool {
        let operators = [
            '=', '>', '<', '!', '+', '-', '*', '/', '%', '^', '&', '|', '.',
        ];
        let after = self.text[token.range.end..].starts_with(['=', '>']);
        let before = self.text[..token.range.start].ends_with(operators);
        let in_block = self
            .open
            .last()
            .is_none_or(|open| open.kind == TokenKind::OpenBrace && !open.in_macro);
        !after && !before && in_block && self.statement.can_assign(self.first_word)
    }

    fn opened(&mut self, token: &Token) -> Result<(), PlanError> {
        if self.open.len() >= DEEPEST {
            return Err(PlanError::of_rust(
                token.range.start,
                format!(
                    "brackets are nested more than {DEEPEST} deep (give the inner ones a name)"
                ),
            ));
        }
        let text = &self.text[token.range.clone()];
        let is_attribute = token.kind == TokenKind::OpenBracket
            && matches!(
                self.last,
                [Some((TokenKind::Pound, _)), ..]
                    | [Some((TokenKind::Bang, _)), Some((TokenKind::Pound, _)), _]
            );
        self.statement.token(token.kind, text);
        self.open.push(Open {
            kind: token.kind,
            at: token.range.start,
            outside: self.statement,
            in_macro: self.opens_macro() || self.open.last().is_some_and(|open| open.in_macro),
            is_attribute,
            is_inner: matches!(self.last[0], Some((TokenKind::Bang, _))),
        });
        self.statement = Statement::NEW;
        Ok(())
    }

    fn opens_macro(&self) -> bool {
        const OPERATORS: [&str; 7] = ["return", "if", "while", "match", "in", "else", "break"];
        let is_name = |word: &str| !OPERATORS.contains(&word);
        match self.last {
            [
                Some((TokenKind::Bang, _)),
                Some((TokenKind::Ident | TokenKind::RawIdent, word)),
                _,
            ] => is_name(word),
            [
                Some((TokenKind::Ident, _)),
                Some((TokenKind::Bang, _)),
                Some((TokenKind::Ident, word)),
            ] => is_name(word),
            _ => false,
        }
    }

    fn closed(&mut self, token: &Token, text: &str) -> Result<(), PlanError> {
        let Some(open) = self.open.pop() else {
            return Err(PlanError::of_rust(
                token.range.start,
                format!("unexpected closing delimiter: `{text}`"),
            ));
        };
        self.mismatched |= !matches!(
            (open.kind, token.kind),
            (TokenKind::OpenParen, TokenKind::CloseParen)
                | (TokenKind::OpenBracket, TokenKind::CloseBracket)
                | (TokenKind::OpenBrace, TokenKind::CloseBrace)
        );
        if self.uneven.is_none() && self.closes_unevenly(open.at, token) {
            let line = |at: usize| 1 + self.text[..at].matches('\n').count();
            self.uneven = Some((line(open.at), line(token.range.start)));
        }
        self.statement = open.outside;
        if open.is_attribute {
            self.statement.attribute_closed(open.is_inner);
        } else if token.kind == TokenKind::CloseBrace {
            self.statement.brace_closed();
        }
        Ok(())
    }

    /// Whether a brace that begins its line has another indent than the line of the one that it closes.
    fn closes_unevenly(&self, open: usize, close: &Token) -> bool {
        let line_of = |at: usize| &self.text[self.line_begin_of(at)..at];
        let indent = |line: &str| line.len() - line.trim_start().len();
        let closing = line_of(close.range.start);
        close.kind == TokenKind::CloseBrace
            && closing.trim().is_empty()
            && self.text[open..close.range.start].contains('\n')
            && closing.len() != indent(line_of(open))
    }

    /// Notes a name where one may be bound: after `let`, in a pattern, as a parameter.
    fn bind(&mut self, kind: TokenKind, text: &'a str) {
        let is_bound = match self.last[0] {
            Some((
                TokenKind::OpenParen
                | TokenKind::Comma
                | TokenKind::Or
                | TokenKind::And
                | TokenKind::At,
                _,
            )) => true,
            Some((TokenKind::Ident, word)) => {
                matches!(word, "let" | "mut" | "ref" | "for" | "static" | "const")
            }
            _ => false,
        };
        if is_bound && matches!(kind, TokenKind::Ident | TokenKind::RawIdent) {
            self.bound.insert(text);
        }
    }

    pub(super) fn bind_all(&mut self, range: Range<usize>) {
        let text = self.text;
        let mut at = range.start;
        while let Some(token) = Token::at(text, at).filter(|token| token.range.end <= range.end) {
            at = token.range.end;
            if !token.is_trivia() {
                let word = &text[token.range];
                self.bind(token.kind, word);
                self.last = [Some((token.kind, word)), self.last[0], self.last[1]];
            }
        }
    }
}

/// Whether a literal is one that a shell line can't be.
pub(super) fn is_number(kind: TokenKind) -> bool {
    matches!(
        kind,
        TokenKind::Literal {
            kind: LiteralKind::Int { .. } | LiteralKind::Float { .. },
            ..
        }
    )
}
