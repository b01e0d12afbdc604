//! What magics and shell lines become where they stand in Rust.

use super::Expansion;
use super::LineMagic;
use super::PlanError;
use super::Step;
use super::around;
use super::around::Extent;
use super::magic_name_len;
use super::question::question;
use super::scan::Mark;
use super::scan::Part;
use super::scan::Scanner;
use super::shell;

/// Why a magic can't stand behind `let x =`.
const NO_VALUE: &str = "it has no value that a variable could keep (`%%capture NAME` on the first line of a cell keeps what \
                        the cell shows)";

impl Scanner<'_> {
    /// What stands behind `let x =`, on the same line.
    pub(super) fn value(&mut self, at: usize) -> Result<(), PlanError> {
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

    /// `%name arguments`. Behind `let x =` it has to have a value.
    pub(super) fn magic(&mut self, len: usize, alone: bool) -> Result<bool, PlanError> {
        let line = &self.text[self.at..self.at + len];
        let name_len = magic_name_len(&line[1..]);
        let name = &line[1..=name_len];
        let args = &line[1 + name_len..];
        let args_at = self.at + line.len() - args.trim_start().len();
        let wrong = |at, message| PlanError::new(at, format!("`%{name}`: {message}"));
        match self.facts.expansion(name) {
            Some(Expansion::Call(_)) if !alone => return Err(wrong(self.at, NO_VALUE.to_owned())),
            Some(Expansion::Call(function) | Expansion::Value(function)) => {
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
                let call = self.call_at(code);
                let extent = match call {
                    Some((_, _, end)) => Extent {
                        end,
                        open: Vec::new(),
                        wants_more: false,
                    },
                    None => around::extent(self.text, code),
                };
                let end = extent.end;
                self.cut_off = (extent.open, extent.wants_more);
                if self.text[code..end].trim().is_empty() {
                    return Err(wrong(self.at, "there is no Rust after it".to_owned()));
                }
                let terminator = if alone {
                    self.end_of_statement(end)
                } else {
                    ";"
                };
                if let Some((call, args, _)) = call {
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
            None if !alone => {
                return Err(wrong(self.at, NO_VALUE.to_owned()));
            }
            None if !self.open.is_empty() && self.is_kernels(name) => {
                return Err(wrong(
                    self.at,
                    "it is the kernel that runs it, so it can't stand inside a block (put it on a line outside of all \
                     brackets)"
                        .to_owned(),
                ));
            }
            None => {
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

    /// A shell line or a call of a magic behind another magic: what is called, where its text begins, and its end.
    fn call_at(&self, at: usize) -> Option<(shell::Call, usize, usize)> {
        let text = &self.text[at..];
        let end = at + shell::line_len(text);
        if let Some(after) = text.strip_prefix('!') {
            let is_rust = shell::is_rust(after, &|name| self.knows(name));
            let (call, args) = shell::command(self.text, at, end - at, true);
            return (!is_rust).then_some((call, args, end));
        }
        let name = text.strip_prefix('%')?;
        let name = &name[..magic_name_len(name)];
        let (Expansion::Call(function) | Expansion::Value(function)) =
            self.facts.expansion(name)?
        else {
            return None;
        };
        let args = &self.text[at + 1 + name.len()..end];
        let args = end - args.trim_start().len();
        Some((shell::Call { function, end: "" }, args, end))
    }

    fn is_kernels(&self, name: &str) -> bool {
        self.facts.is_kernels(name) || self.facts.expansion(name).is_some()
    }

    /// A `!` that may begin a shell line: says whether it did.
    pub(super) fn bang(&mut self, at: usize, alone: bool) -> bool {
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
        self.unterminated = at + len == self.text.len() && self.text.ends_with('\\');
        self.begins(Part::Rust);
        self.marks.extend(marks);
        self.shell.push(at..at + len);
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
                self.facts.expansion(name).is_none()
            });
        if is_last && self.open.is_empty() {
            ""
        } else {
            ";"
        }
    }
}
