//! What rustc's errors show of a cell's variables: which of them can't be kept.

use std::collections::BTreeSet;

use serde_json::Value;

use super::arrange::Arranged;
use super::arrange::Scopes;
use super::choice::Choice;
use super::choice::Reason;

impl Choice {
    /// Adapts to rustc's messages about the code; `false` where none is about keeping variables.
    pub(crate) fn learn(
        &mut self,
        scopes: &Scopes,
        arranged: &Arranged,
        messages: &[Value],
    ) -> bool {
        let complaints: Vec<Complaint> = messages
            .iter()
            .filter_map(|message| Complaint::of(message, arranged))
            .collect();
        let before = self.clone();
        for complaint in &complaints {
            complaint.settle(scopes, self);
        }
        if *self == before {
            for message in messages.iter().filter(|message| needs_static(message)) {
                self.give_up_what_borrows(scopes, arranged, message);
            }
        }
        if *self == before {
            // Nothing that borrows can be named: what it borrows from is given up.
            for complaint in &complaints {
                complaint.give_up(self);
            }
        }
        *self != before
    }
}

impl Choice {
    /// Something has to live for ever, and rustc blames another line for it than the one that stores a variable: a
    /// closure that gives a reference, for instance.
    fn give_up_what_borrows(&mut self, scopes: &Scopes, arranged: &Arranged, message: &Value) {
        let of = quoted_name(message["message"].as_str().unwrap_or_default());
        for name in arranged.names() {
            if scopes.types().may_borrow(name) && of.as_deref() != Some(name) {
                let reason = || Reason::Borrows(of.clone());
                self.unkept.entry(name.to_owned()).or_insert_with(reason);
            }
        }
    }
}

/// Whether an error is about a borrow that would have to last for ever.
fn needs_static(message: &Value) -> bool {
    let says = |span: &Value| {
        let label = span["label"].as_str().unwrap_or_default();
        label.ends_with("for `'static`")
    };
    message["level"] == "error"
        && message["spans"]
            .as_array()
            .is_some_and(|spans| spans.iter().any(says))
}

/// An error about code that puts variables into the store.
#[derive(Debug)]
struct Complaint {
    code: String,
    /// What the message is about first.
    primary: Option<String>,
    names: BTreeSet<String>,
    /// What is borrowed.
    of: Option<String>,
}

impl Complaint {
    fn of(message: &Value, arranged: &Arranged) -> Option<Complaint> {
        if message["level"] != "error" {
            return None;
        }
        let mut names = BTreeSet::new();
        let mut primary = None;
        for span in message["spans"].as_array()? {
            let number = |name: &str| usize::try_from(span[name].as_u64()?).ok();
            let columns = number("column_start")?..number("column_end")?;
            if let Some(name) = arranged.put_at(number("line_start")?, &columns) {
                names.insert(name.to_owned());
                if span["is_primary"] == true {
                    primary = Some(name.to_owned());
                }
            }
        }
        (!names.is_empty()).then(|| Complaint {
            code: message["code"]["code"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            primary,
            names,
            of: quoted_name(message["message"].as_str().unwrap_or_default()),
        })
    }

    /// Changes the choice where the error shows which variable it is about.
    fn settle(&self, scopes: &Scopes, choice: &mut Choice) {
        if let ("E0381" | "E0382", Some(name)) = (self.code.as_str(), &self.primary) {
            if !(scopes.assigns(name) && choice.inside.insert(name.clone())) {
                choice.unkept.insert(name.clone(), Reason::Moved);
            }
            return;
        }
        for name in self
            .names
            .iter()
            .filter(|name| scopes.types().may_borrow(name))
        {
            choice.unkept.insert(name.clone(), self.reason(name));
        }
    }

    fn give_up(&self, choice: &mut Choice) {
        for name in &self.names {
            choice.unkept.insert(name.clone(), self.reason(name));
        }
    }

    fn reason(&self, name: &str) -> Reason {
        // Errors of the borrow checker; all others are about types.
        let borrows = [
            "E0499", "E0502", "E0503", "E0505", "E0506", "E0515", "E0521", "E0597", "E0716",
            "E0712", "E0713",
        ];
        match borrows.contains(&self.code.as_str()) || self.code.is_empty() {
            true => Reason::Borrows(self.of.clone().filter(|of| of != name)),
            false => Reason::UnknownType,
        }
    }
}

/// The first name in backticks.
fn quoted_name(message: &str) -> Option<String> {
    let name = message.split('`').nth(1)?;
    let is_name = name
        .chars()
        .all(|char| char.is_alphanumeric() || char == '_');
    (is_name && !name.is_empty()).then(|| name.to_owned())
}
