//! The code in which each variable ends in its order.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::ops::Range;

use ra_ap_syntax::AstNode;

use super::borrow;
use super::borrow::Types;
use super::choice::Choice;
use super::choice::Reason;
use super::put::Put;
use super::put::puts;
use super::put::split_puts;
use crate::cell::Edits;
use crate::cell::lets;
use crate::cell::range;
use crate::cell::show_lets;
use crate::evcxr_text::generated::Frame;
use crate::rewrite::PutIn;

/// What stands before a `let` whose variables end with the cell: it opens a block for what follows.
const OPENING: &str = "{ ";

/// A cell as evcxr generates it, cut at what concerns its variables.
#[derive(Debug)]
pub(crate) struct Scopes {
    /// Up to the person's statements.
    head: String,
    statements: String,
    /// Variables that are put into the store behind them, inside of the code that may panic.
    new: Vec<Put>,
    /// The lines between the statements and the next text that is not about variables.
    new_lines: usize,
    middle: String,
    /// Variables of earlier cells, which are put back behind that code, so that a panic does not lose them.
    old: Vec<Put>,
    old_lines: usize,
    tail: String,
    lets: Vec<Let>,
    types: Types,
    /// Names that assignments begin with.
    assigned: BTreeSet<String>,
}

/// A `let` at the top of the cell.
#[derive(Debug)]
struct Let {
    start: usize,
    names: Vec<String>,
}

/// The code that is compiled, and where it puts variables into the store.
#[derive(Debug)]
pub(crate) struct Arranged {
    pub(crate) source: String,
    /// What opens blocks in the lines of the cell.
    pub(crate) openings: Vec<PutIn>,
    places: Vec<(usize, Range<usize>, String)>,
}

impl Arranged {
    /// The variables that are put into the store.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.places.iter().map(|(_, _, name)| name.as_str())
    }

    /// The variable that the code at a place puts into the store: a line and columns, from 1.
    pub(super) fn put_at(&self, line: usize, columns: &Range<usize>) -> Option<&str> {
        let mut places = self.places.iter();
        let found = places.find(|(of, range, _)| {
            *of == line
                && range.start < columns.end.max(columns.start + 1)
                && columns.start < range.end
        });
        found.map(|(_, _, name)| name.as_str())
    }
}

impl Scopes {
    /// Cuts evcxr's text; nothing where it runs no statements.
    pub(crate) fn read(source: &str) -> Option<Scopes> {
        let frame = Frame::find(source)?;
        let before = source[..frame.body.start].matches('\n').count();
        let (statements, first_puts) = split_puts(&source[frame.body.clone()]);
        let statement_lines = statements.matches('\n').count();
        let new = puts(first_puts, before + statement_lines);
        let old_before = source[..frame.old.start].matches('\n').count();
        let old = puts(&source[frame.old.clone()], old_before);
        let (statements, hidden) = show_lets(statements);
        let lets = lets(&statements)
            .into_iter()
            .map(|(statement, bound)| Let {
                start: range(statement.syntax(), &statements).start,
                names: bound.into_iter().map(|binding| binding.name).collect(),
            })
            .collect();
        let head = source[..frame.body.start].to_owned();
        let types = Types::of(&head, &new, &statements, &hidden);
        Some(Scopes {
            new_lines: first_puts.matches('\n').count(),
            middle: source[frame.body.end..frame.old.start].to_owned(),
            old_lines: source[frame.old.clone()].matches('\n').count(),
            tail: source[frame.old.end..].to_owned(),
            head,
            assigned: borrow::assigned(&statements),
            statements,
            new,
            old,
            lets,
            types,
        })
    }

    /// The arrangement before rustc has seen the cell. The types of `outdated` variables are defined anew.
    pub(crate) fn first_choice(&self, outdated: &BTreeSet<String>) -> Choice {
        let mut choice = Choice::default();
        for name in outdated.iter().filter(|name| self.is_old(name)) {
            choice.unkept.insert(name.clone(), Reason::TypeRedefined);
        }
        for (name, reason) in self.types.unkept() {
            choice.unkept.insert(name.clone(), reason.clone());
        }
        // A `let` that evcxr does not see hides an earlier variable of its name.
        for put in self.new.iter().chain(&self.old) {
            if self.types.is_hidden(&put.name) {
                choice.unkept.insert(put.name.clone(), Reason::Shadowed);
            }
        }
        choice
    }

    /// The lines of evcxr's text that put variables into the store which are not kept.
    pub(crate) fn lines_of_unkept(&self, choice: &Choice) -> Vec<usize> {
        let all = self.new.iter().chain(&self.old);
        all.filter(|put| choice.unkept.contains_key(&put.name))
            .map(|put| put.line)
            .collect()
    }

    pub(super) fn types(&self) -> &Types {
        &self.types
    }

    /// Whether a variable was there before the cell, and the cell binds no other of its name.
    fn is_old(&self, name: &str) -> bool {
        self.old.iter().any(|put| put.name == name)
    }

    /// Whether the cell assigns a variable of an earlier cell anew, or a part of it.
    pub(super) fn assigns(&self, name: &str) -> bool {
        self.is_old(name) && self.assigned.contains(name)
    }

