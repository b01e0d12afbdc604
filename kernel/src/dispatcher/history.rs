//! What was run, for as long as the kernel lives.

use jupyter_protocol::HistoryRequest;
use serde_json::Value;
use serde_json::json;

/// There is one session, and clients may also call it 0, the current one.
const SESSION: i32 = 1;

/// The cells that were stored.
#[derive(Debug, Default)]
pub(super) struct History {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    count: u32,
    code: String,
    result: Option<String>,
}

impl History {
    pub(super) fn store(&mut self, count: u32, code: &str) {
        self.entries.push(Entry {
            count,
            code: code.to_owned(),
            result: None,
        });
    }

    pub(super) fn set_result(&mut self, count: u32, result: Option<String>) {
        if let Some(entry) = self
            .entries
            .iter_mut()
            .rev()
            .find(|entry| entry.count == count)
        {
            entry.result = result;
        }
    }

    /// The content of a history reply.
    pub(super) fn reply(&self, request: &HistoryRequest) -> Value {
        let (found, output) = match request {
            HistoryRequest::Range {
                session,
                start,
                stop,
                output,
                ..
            } => {
                let found: Vec<&Entry> = if matches!(session.unwrap_or(0), 0 | SESSION) {
                    self.entries
                        .iter()
                        .filter(|entry| {
                            (i64::from(*start)..i64::from(*stop)).contains(&i64::from(entry.count))
                        })
                        .collect()
                } else {
                    Vec::new()
                };
                (found, *output)
            }
            HistoryRequest::Tail { n, output, .. } => {
                (last(self.entries.iter().collect(), *n), *output)
            }
            HistoryRequest::Search {
                pattern,
                unique,
                output,
                n,
                ..
            } => (last(self.search(pattern, *unique), *n), *output),
        };
        let history: Vec<Value> = found
            .into_iter()
            .map(|entry| {
                if output {
                    json!([SESSION, entry.count, [entry.code, entry.result]])
                } else {
                    json!([SESSION, entry.count, entry.code])
                }
            })
            .collect();
        json!({"status": "ok", "history": history})
    }

    fn search(&self, pattern: &str, unique: bool) -> Vec<&Entry> {
        let pattern: Vec<char> = pattern.chars().collect();
        let found: Vec<&Entry> = self
            .entries
            .iter()
            .filter(|entry| matches(&pattern, &entry.code.chars().collect::<Vec<char>>()))
            .collect();
        if !unique {
            return found;
        }
        // The latest of equal cells stays.
        let mut seen = std::collections::HashSet::new();
        let mut kept: Vec<&Entry> = found
            .into_iter()
            .rev()
            .filter(|entry| seen.insert(entry.code.as_str()))
            .collect();
        kept.reverse();
        kept
    }
}

fn last(entries: Vec<&Entry>, n: i32) -> Vec<&Entry> {
    let n = usize::try_from(n).unwrap_or(0);
    let first = entries.len().saturating_sub(n);
    entries.into_iter().skip(first).collect()
}

/// Whether a glob pattern, with `*` and `?`, matches all of a text. Takes time of the order of both lengths multiplied,
/// whatever the pattern.
fn matches(pattern: &[char], text: &[char]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(wanted) if *wanted == '?' || text.get(t) == Some(wanted) => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((star_p, star_t)) = star else {
                    return false;
                };
                star = Some((star_p, star_t + 1));
                p = star_p + 1;
                t = star_t + 1;
            }
        }
    }
    pattern.iter().skip(p).all(|wanted| *wanted == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(request: Value, expected: Value) {
        let mut history = History::default();
        for (place, code) in ["let a = 1;", "a", "b", "a"].iter().enumerate() {
            history.store(u32::try_from(place).unwrap() + 1, code);
        }
        history.set_result(2, Some("1".into()));
        let request: HistoryRequest = serde_json::from_value(request).unwrap();
        assert_eq!(history.reply(&request)["history"], expected);
    }

    #[test]
    fn a_tail_is_the_last_cells() {
        check(
            json!({"hist_access_type": "tail", "n": 2, "output": false, "raw": true}),
            json!([[1, 3, "b"], [1, 4, "a"]]),
        );
    }

    #[test]
    fn a_range_ends_before_its_stop() {
        let range = json!({"hist_access_type": "range", "session": 0, "start": 2, "stop": 4, "output": true, "raw": true});
        check(range, json!([[1, 2, ["a", "1"]], [1, 3, ["b", null]]]));
        let other = json!({"hist_access_type": "range", "session": -1, "start": 0, "stop": 4, "output": true, "raw": true});
        check(other, json!([]));
    }

    #[test]
    fn a_search_takes_globs_and_keeps_the_latest_of_equals() {
        let search = |pattern: &str, unique: bool| json!({"hist_access_type": "search", "pattern": pattern, "unique": unique, "output": false, "raw": true, "n": 9});
        check(search("?", true), json!([[1, 3, "b"], [1, 4, "a"]]));
        check(
            search("*a*", false),
            json!([[1, 1, "let a = 1;"], [1, 2, "a"], [1, 4, "a"]]),
        );
        check(search("let * = *;", false), json!([[1, 1, "let a = 1;"]]));
        check(search("x*", false), json!([]));
    }
}
