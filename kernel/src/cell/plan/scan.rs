//! Walks over a cell once and marks what is not plain Rust.

use std::collections::HashSet;
use std::ops::Range;

use super::Expansion;
use super::Facts;
use super::LineMagic;
use super::PlanError;
use super::Step;
use super::around;
use super::magic_name_len;
use super::question::question;
use super::shell;
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

pub(super) struct Scanner<'a> {
    text: &'a str,
    facts: &'a dyn Facts,
    at: usize,
    /// Whether nothing but blanks stands before, on this line.
    line_start: bool,
    open: Vec<Open>,
    statement: Statement,
    first_word: &'a str,
    /// The last tokens, newest first.
    last: [Option<(TokenKind, &'a str)>; 3],
    /// The names that the cell binds before this place.
    bound: HashSet<&'a str>,
    /// Whether there was Rust, or only commands, since the last step.
    part: Part,
    marks: Vec<Mark>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Empty,
    Commands,
    Rust,
}

/// An open bracket.
#[derive(Clone, Copy, Debug)]
struct Open {
    kind: TokenKind,
    outside: Statement,
    /// Whether it or one around it belongs to a macro, whose insides follow rules of their own.
    in_macro: bool,
    is_attribute: bool,
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
            part: Part::Empty,
            marks: Vec::new(),
        }
    }

    pub(super) fn run(mut self) -> Result<Vec<Mark>, PlanError> {
        while let Some(token) = Token::at(self.text, self.at) {
            if !token.is_trivia() && self.line_start && self.can_begin() && self.line(&token)? {
                continue;
            }
            self.at = token.range.end;
            self.token(&token)?;
        }
        Ok(self.marks)
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

    fn line_begin(&self) -> usize {
        self.text[..self.at]
            .rfind('\n')
            .map_or(0, |newline| newline + 1)
    }

    /// Whole lines that are a step of the kernel's.
    fn step(&mut self, len: usize, step: Step) {
        self.marks
            .push(Mark::Step(self.line_begin()..self.at + len, step));
        self.part = Part::Empty;
        self.skip(len);
    }

    fn skip(&mut self, len: usize) {
        self.at += len;
        self.statement = Statement::NEW;
        self.last = [None; 3];
    }

    /// `%name arguments`. Behind `let x =` it has to have a value.
    fn magic(&mut self, len: usize, alone: bool) -> Result<bool, PlanError> {
        let line = &self.text[self.at..self.at + len];
        let name_len = magic_name_len(&line[1..]);
        let name = &line[1..=name_len];
        let args = &line[1 + name_len..];
        let args_at = self.at + line.len() - args.trim_start().len();
        let wrong = |at, message| PlanError::new(at, format!("`%{name}`: {message}"));
        match self.facts.expansion(name) {
            Some(Expansion::Command(make)) if alone && self.open.is_empty() => {
                let command = make(args.trim()).map_err(|message| wrong(self.at, message))?;
                self.begins(Part::Commands);
                if self.part == Part::Rust {
                    self.marks.push(Mark::Cut(self.line_begin()));
                    self.part = Part::Commands;
                }
                let range = self.line_begin()..self.at + len;
                self.marks.push(Mark::Replace(range, command));
                self.skip(len);
            }
            Some(Expansion::Call(function)) => {
                self.begins(Part::Rust);
                let call = shell::Call {
                    function,
                    end: if alone {
                        self.end_of_statement(self.at + len)
                    } else {
                        ";"
                    },
                };
                let range = self.at..self.at + len;
                let known = |name: &str| self.knows(name);
                let marks = call.marks(self.text, range, args_at, &known);
                self.marks.extend(marks);
                self.skip(len);
            }
            Some(Expansion::Around(make)) => {
                self.begins(Part::Rust);
                let around =
                    make(args.trim_start(), !alone).map_err(|message| wrong(self.at, message))?;
                let code = args_at + around.options_len;
                let after = self.text[code..].strip_prefix('!');
                let is_shell =
                    after.is_some_and(|after| !shell::is_rust(after, &|name| self.knows(name)));
                let end = match is_shell {
                    true => code + shell::line_len(&self.text[code..]),
                    false => around::end_of_code(self.text, code),
                };
                if self.text[code..end].trim().is_empty() {
                    return Err(wrong(self.at, "there is no Rust after it".to_owned()));
                }
                let terminator = if alone {
                    self.end_of_statement(end)
                } else {
                    ";"
                };
                if is_shell {
                    let (call, args) = shell::command(self.text, code, end - code, true);
                    let call = call.marks(self.text, code..end, args, &|name| self.knows(name));
                    self.marks.push(Mark::Replace(self.at..code, around.before));
                    self.marks.extend(call);
                    self.marks.push(Mark::Replace(
                        end..end,
                        format!("{}{terminator}", around.after),
                    ));
                } else {
                    let marks = around::marks(self.text, self.at, code..end, &around, terminator);
                    self.bind_all(code..end);
                    self.marks.extend(marks);
                }
                self.skip(end - self.at);
            }
            Some(Expansion::Command(_)) | None if !alone => {
                return Err(wrong(
                    self.at,
                    "it has no value that a variable could keep".to_owned(),
                ));
            }
            Some(Expansion::Command(_)) | None
                if !self.open.is_empty() && self.is_kernels(name) =>
            {
                return Err(wrong(
                    self.at,
                    "it is the kernel that runs it, so it can't stand inside a block (put it on a line outside of all \
                     brackets)"
                        .to_owned(),
                ));
            }
            Some(Expansion::Command(_)) | None => {
                let magic = LineMagic {
                    name: name.to_owned(),
                    args: args.trim().to_owned(),
                    at: self.at + 1,
                };
                self.step(len, Step::Line(magic));
            }
        }
        Ok(true)
    }

    fn is_kernels(&self, name: &str) -> bool {
        self.facts.is_kernels(name) || self.facts.expansion(name).is_some()
    }

    /// A `!` that may begin a shell line: says whether it did.
    fn bang(&mut self, at: usize, alone: bool) -> bool {
        let known = |name: &str| self.knows(name);
        if shell::is_rust(&self.text[at + 1..], &known) {
            if alone && self.part != Part::Rust {
                // At the top evcxr would take it for a shell line of its own.
                self.marks.push(Mark::Begins);
                self.part = Part::Rust;
                self.marks.push(Mark::Replace(at..at, " ".to_owned()));
            }
            return false;
        }
        let len = shell::line_len(&self.text[at..]);
        let (call, args) = shell::command(self.text, at, len, alone);
        let end = match alone && call.has_value() {
            true => self.end_of_statement(at + len),
            false => ";",
        };
        let marks = shell::Call { end, ..call }.marks(self.text, at..at + len, args, &known);
        self.begins(Part::Rust);
        self.marks.extend(marks);
        self.at = at;
        self.skip(len);
        true
    }

    /// What ends a statement that a person ends with the line: nothing where it is the last of the cell, whose value
    /// shows.
    fn end_of_statement(&self, end: usize) -> &'static str {
        let rest = self.text[end..].trim_start();
        let is_last = rest.is_empty()
            || rest.starts_with('?')
            || rest
                .lines()
                .next()
                .is_some_and(|line| question(line).is_some())
            || rest.strip_prefix('%').is_some_and(|magic| {
                let name = &magic[..magic_name_len(magic)];
                self.facts
                    .expansion(name)
                    .is_none_or(|expansion| matches!(expansion, Expansion::Command(_)))
            });
        if is_last && self.open.is_empty() {
            ""
        } else {
            ";"
        }
    }

    fn begins(&mut self, part: Part) {
        if self.part == Part::Empty {
            self.marks.push(Mark::Begins);
        }
        if self.part == Part::Empty || part == Part::Rust {
            self.part = part;
        }
    }

    fn knows(&self, name: &str) -> bool {
        name == "self" || self.bound.contains(name) || self.facts.knows(name)
    }

    /// Rust.
    fn token(&mut self, token: &Token) -> Result<(), PlanError> {
        let text = &self.text[token.range.clone()];
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

    /// What stands behind `let x =`, on the same line.
    fn value(&mut self, at: usize) -> Result<(), PlanError> {
        let rest = &self.text[at..];
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        let start = at + blanks;
        let rest = &self.text[start..];
        let line_len = rest.find('\n').unwrap_or(rest.len());
        if rest.starts_with('!') {
            self.bang(start, false);
        } else if rest.starts_with('%') && magic_name_len(&rest[1..]) > 0 {
            self.at = start;
            self.magic(line_len, false)?;
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
            return Err(PlanError {
                at: token.range.start,
                message: format!(
                    "brackets are nested more than {DEEPEST} deep (give the inner ones a name)"
                ),
                is_rust: true,
            });
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
            outside: self.statement,
            in_macro: self.opens_macro() || self.open.last().is_some_and(|open| open.in_macro),
            is_attribute,
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
            return Err(PlanError {
                at: token.range.start,
                message: format!("unexpected closing delimiter: `{text}`"),
                is_rust: true,
            });
        };
        self.statement = open.outside;
        if open.is_attribute {
            self.statement.attribute_closed();
        } else if token.kind == TokenKind::CloseBrace {
            self.statement.brace_closed();
        }
        Ok(())
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

    fn bind_all(&mut self, range: Range<usize>) {
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