    /// The code in which each variable ends in its order.
    pub(crate) fn arrange(&self, choice: &Choice) -> Arranged {
        let is_kept = |name: &str| !choice.unkept.contains_key(name);
        let new: BTreeMap<&str, &Put> = kept(&self.new, is_kept);
        let inside = |name: &str| is_kept(name) && choice.inside.contains(name);
        let moved_in = kept(&self.old, inside);
        let depths = self.depths(&new);
        let lets = self.lets.iter().zip(&depths.opens);
        let opening = lets.filter(|(_, opens)| **opens);
        let opening = opening.map(|(one, _)| (one.start, OPENING.to_owned()));
        let opening = Edits::insertions(opening.collect());
        let statements = opening.apply(&self.statements);
        let mut end = Ending::new(self.new_lines);
        for depth in (0..=depths.deepest).rev() {
            for name in depths.names_at(depth) {
                end.put(new[name]);
            }
            if depth == 0 {
                let unseen = new.keys().filter(|name| !depths.of.contains_key(**name));
                for name in unseen {
                    end.put(new[name]);
                }
                for put in moved_in.values() {
                    end.put(put);
                }
            } else {
                end.close();
            }
        }
        let lines = |text: &str| text.matches('\n').count();
        let openings = PutIn::of(&opening, &self.statements, lines(&self.head));
        let first = lines(&self.head) + lines(&statements) + 1;
        let outside = |name: &str| is_kept(name) && !choice.inside.contains(name);
        let behind = lines(&self.head) + lines(&statements) + self.new_lines + lines(&self.middle);
        let mut back = Ending::new(self.old_lines);
        for put in self.old.iter().filter(|put| outside(&put.name)) {
            back.put(put);
        }
        let mut places = end.places(first);
        places.extend(back.places(behind + 1));
        let source = [
            &self.head,
            &statements,
            &end.text(),
            &self.middle,
            &back.text(),
            &self.tail,
        ]
        .map(String::as_str)
        .concat();
        Arranged {
            source,
            openings,
            places,
        }
    }

    fn depths<'a>(&'a self, new: &BTreeMap<&str, &Put>) -> Depths<'a> {
        let mut depths = Depths::default();
        for (index, one) in self.lets.iter().enumerate() {
            let is_last = |name: &String| {
                let mut later = self.lets[index + 1..].iter();
                !later.any(|other| other.names.contains(name))
            };
            let ends_here = |name: &&String| !new.contains_key(name.as_str()) || !is_last(name);
            let opens = one.names.iter().any(|name| ends_here(&name));
            depths.deepest += usize::from(opens);
            depths.opens.push(opens);
            for name in one.names.iter().filter(|name| !ends_here(name)) {
                depths.of.insert(name, (depths.deepest, index));
            }
        }
        depths
    }
}

/// How deep in blocks each variable is bound.
#[derive(Debug, Default)]
struct Depths<'a> {
    /// For each `let`, whether it opens a block.
    opens: Vec<bool>,
    deepest: usize,
    /// By name: the depth, and the number of the `let`.
    of: BTreeMap<&'a str, (usize, usize)>,
}

impl Depths<'_> {
    /// The variables of a depth, the latest first.
    fn names_at(&self, depth: usize) -> Vec<&str> {
        let at = self.of.iter().filter(|(_, (of, _))| *of == depth);
        let mut names: Vec<(usize, &str)> = at.map(|(name, (_, index))| (*index, *name)).collect();
        names.sort_unstable();
        names.into_iter().rev().map(|(_, name)| name).collect()
    }
}

fn kept(puts: &[Put], is_kept: impl Fn(&str) -> bool) -> BTreeMap<&str, &Put> {
    let puts = puts.iter().filter(|put| is_kept(&put.name));
    puts.map(|put| (put.name.as_str(), put)).collect()
}

/// The end of blocks and what is put into the store between, on a given number of lines and what follows them.
#[derive(Debug)]
struct Ending {
    lines: Vec<String>,
    current: usize,
    names: Vec<(usize, Range<usize>, String)>,
}

impl Ending {
    fn new(lines: usize) -> Ending {
        Ending {
            lines: vec![String::new(); lines + 1],
            current: 0,
            names: Vec::new(),
        }
    }

    fn put(&mut self, put: &Put) {
        if !self.names.is_empty() && self.current + 1 < self.lines.len() {
            self.current += 1;
        }
        let line = &mut self.lines[self.current];
        let start = line.chars().count();
        line.push_str(&put.text);
        let end = line.chars().count();
        self.names
            .push((self.current, start + 1..end + 1, put.name.clone()));
    }

    fn close(&mut self) {
        self.lines[self.current].push('}');
    }

    fn text(&self) -> String {
        self.lines.join("\n")
    }

    /// The places of variables; `first` is the number of the first line.
    fn places(&self, first: usize) -> Vec<(usize, Range<usize>, String)> {
        let names = self.names.iter().cloned();
        names
            .map(|(line, columns, name)| (line + first, columns, name))
            .collect()
    }
}
